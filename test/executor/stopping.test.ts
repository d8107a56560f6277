import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signal } from '../../src/process/process-identity.ts';
import { deadlineIn } from '../../src/process/service.ts';
import { openWorkshop, shellJob, type Workshop } from './workshop.ts';

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
});
afterEach(() => shop.clear());

/** Ends when its signal is aborted, in the way that the payload names. */
const WAITER = `export default { run(how, { signal, log }) {
  log('started');
  return new Promise((resolve, reject) => signal.addEventListener('abort', () => {
    log('aborted by ' + signal.reason.name);
    if (how === 'reject') reject(signal.reason); else resolve('done all the same');
  }));
} };`;

function started(id: string): Promise<true> {
  return shop.core.until(
    () => (shop.core.lines(id).includes('info: started') ? true : undefined),
    `the start of ${id}`,
  );
}

describe('cancel', () => {
  it('aborts the signal, and the attempt is cancelled whatever the handler returns', async () => {
    shop.handler('wait.mjs', WAITER);
    await shop.start();
    shop.core.run(
      { id: '1', type: 'wait', payload: 'resolve' },
      { id: '2', type: 'wait', payload: 'reject' },
    );
    await started('2');
    shop.core.send({ kind: 'cancel', id: '1', attempt: 1 });
    shop.core.send({ kind: 'cancel', id: '2', attempt: 1 });
    expect(await shop.core.outcome('1')).toMatchObject({ outcome: 'cancelled' });
    expect(await shop.core.outcome('2')).toMatchObject({ outcome: 'cancelled' });
    expect(shop.core.lines('1')).toContain('info: aborted by Cancelled');
    expect(await shop.core.outcome('1')).not.toHaveProperty('result');
  });

  it('of another attempt, or of one that has ended, changes nothing', async () => {
    shop.handler('wait.mjs', WAITER);
    shop.handler('noop.mjs', 'export default () => 1;');
    await shop.start();
    shop.core.run({ id: '1', type: 'wait', attempt: 2 }, { id: '2', type: 'noop' });
    await started('1');
    expect(await shop.core.outcome('2')).toMatchObject({ outcome: 'succeeded' });
    shop.core.send({ kind: 'cancel', id: '1', attempt: 1 });
    shop.core.send({ kind: 'cancel', id: '2', attempt: 1 });
    shop.core.run({ id: '3', type: 'noop' });
    await shop.core.outcome('3');
    expect(shop.core.outcomes().map(({ id }) => id)).toEqual(['2', '3']);
  });
});

describe('a time limit', () => {
  it('aborts the signal and makes the outcome timeout, with the limit in its message', async () => {
    shop.handler('wait.mjs', WAITER);
    await shop.start();
    shop.core.run({ id: '1', type: 'wait', timeoutMs: 30 });
    expect(await shop.core.outcome('1')).toMatchObject({
      outcome: 'timeout',
      error: { name: 'Timeout', message: 'the attempt did not end within 30 ms' },
    });
    expect(shop.core.lines('1')).toContain('info: aborted by Timeout');
  });

  it('leaves alone what ends before it', async () => {
    shop.handler('noop.mjs', 'export default () => 1;');
    await shop.start();
    shop.core.run({ id: '1', type: 'noop', timeoutMs: 60_000 });
    expect(await shop.core.outcome('1')).toMatchObject({ outcome: 'succeeded' });
  });
});

describe('a module handler that ignores its signal', () => {
  it('is named as stuck after the grace, and the process ends with 70', async () => {
    shop.handler('deaf.mjs', 'export default { run: () => new Promise(() => {}) };');
    shop.handler('wait.mjs', WAITER);
    await shop.start();
    shop.core.run(
      { id: '1', type: 'deaf', timeoutMs: 20 },
      { id: '2', type: 'deaf' },
      { id: '3', type: 'wait' },
    );
    await started('3');
    shop.core.send({ kind: 'cancel', id: '2', attempt: 1 });
    const stuck = await shop.core.until(() => shop.core.all('stuck')[0], 'stuck');
    expect(stuck.fences).toEqual([
      { id: '1', attempt: 1, outcome: 'timeout' },
      { id: '2', attempt: 1, outcome: 'cancelled' },
    ]);
    expect(shop.exits).toContain(70);
  });
});

describe('quiet', () => {
  it('is told to the core; what comes afterwards is given back unstarted', async () => {
    shop.handler('wait.mjs', WAITER);
    const executor = await shop.start();
    shop.core.run({ id: '1', type: 'wait' });
    await started('1');
    executor.quiet();
    executor.quiet();
    await shop.core.until(() => shop.core.all('quiet')[0], 'quiet');
    shop.core.run({ id: '2', type: 'wait' });
    expect(await shop.core.outcome('2')).toMatchObject({ outcome: 'interrupted', durationMs: 0 });
    shop.core.send({ kind: 'cancel', id: '1', attempt: 1 });
    expect(await shop.core.outcome('1')).toMatchObject({ outcome: 'cancelled' });
    expect(shop.core.all('quiet')).toHaveLength(1);
  });
});

describe('a repeated run after quiet', () => {
  it('changes nothing for an attempt that runs or whose outcome is not confirmed', async () => {
    shop.handler('wait.mjs', WAITER);
    shop.handler('noop.mjs', 'export default () => 1;');
    const executor = await shop.start();
    shop.core.confirming = false;
    shop.core.run({ id: '1', type: 'wait' }, { id: '2', type: 'noop' });
    await started('1');
    await shop.core.outcome('2');
    executor.quiet();
    shop.core.run({ id: '1', type: 'wait' }, { id: '2', type: 'noop' }, { id: '3', type: 'noop' });
    expect(await shop.core.outcome('3')).toMatchObject({ outcome: 'interrupted' });
    expect(shop.core.outcomes().map(({ id }) => id)).toEqual(['2', '3']);
    shop.core.confirming = true;
  });
});

describe('stop', () => {
  it('keeps the result of a command that had ended, though not yet what it left behind', async () => {
    const script = `sh -c 'trap "" TERM; sleep 1000' & echo '{"ok":1}'`;
    const executor = await shop.start([shellJob('leak', script)]);
    shop.core.run({ id: '1', type: 'leak' });
    const { group } = await shop.core.until(() => shop.core.all('spawned')[0], 'spawned');
    await expect.poll(() => signal(group.pid, 0), { interval: 5, timeout: 5_000 }).toBe(false);
    await executor.stop(deadlineIn(4_000));
    expect(shop.core.outcomes()).toMatchObject([{ outcome: 'succeeded', result: { ok: 1 } }]);
  });

  it('lets running attempts end when there is time for it', async () => {
    shop.handler(
      'slow.mjs',
      'export default () => new Promise((done) => setTimeout(done, 150, 1));',
    );
    const executor = await shop.start();
    shop.core.run({ id: '1', type: 'slow' });
    shop.core.send({ kind: 'validate', rid: 1, type: 'slow', payload: null });
    await shop.core.until(
      () => shop.core.all('validated')[0],
      'the executor to have read everything',
    );
    await executor.stop(deadlineIn(20_000));
    expect(shop.core.outcomes()).toMatchObject([{ id: '1', outcome: 'succeeded', result: 1 }]);
    expect(shop.core.received.at(-1)).toEqual({ kind: 'leaving' });
  });

  it('interrupts what runs too long; work that was completed all the same counts', async () => {
    shop.handler('wait.mjs', WAITER);
    const executor = await shop.start([shellJob('sleep', 'echo started; sleep 100')]);
    shop.core.run(
      { id: '1', type: 'wait', payload: 'resolve' },
      { id: '2', type: 'wait', payload: 'reject' },
      { id: '3', type: 'sleep' },
    );
    await started('3');
    await executor.stop(deadlineIn(3_000));
    const ends = shop.core.outcomes().map(({ id, outcome }) => [id, outcome]);
    expect(Object.fromEntries(ends)).toEqual({
      1: 'succeeded',
      2: 'interrupted',
      3: 'interrupted',
    });
    expect(shop.core.lines('1')).toContain('info: aborted by Shutdown');
    expect(shop.core.received.at(-1)).toEqual({ kind: 'leaving' });
    expect(shop.exits).toEqual([]);
  });

  it('leaves in time when a handler does not end, without an outcome for it', async () => {
    shop.handler(
      'deaf.mjs',
      `export default { run: (_, { log }) => { log('started'); return new Promise(() => {}); } };`,
    );
    const executor = await shop.start();
    shop.core.run({ id: '1', type: 'deaf' });
    await started('1');
    const beganMono = performance.now();
    await executor.stop(deadlineIn(1_500));
    expect(performance.now() - beganMono).toBeLessThan(2_000);
    expect(shop.core.outcomes()).toEqual([]);
    expect(shop.core.received.at(-1)).toEqual({ kind: 'leaving' });
  });

  it('waits for the confirmation of what has ended before it leaves', async () => {
    shop.handler('noop.mjs', 'export default () => 1;');
    const executor = await shop.start();
    shop.core.confirming = false;
    shop.core.run({ id: '1', type: 'noop' });
    await shop.core.outcome('1');
    const stopped = executor.stop(deadlineIn(10_000));
    await shop.core.until(() => shop.core.all('quiet')[0], 'quiet');
    expect(shop.core.all('leaving')).toEqual([]);
    shop.core.send({ kind: 'confirmed', fences: [{ id: '1', attempt: 1 }] });
    await stopped;
    expect(shop.core.all('leaving')).toHaveLength(1);
  });

  it('works twice, unstarted, while starting, and without a core', async () => {
    shop.handler('noop.mjs', 'export default () => 1;');
    const unstarted = shop.executor();
    await unstarted.stop(deadlineIn(1_000));
    await unstarted.start();
    const starting = shop.executor();
    const start = starting.start();
    await Promise.all([starting.stop(deadlineIn(1_000)), starting.stop(deadlineIn(1_000)), start]);
    expect(shop.core.received).toEqual([]);
    await shop.core.close();
    const alone = shop.executor();
    await alone.start();
    await alone.stop(deadlineIn(1_000));
  });
});
