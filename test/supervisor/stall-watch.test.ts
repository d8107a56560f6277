import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { StallWatch } from '../../src/supervisor/stall-watch.ts';

const lines: { readonly level: number; readonly msg: string; readonly [fact: string]: unknown }[] =
  [];
const end = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  lines.length = 0;
  end.mockClear();
});

function watch(limitMs: number): StallWatch {
  const write = (line: string) => void lines.push(JSON.parse(line));
  const log = pino({ level: 'debug', base: {} }, { write });
  return new StallWatch({ log, pid: 7, limitMs: () => limitMs, end });
}

const STALLED = { kind: 'stalled', stalledMs: 5_000, stack: '    at spin (a.js:1:1)' } as const;

it('names the place at once, and ends the process when it has stood still for so long in all', () => {
  watch(60_000).hear(STALLED);
  expect(lines).toMatchObject([
    { level: 50, pid: 7, stalledMs: 5_000, endsInMs: 55_000, stack: STALLED.stack },
  ]);
  vi.advanceTimersByTime(54_999);
  expect(end).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(end).toHaveBeenCalledTimes(1);
  expect(lines.at(-1)).toMatchObject({ level: 50, limitMs: 60_000 });
});

it('leaves a process alone that turns again in time', () => {
  const stall = watch(60_000);
  stall.hear(STALLED);
  stall.hear({ kind: 'turning', stalledMs: 9_000 });
  expect(lines.at(-1)).toMatchObject({
    level: 30,
    stalledMs: 9_000,
    msg: 'event loop turns again',
  });
  vi.advanceTimersByTime(120_000);
  expect(end).not.toHaveBeenCalled();
});

it('ends nothing where there is no limit, and has no timer when it is stopped', () => {
  watch(0).hear(STALLED);
  expect(lines).toMatchObject([{ endsInMs: null }]);
  const stall = watch(60_000);
  stall.hear(STALLED);
  stall.stop();
  expect(vi.getTimerCount()).toBe(0);
});
