import { describe, expect, it } from 'vitest';
import {
  describeSlot,
  KILL_SLACK_MS,
  planSlots,
  STOP_ORDER,
  stopShareMs,
} from '../../src/supervisor/slot-plan.ts';

describe('planSlots', () => {
  it.each([
    ['up', ['core', 'executor 0', 'executor 1', 'gateway']],
    ['worker', ['core', 'executor 0', 'executor 1']],
    ['web_socket', ['core', 'gateway']],
  ] as const)('keeps for %s: %s', (mode, names) => {
    expect(planSlots(mode, { processes: 2 }).map(describeSlot)).toEqual(names);
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
