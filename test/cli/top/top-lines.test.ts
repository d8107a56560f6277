/** The screen of `top` as lines: in a small window, a large one, a tiny one, and between all of them. */
import { describe, expect, test } from 'vitest';
import { widthOf } from '../../../src/cli/terminal-text.ts';
import { looked, missed, NOTHING_SEEN, type TopState } from '../../../src/cli/top/history.ts';
import { isQuit } from '../../../src/cli/top/quit-keys.ts';
import { sparkline } from '../../../src/cli/top/sparkline.ts';
import { renderTop } from '../../../src/cli/top/top-lines.ts';
import type { StatusView } from '../../../src/protocol/status.ts';
import { DETAILS, NOW, queue, WELL } from '../status/status-fixture.ts';

const plain = (text: string): string => text;

function statusAt(n: number, more: Partial<StatusView> = {}): StatusView {
  const jobs = { ...queue('q').jobs, queued: 12, running: 3 };
  const throughput = { lastMinute: 10, lastFiveMinutes: 9 };
  const oldest = { id: '7', since: '', latency: 61_000, isExact: true };
  const queues = [queue('mail', { jobs, throughput, oldest }), queue('default')];
  const process = {
    role: 'executor',
    pid: 12,
    state: 'backoff',
    restarts: 2,
    since: null,
  } as const;
  return {
    ...WELL,
    jobs: { ...WELL.jobs, queued: 12, running: 3, succeeded: 10 * n },
    executors: { ...WELL.executors, running: n % 4 },
    log: { ...WELL.log, top: String(100 + 30 * n) },
    processes: [...WELL.processes, process],
    details: {
      ...{ ...DETAILS, queues },
      vitals: [{ pid: 11, residentBytes: 64 * 1_048_576, cpuSeconds: 0.25 * n }],
    },
    ...more,
  };
}

function seen(looks: number, more: Partial<StatusView> = {}): TopState {
  let state = NOTHING_SEEN;
  for (let n = 0; n < looks; n += 1) {
    state = looked(state, statusAt(n, more), { at: NOW + n * 1_000, atMono: n * 1_000 });
  }
  return state;
}

describe('the screen', () => {
  test('in a window of 80 columns and 24 rows', () => {
    const lines = renderTop(seen(5), { columns: 80, rows: 24 }, plain);
    expect(lines).toEqual(
      [
        'taskbell 0.1.0  ready  up 1 h 0 min  12 queued  0 failed',
        `ended/s        10.0 ${' '.repeat(57)}▁████`.replace('10.0', '  10'),
        `added/s          10 ${' '.repeat(57)}▁████`,
        `running           0 ${' '.repeat(57)}▁▃▆█▁`,
        `events/s         30 ${' '.repeat(57)}▁████`,
        `connect.          3 ${' '.repeat(57)}█████`,
        '',
        'QUEUE                     QUEUED  RUNNING    LATER  ENDED/S     OLDEST      MODE',
        'mail                          12        3        0     10.0      1 min      open',
        'default                        0        0        0      0.0          -      open',
        '',
        'PROCESS                    PID    CPU     MEMORY         UP  RESTARTS     STATE',
        'core                        11   25 %   64.0 MiB    1 h 0 min         0     ready',
        'executor                    12      -          -          -         2   backoff',
        ...Array<string>(8).fill(''),
        '✗ a process does not stay up: executor → read its last errors below, or in the …',
        'q quits',
      ].map((line) => expect.stringMatching(loose(line))),
    );
  });

  test('in a window of 200 columns and 60 rows uses the width for history and the rows for queues', () => {
    const details = { ...DETAILS, queues: Array.from({ length: 80 }, (_, n) => queue(`q${n}`)) };
    const lines = renderTop(seen(300, { details }), { columns: 200, rows: 60 }, plain);
    expect(lines).toHaveLength(60);
    expect(lines[1]).toMatch(/^ended\/s +10 █+$/);
    expect(widthOf(lines[1] ?? '')).toBe(200);
    expect(lines.filter((line) => /^q\d+ /.test(line)).length).toBeGreaterThan(25);
    expect(lines.join('\n')).toMatch(/… and \d+ more/);
    expect(lines.join('\n')).toContain('executor ');
  });

  test('in a window of 40 columns and 10 rows has the figures and the key', () => {
    const lines = renderTop(seen(3), { columns: 40, rows: 10 }, plain);
    expect(lines).toHaveLength(10);
    expect(lines[0]).toMatch(/^taskbell 0\.1\.0 {2}ready/);
    expect(lines.slice(1, 6).map((line) => line.split(' ')[0])).toEqual([
      'ended/s',
      'added/s',
      'running',
      'events/s',
      'connect.',
    ]);
    expect(lines.at(-1)).toBe('q quits');
  });

  test('is never wider or longer than the window, whatever the names, the state and the size', () => {
    const names = ['队列'.repeat(30), 'é'.repeat(90), '\u001b[31mred', '🚀'.repeat(40), 'q'];
    const queues = names.map((name) => queue(name));
    const vitals = [{ pid: 11, residentBytes: 5e12, cpuSeconds: 1e9 }];
    const full = seen(90, { dataDirectory: 'x', details: { ...DETAILS, queues, vitals }, dead: 3 });
    const states = [
      NOTHING_SEEN,
      seen(1),
      full,
      missed(full, 'gone '.repeat(60), { at: NOW, atMono: 0 }),
    ];
    for (const state of states) {
      for (const columns of [1, 5, 9, 17, 18, 19, 40, 79, 80, 133, 200]) {
        for (const rows of [1, 2, 3, 7, 10, 14, 15, 24, 60]) {
          const lines = renderTop(state, { columns, rows }, plain);
          expect(lines.length, `${columns}×${rows}`).toBeLessThanOrEqual(rows);
          for (const line of lines) {
            expect(widthOf(line), `${columns}×${rows} ${line}`).toBeLessThanOrEqual(columns);
            // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
            expect(line).not.toMatch(/[\u0000-\u001f\u007f]/);
          }
        }
      }
    }
  });

  test('says that the daemon is away, and keeps what was seen', () => {
    const state = missed(seen(3), 'No daemon answers.', { at: NOW, atMono: 9_000 });
    const lines = renderTop(state, { columns: 80, rows: 24 }, plain);
    expect(lines[0]).toContain('no answer');
    expect(lines.join('\n')).toContain('mail');
    const never = missed(NOTHING_SEEN, 'No daemon answers.', { at: NOW, atMono: 9_000 });
    expect(renderTop(never, { columns: 80, rows: 24 }, plain)[0]).toContain('No daemon answers.');
  });
});

/** The words and their order; how many blanks lie between them is the window's matter. */
function loose(line: string): RegExp {
  const words = line
    .trim()
    .split(/ +/)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return line === '' ? /^$/ : new RegExp(`^${words.join(' +')}$`);
}

describe('rates', () => {
  test('are differences over the time between two looks', () => {
    const state = looked(seen(1), statusAt(1), { at: NOW, atMono: 2_000 });
    expect(state.values.ended).toEqual([0, 5]);
    expect(state.values.events).toEqual([0, 15]);
  });

  test('are none between two cores: positions that a start skips were no events', () => {
    const after = statusAt(500, { startedAt: '2026-11-22T09:59:00.000Z' });
    expect(looked(seen(2), after, { at: NOW, atMono: 3_000 }).values.events.at(-1)).toBe(0);
  });

  test('never fall below nothing, as when an older copy of the database was restored', () => {
    const state = looked(seen(5), statusAt(1), { at: NOW, atMono: 9_000 });
    expect(state.values.ended.at(-1)).toBe(0);
  });

  test('are kept as far as the widest terminal shows them', () => {
    expect(seen(1_000).values.ended.length).toBeLessThanOrEqual(400);
  });
});

test('a sparkline fills its width, the newest value at the right', () => {
  expect(sparkline([1, 2, 4], 5)).toBe('  ▂▄█');
  expect(sparkline([0, 0], 2)).toBe('▁▁');
  expect(sparkline([9, 1, 8], 2)).toBe('▁█'.replace('▁', '▁'));
  expect(sparkline([1], 0)).toBe('');
});

test.each([
  ['q', true],
  ['\u0003', true],
  ['\u0004', true],
  ['\u001b', true],
  ['xq', true],
  ['\u001b[A\u0003', true],
  ['\u001b[A', false],
  ['\u001b[1;5C', false],
  ['\u001bOA', false],
  ['\u001bq', false],
  ['x', false],
  ['', false],
])('the keys %j end it: %s', (keys, ends) => {
  expect(isQuit(keys)).toBe(ends);
});
