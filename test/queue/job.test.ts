import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/protocol/execute.ts';
import { endOf } from '../../src/queue/job.ts';

const OUTCOME: Outcome = {
  id: '1',
  attempt: 1,
  outcome: 'succeeded',
  startedAt: 0,
  durationMs: 12.5,
};

describe('endOf', () => {
  test('turns figures that no column takes into what one does', () => {
    const end = endOf({ ...OUTCOME, durationMs: Number.NaN, cpuMs: 1.5, peakBytes: 10.6 });
    expect(end).toMatchObject({ durationMs: 0, cpuMs: 1.5, peakBytes: 11, exitCode: null });
  });

  test('keeps events of a success and drops those of a failure', () => {
    const events = [{ type: 'uploadFile', id: 'a', data: [] }];
    expect(endOf({ ...OUTCOME, events }).events).toEqual(events);
    expect(endOf({ ...OUTCOME, outcome: 'error', events }).events).toEqual([]);
  });
});
