import { describe, expect, it } from 'vitest';
import {
  describeSlot,
  KILL_SLACK_MS,
  memoryLimitOf,
  nodeArgv,
  planSlots,
  STOP_ORDER,
  stopShareMs,
} from '../../src/supervisor/slot-plan.ts';

const ONE_GATEWAY = { webSocketEvents: { gateways: 1 } };

describe('planSlots', () => {
  it.each([
    ['up', ['core', 'executor 0', 'executor 1', 'gateway']],
    ['worker', ['core', 'executor 0', 'executor 1']],
    ['web_socket', ['core', 'gateway']],
  ] as const)('keeps for %s: %s', (mode, names) => {
    expect(
      planSlots(mode, { ...ONE_GATEWAY, worker: { processes: 2 }, jobs: [] }).map(describeSlot),
    ).toEqual(names);
  });

  it('adds the processes of types that have their own, and numbers all of them through', () => {
    const jobs = [
      { name: 'mail', processes: 0 },
      { name: 'render', processes: 2 },
      { name: 'scan', processes: 1 },
    ];
    const slots = planSlots('worker', { ...ONE_GATEWAY, worker: { processes: 1 }, jobs });
    expect(slots.map(describeSlot)).toEqual([
      ...['core', 'executor 0', 'executor 1 (render)', 'executor 2 (render)', 'executor 3 (scan)'],
    ]);
    expect(
      planSlots('web_socket', { ...ONE_GATEWAY, worker: { processes: 1 }, jobs }),
    ).toHaveLength(2);
  });
});

describe('several gateways', () => {
  it('are numbered, and only services that serve events have them', () => {
    const settings = { worker: { processes: 1 }, jobs: [], webSocketEvents: { gateways: 3 } };
    const named = (mode: 'worker' | 'web_socket') => planSlots(mode, settings).map(describeSlot);
    expect(named('web_socket')).toEqual(['core', 'gateway', 'gateway 1', 'gateway 2']);
    expect(named('worker')).toEqual(['core', 'executor 0']);
  });
});

describe('nodeArgv', () => {
  it('leaves V8 three quarters of a memory limit, and its own way without one', () => {
    expect(nodeArgv('executor', 0)).toEqual([]);
    expect(nodeArgv('core', 512 * 1_048_576)).toEqual(['--max-old-space-size=384']);
    expect(nodeArgv('executor', 1_048_576)).toEqual(['--max-old-space-size=32']);
  });

  it('keeps little memory for new objects in a gateway, with a limit and without one', () => {
    const small = '--max-semi-space-size=2';
    expect(nodeArgv('gateway', 0)).toEqual([small]);
    expect(nodeArgv('gateway', 1_048_576)).toEqual([small, '--max-old-space-size=32']);
  });
});

describe('memoryLimitOf', () => {
  it('is for each role what its own section says', () => {
    const settings = {
      daemon: { memoryLimit: 1 },
      worker: { memoryLimit: 2 },
      webSocketEvents: { memoryLimit: 3 },
    };
    const roles = ['core', 'executor', 'gateway'] as const;
    expect(roles.map((role) => memoryLimitOf(role, settings))).toEqual([1, 2, 3]);
  });
});

describe('stopShareMs', () => {
  it('leaves at least 3 s of the default time to gateway and core', () => {
    expect(stopShareMs('executor', 25_000, 25_000)).toBe(22_000);
  });

  it.each([0, 1_000, 3_000, 5_000, 25_000, 600_000])(
    'ends a stop within %i ms and 5 s more, though every process has to be killed',
    (totalMs) => {
      let elapsedMs = 0;
      for (const role of STOP_ORDER) {
        elapsedMs += stopShareMs(role, totalMs, Math.max(0, totalMs - elapsedMs)) + KILL_SLACK_MS;
      }
      expect(elapsedMs).toBeLessThanOrEqual(totalMs + 5_000);
    },
  );
});
