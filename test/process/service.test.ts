import { describe, expect, it } from 'vitest';
import { deadlineIn, earlier, type Service, startAll, stopAll } from '../../src/process/service.ts';

function recorder(): {
  readonly steps: string[];
  readonly service: (name: string, failing?: 'start' | 'stop') => Service;
} {
  const steps: string[] = [];
  const service = (name: string, failing?: 'start' | 'stop'): Service => ({
    start: async () => {
      steps.push(`start ${name}`);
      if (failing === 'start') throw new Error(`${name} cannot start`);
    },
    stop: async () => {
      steps.push(`stop ${name}`);
      if (failing === 'stop') throw new Error(`${name} cannot stop`);
    },
  });
  return { steps, service };
}

describe('a deadline', () => {
  it('counts down on the clock that it is given and never below zero', () => {
    let nowMono = 100;
    const deadline = deadlineIn(50, () => nowMono);
    expect([deadline.remainingMs(), earlier(deadline, 20).remainingMs()]).toEqual([50, 30]);
    nowMono = 140;
    expect([deadline.remainingMs(), earlier(deadline, 20).remainingMs()]).toEqual([10, 0]);
    nowMono = 1_000;
    expect(deadline.remainingMs()).toBe(0);
  });
});

describe('startAll and stopAll', () => {
  it('start in order and stop last-in-first-out', async () => {
    const { steps, service } = recorder();
    const services = [service('a'), service('b')];
    await startAll(services, 1_000);
    await stopAll(services, deadlineIn(1_000));
    expect(steps).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });

  it('stop what was started, the failing one included, when one cannot start', async () => {
    const { steps, service } = recorder();
    const services = [service('a'), service('b', 'start'), service('c')];
    await expect(startAll(services, 1_000)).rejects.toThrow('b cannot start');
    expect(steps).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });

  it('stop every part though one fails, and tell of the first failure', async () => {
    const { steps, service } = recorder();
    const services = [service('a'), service('b', 'stop'), service('c', 'stop')];
    await expect(stopAll(services, deadlineIn(1_000))).rejects.toThrow('c cannot stop');
    expect(steps).toEqual(['stop c', 'stop b', 'stop a']);
  });
});
