import { describe, expect, test } from 'vitest';
import { problemsOf } from '../../../src/cli/status/problems.ts';
import type { StatusDetails, StatusView } from '../../../src/protocol/status.ts';
import { DETAILS, queue, WELL } from './status-fixture.ts';

const textsOf = (status: StatusView): readonly string[] =>
  problemsOf(status).map(({ level, text, remedy }) => `${level}: ${text} → ${remedy}`);

const withDetails = (details: Partial<StatusDetails>): StatusView => {
  return { ...WELL, details: { ...DETAILS, ...details } };
};

test('a service that is well has no problem, with details or without', () => {
  expect(problemsOf(WELL)).toEqual([]);
  const { details: _, ...former } = WELL;
  expect(problemsOf(former)).toEqual([]);
});

describe('each problem comes with what to do', () => {
  const process = {
    role: 'executor',
    pid: null,
    state: 'backoff',
    restarts: 1,
    since: null,
  } as const;
  const report = WELL.report;
  const disk = DETAILS.disk;
  const oldest = { id: '7', since: '', latency: 3_600_000, isExact: true, queue: 'slow' };
  const cases: readonly (readonly [string, StatusView, RegExp])[] = [
    [
      'a process that does not stay up',
      { ...WELL, ready: false, processes: [process] },
      /executor/,
    ],
    [
      'many restarts',
      { ...WELL, processes: [{ ...process, state: 'ready', restarts: 9 }] },
      /restarted 9 times/,
    ],
    [
      'a place that keeps failing',
      { ...WELL, processes: [{ ...process, state: 'ready', restarts: 9, degraded: true }] },
      /degraded.*9 times/,
    ],
    [
      'a type that takes executors down',
      {
        ...WELL,
        degradedTypes: [{ type: 'mail', deaths: 3, since: WELL.startedAt, nextTryAt: null }],
      },
      /type mail is degraded.*3 executors.*worker restart/,
    ],
    ['processes that start', { ...WELL, ready: false }, /being started/],
    [
      'jobs and nobody who runs them',
      {
        ...WELL,
        jobs: { ...WELL.jobs, queued: 3 },
        executors: { total: 0, ready: 0, slots: 0, running: 0 },
      },
      /3 jobs wait.*worker run/,
    ],
    [
      'executors that take nothing',
      { ...WELL, executors: { total: 2, ready: 0, slots: 4, running: 4 } },
      /worker list/,
    ],
    ['a job that waits for long', { ...WELL, oldest }, /job why 7/],
    ['failed jobs', { ...WELL, dead: 4 }, /4 failed.*job retry/],
    [
      'reports that gave up',
      { ...WELL, report: { ...report, state: 'failed', pending: 2 } },
      /report retry/,
    ],
    [
      'a receiver that is away',
      { ...WELL, report: { ...report, state: 'disconnected', pending: 2, lastError: 'refused' } },
      /2 ends wait: refused.*doctor/,
    ],
    [
      'a silent gateway',
      { ...WELL, subscribers: { ...WELL.subscribers, silent: 1 } },
      /web_socket restart/,
    ],
    ['no room', { ...WELL, subscribers: { ...WELL.subscribers, refused: 1 } }, /maxConnections/],
    [
      'a gateway far behind',
      { ...WELL, subscribers: { ...WELL.subscribers, lag: 20_000 } },
      /behind/,
    ],
    ['little space', withDetails({ disk: { ...disk, freeBytes: 1e9 } }), /free space/],
    ['a large write-ahead log', withDetails({ disk: { ...disk, walBytes: 1e9 } }), /db backup/],
    [
      'a paused queue that holds jobs',
      withDetails({
        queues: [queue('q', { mode: 'paused', jobs: { ...queue('q').jobs, queued: 5 } })],
      }),
      /queue resume q/,
    ],
  ];
  test.each(cases)('%s', (_, status, expected) => {
    const texts = textsOf(status);
    expect(texts).toHaveLength(1);
    expect(texts[0]).toMatch(expected);
  });
});

test('failures stand before warnings', () => {
  const report = { ...WELL.report, state: 'failed' } as const;
  const levels = problemsOf({ ...WELL, dead: 1, report }).map(({ level }) => level);
  expect(levels).toEqual(['fail', 'warn']);
});

test('a queue that is paused and empty is nobody to be told of', () => {
  expect(problemsOf(withDetails({ queues: [queue('q', { mode: 'paused' })] }))).toEqual([]);
});
