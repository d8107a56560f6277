import { expect, it } from 'vitest';
import { type AttemptEnd, endOf, endWithoutWord } from '../../src/queue/job.ts';
import { endEvent, progressEvent, stateEvent, waitingEvent } from '../../src/queue/job-events.ts';

const LANE = { queue: 'default', type: 'mail' };
const AT = Date.UTC(2026, 10, 21, 21, 40, 5, 174);

const END: AttemptEnd = {
  id: '7',
  attempt: 2,
  outcome: 'error',
  retryable: true,
  retryAfterMs: null,
  result: null,
  error: { name: 'Error', message: 'no such mailbox', stack: 'Error: no such mailbox\n    at x' },
  events: [],
  durationMs: 12.5,
  cpuMs: null,
  peakBytes: null,
  exitCode: null,
};

it('tells a change of state with nothing but the lane and the attempt', () => {
  expect(stateEvent(LANE, 'running', 1)).toBe(
    '[{"state":"running","type":"mail","queue":"default","attempt":1}]',
  );
});

it('is JSON whatever the names and the error hold', () => {
  const odd = { queue: 'a "b"\\', type: 'naïve\n' };
  const state = { state: 'failed', ...{ type: odd.type, queue: odd.queue }, attempt: 2 };
  expect(JSON.parse(stateEvent(odd, 'failed', 2))).toEqual([state]);
  const error = { name: 'Error', message: 'said "no"\u2028\n' };
  const told = endEvent(odd, { ...END, error }, 'failed', null);
  expect(JSON.parse(told)).toEqual([{ ...state, duration: 12.5, error: error.message }]);
});

it('tells a wait with the time of the next start, and the error if there was one', () => {
  expect(waitingEvent(LANE, 'scheduled', { attempt: 0, runAt: AT })).toBe(
    '[{"state":"scheduled","type":"mail","queue":"default","attempt":0,"runAt":"2026-11-21T21:40:05.174Z"}]',
  );
  expect(waitingEvent(LANE, 'retrying', { attempt: 1, runAt: AT, error: 'away' })).toBe(
    '[{"state":"retrying","type":"mail","queue":"default","attempt":1,"runAt":"2026-11-21T21:40:05.174Z","error":"away"}]',
  );
});

it('tells an end with duration, reason and message', () => {
  expect(endEvent(LANE, END, 'failed', 'exhausted')).toBe(
    '[{"state":"failed","type":"mail","queue":"default","attempt":2,"duration":12.5,"reason":"exhausted","error":"no such mailbox"}]',
  );
});

it('never tells the stack: subscribers may be browsers', () => {
  expect(endEvent(LANE, END, 'failed', 'error')).not.toContain('at x');
});

it('tells a success without reason and error', () => {
  expect(endEvent(LANE, END, 'succeeded', null)).toBe(
    '[{"state":"succeeded","type":"mail","queue":"default","attempt":2,"duration":12.5}]',
  );
});

it('tells progress as a running state', () => {
  expect(progressEvent(LANE, 1, { fraction: 0.5, message: 'half' })).toBe(
    '[{"state":"running","type":"mail","queue":"default","attempt":1,"progress":{"fraction":0.5,"message":"half"}}]',
  );
});

it('takes the events of an outcome only if it succeeded', () => {
  const events = [{ type: 'datasetUpdate', id: 'd', data: [] }];
  const outcome = { id: '7', attempt: 2, startedAt: AT, durationMs: 1, events };
  expect(endOf({ ...outcome, outcome: 'succeeded' }).events).toEqual(events);
  expect(endOf({ ...outcome, outcome: 'error' }).events).toEqual([]);
});

it('fills what an outcome leaves out', () => {
  const end = endOf({ id: '7', attempt: 2, startedAt: AT, durationMs: 1, outcome: 'succeeded' });
  expect(end).toEqual({ ...END, outcome: 'succeeded', error: null, durationMs: 1 });
});

it('keeps a result of null apart from no result', () => {
  const outcome = {
    id: '7',
    attempt: 2,
    startedAt: AT,
    durationMs: 1,
    outcome: 'succeeded' as const,
  };
  expect(endOf({ ...outcome, result: null }).result).toBe('null');
  expect(endOf(outcome).result).toBeNull();
});

it('names the end of an attempt whose process is gone after its outcome', () => {
  const end = endWithoutWord({ id: '7', attempt: 2 }, 'crash', {
    message: 'killed',
    durationMs: 3,
  });
  expect(end).toEqual({
    ...END,
    outcome: 'crash',
    durationMs: 3,
    error: { name: 'crash', message: 'killed' },
  });
});
