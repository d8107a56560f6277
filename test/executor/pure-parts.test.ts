import { describe, expect, it } from 'vitest';
import { AttemptLog, MAX_LINE_LENGTH, MAX_LOG_LENGTH } from '../../src/executor/attempt-log.ts';
import { scrubEnvironment } from '../../src/executor/command-environment.ts';
import { readOutputLine, readResult } from '../../src/executor/command-output.ts';
import { EmittedEvents, MAX_EVENTS } from '../../src/executor/emitted-events.ts';
import type { Ending, StopKind } from '../../src/executor/handler.ts';
import { describeError, isRetryable, MAX_STACK_LENGTH } from '../../src/executor/job-error.ts';
import { encodeOutcome, encodeResult } from '../../src/executor/outcome.ts';
import { describeIssues } from '../../src/executor/payload-schema.ts';
import { ProgressThrottle } from '../../src/executor/progress-throttle.ts';
import { toProgress } from '../../src/executor/progress-value.ts';

describe('readOutputLine', () => {
  it.each([
    ['::progress 0.5', { fraction: 0.5 }],
    ['::progress .25 a quarter', { fraction: 0.25, message: 'a quarter' }],
    ['::progress 3/10 reading', { fraction: 0.3, done: 3, total: 10, message: 'reading' }],
    ['::progress 7', { fraction: 1 }],
    ['::progress 5/0', { done: 5, total: 0 }],
  ])('reads %s', (line, value) => {
    expect(readOutputLine(line)).toEqual({ kind: 'progress', value });
  });

  it.each(['::progress', '::progress half', '::event a', '::event a b {}x', '::event'])(
    'says what is wrong with %s',
    (line) => {
      expect(readOutputLine(line)).toMatchObject({
        kind: 'unusable',
        problem: expect.stringMatching(/expected /),
      });
    },
  );

  it.each(['N', '1/N', 'N/N'])('refuses progress that no number can hold (%s)', (form) => {
    const line = `::progress ${form.replaceAll('N', '9'.repeat(400))}`;
    expect(readOutputLine(line)).toMatchObject({ kind: 'unusable' });
  });

  it.each(['plain', ' ::progress 1', '::notice x', ''])('takes "%s" as text', (line) => {
    expect(readOutputLine(line)).toEqual({ kind: 'text' });
  });
});

describe('readResult', () => {
  it.each([
    ['{"a":1}', { a: 1 }],
    ['42', 42],
    ['null', null],
    ['done', null],
  ])('takes %s as %j', (text, result) => {
    expect(readResult({ text, truncated: false })).toEqual(result);
  });

  it('is null without a line and for a line that was cut', () => {
    expect(readResult(null)).toBeNull();
    expect(readResult({ text: '1', truncated: true })).toBeNull();
  });
});

describe('encodeOutcome', () => {
  const succeeded: Ending = { kind: 'succeeded', result: 1 };
  const failed: Ending = { kind: 'failed', error: { name: 'E', message: 'm' }, retryable: true };
  const table: readonly [StopKind | null, Ending, string][] = [
    [null, succeeded, 'succeeded'],
    [null, failed, 'error'],
    [null, { kind: 'rejected', problem: 'p' }, 'rejected'],
    ['cancelled', succeeded, 'cancelled'],
    ['cancelled', failed, 'cancelled'],
    ['timeout', succeeded, 'timeout'],
    ['timeout', failed, 'timeout'],
    ['interrupted', succeeded, 'succeeded'],
    ['interrupted', failed, 'interrupted'],
    ['interrupted', { kind: 'stopped' }, 'interrupted'],
    [null, { kind: 'snoozed', pauseMs: 5 }, 'snoozed'],
    ['cancelled', { kind: 'snoozed', pauseMs: 5 }, 'cancelled'],
    ['timeout', { kind: 'snoozed', pauseMs: 5 }, 'timeout'],
    // A word of the handler's own: it did not end because of the stop.
    ['interrupted', { kind: 'snoozed', pauseMs: 5 }, 'snoozed'],
    [null, { kind: 'cancelled', error: { name: 'E', message: 'm' } }, 'cancelled'],
    ['interrupted', { kind: 'cancelled', error: { name: 'E', message: 'm' } }, 'cancelled'],
  ];

  it.each(table)('stopped %s, then %o: %s', (stopped, ending, outcome) => {
    const times = { startedAt: 5, durationMs: 1.23456, timeoutMs: 9 };
    const fence = { id: 'a"b', attempt: 2 };
    const text = encodeOutcome({ fence, times, stopped, ending, events: ['{"type":"x"}'] });
    const parsed = JSON.parse(text);
    expect(parsed).toMatchObject({
      id: 'a"b',
      attempt: 2,
      outcome,
      startedAt: 5,
      durationMs: 1.235,
    });
    expect('result' in parsed).toBe(outcome === 'succeeded');
    expect('events' in parsed).toBe(outcome === 'succeeded');
  });

  const error = { name: 'E', message: 'a "quoted" word' };
  const usage = { cpuMs: 7.5, peakBytes: 1_024 };
  it.each<[Ending, object]>([
    [
      { kind: 'succeeded', result: null },
      { outcome: 'succeeded', result: null },
    ],
    [
      { kind: 'succeeded', result: [1], usage, exitCode: 0 },
      { outcome: 'succeeded', ...usage, exitCode: 0, result: [1] },
    ],
    [
      { kind: 'failed', error, retryable: true },
      { outcome: 'error', error },
    ],
    [
      { kind: 'failed', error, retryable: true, retryAfterMs: 9, usage: { cpuMs: 1 }, exitCode: 3 },
      { outcome: 'error', retryAfterMs: 9, error, cpuMs: 1, exitCode: 3 },
    ],
    [
      { kind: 'failed', error, retryable: false, retryAfterMs: 9 },
      { outcome: 'error', retryable: false, error },
    ],
    [
      { kind: 'stopped', exitCode: 143 },
      { outcome: 'interrupted', exitCode: 143 },
    ],
  ])('writes %o with all that is known of it, and nothing else', (ending, expected) => {
    const times = { startedAt: 5, durationMs: 0, timeoutMs: 9 };
    const fence = { id: '1', attempt: 1 };
    const text = encodeOutcome({ fence, times, stopped: null, ending, events: [] });
    expect(JSON.parse(text)).toEqual({ ...fence, startedAt: 5, durationMs: 0, ...expected });
  });
});

describe('encodeResult', () => {
  it.each([
    [undefined, 'null'],
    [{ at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
    ['x'.repeat(1_048_574), `"${'x'.repeat(1_048_574)}"`],
  ])('accepts JSON up to the limit', (value, json) => {
    expect(encodeResult(value)).toEqual({ json });
  });

  it.each([[() => 1], [10n], ['x'.repeat(1_048_575)], ['ä'.repeat(600_000)]])(
    'refuses what is not JSON or too large',
    (value) => {
      expect(encodeResult(value)).toEqual({ problem: expect.stringMatching(/^result /) });
    },
  );
});

describe('describeError', () => {
  it('wraps what is not an Error', () => {
    expect(describeError('boom')).toEqual({
      name: 'NonError',
      message: 'the handler threw string, not an Error: boom',
    });
    expect(describeError(undefined).message).toMatch(/undefined/);
    expect(describeError({ code: 7 }).message).toContain('{"code":7}');
  });

  it('caps the stack and follows causes, even in a circle', () => {
    const error = new Error('m');
    error.stack = 'x'.repeat(100_000);
    error.cause = error;
    expect(describeError(error).stack).toHaveLength(MAX_STACK_LENGTH);
  });

  it('finds words for an AggregateError without a message', () => {
    const error = new AggregateError(
      [new Error('refused ::1'), new Error('refused 127.0.0.1')],
      '',
    );
    expect(describeError(error).message).toBe('refused ::1; refused 127.0.0.1');
  });

  it('never throws, whatever was thrown', () => {
    const hostile = {
      get message(): string {
        throw new Error('no');
      },
      get retryable(): boolean {
        throw new Error('no');
      },
    };
    expect(describeError(hostile).name).toBe('NonError');
    expect(describeError(Object.create(null)).name).toBe('NonError');
    expect(isRetryable(hostile)).toBe(true);
    expect(isRetryable(null)).toBe(true);
    expect(isRetryable({ retryable: false })).toBe(false);
  });
});

describe('toProgress', () => {
  it('brings numbers and objects into one shape', () => {
    expect(toProgress(0.5)).toEqual({ fraction: 0.5 });
    expect(toProgress(1.0000001)).toEqual({ fraction: 1 });
    expect(toProgress({ done: 1, total: 4, message: 5 })).toEqual({
      fraction: 0.25,
      done: 1,
      total: 4,
      message: '5',
    });
  });

  it.each([[Number.NaN], ['half'], [null], [{ done: -1 }], [{ total: 'ten' }]])(
    'refuses %j with a TypeError',
    (value) => {
      expect(() => toProgress(value)).toThrow(TypeError);
    },
  );
});

describe('ProgressThrottle', () => {
  it('sends the first at once, then the latest when the interval is over or at a flush', () => {
    const sent: (number | undefined)[] = [];
    let nowMono = 1_000;
    const throttle = new ProgressThrottle(
      ({ fraction }) => sent.push(fraction),
      () => nowMono,
    );
    throttle.push({ fraction: 0.1 });
    throttle.push({ fraction: 0.2 });
    throttle.push({ fraction: 0.3 });
    expect(sent).toEqual([0.1]);
    throttle.flush();
    expect(sent).toEqual([0.1, 0.3]);
    nowMono += 250;
    throttle.push({ fraction: 0.4 });
    throttle.flush();
    expect(sent).toEqual([0.1, 0.3, 0.4]);
  });
});

describe('AttemptLog', () => {
  it('cuts long lines and stops each stream at its limit with one note', () => {
    const lines: string[] = [];
    const log = new AttemptLog((level, line) => lines.push(`${level} ${line.length}`));
    const long = 'x'.repeat(MAX_LINE_LENGTH + 1);
    const count = Math.ceil(MAX_LOG_LENGTH / MAX_LINE_LENGTH) + 5;
    for (let index = 0; index < count; index += 1) log.add('stderr', long);
    expect(lines[0]).toBe(`stderr ${MAX_LINE_LENGTH}`);
    expect(lines.filter((line) => line.startsWith('warn'))).toHaveLength(1);
    expect(lines.length).toBeLessThan(count);
    log.add('info', 'still heard');
    expect(lines.at(-1)).toBe('info 11');
  });
});

describe('EmittedEvents', () => {
  it('has a limit in number', () => {
    const events = new EmittedEvents(new Set(['a']));
    for (let index = 0; index < MAX_EVENTS; index += 1) events.add({ type: 'a', id: '1' });
    expect(() => events.add({ type: 'a', id: '1' })).toThrow(RangeError);
    expect(events.texts).toHaveLength(MAX_EVENTS);
  });
});

describe('scrubEnvironment', () => {
  it('keeps the named variables and nothing else', () => {
    const own = {
      PATH: '/bin',
      LC_ALL: 'C',
      TZ: 'UTC',
      LCX: 'x',
      AWS_SECRET: 's',
      NODE_OPTIONS: '-r x',
    };
    expect(scrubEnvironment(own)).toEqual({ PATH: '/bin', LC_ALL: 'C', TZ: 'UTC' });
  });
});

describe('describeIssues', () => {
  it('names at most 20 issues', () => {
    const issues = Array.from({ length: 25 }, (_, index) => ({
      message: 'bad',
      path: ['list', index],
    }));
    const text = describeIssues(issues);
    expect(text).toMatch(/^list\.0: bad; list\.1: bad/);
    expect(text).toMatch(/; and 5 more$/);
  });
});
