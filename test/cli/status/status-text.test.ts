import { expect, test } from 'vitest';
import { problemsOf } from '../../../src/cli/status/problems.ts';
import { describeStatus } from '../../../src/cli/status/status-text.ts';
import type { StatusView } from '../../../src/protocol/status.ts';
import type { TroubleView } from '../../../src/protocol/troubles.ts';
import { DETAILS, NOW, queue, WELL } from './status-fixture.ts';

const plain = (text: string): string => text;
const page = (status: StatusView) =>
  describeStatus({ status, problems: problemsOf(status), now: NOW }, plain);

const TROUBLE: TroubleView = {
  ...{ at: '2026-11-22T09:59:30.000Z', level: 'error', role: 'executor', pid: 12 },
  ...{ component: null, message: 'a handler blocks', problem: 'no answer' },
};

test('a service that is well fits a screen and shows processes, queues, log and disk', () => {
  expect(page(WELL)).toEqual([
    'taskbell 0.1.0  ready',
    'data     /data',
    'jobs     0 waiting, 0 scheduled, 0 queued, 0 running, 0 retrying, 10 succeeded, 0 failed, 0 cancelled',
    'workers  1 of 1 ready, 0 of 10 slots busy',
    'events   ws://0.0.0.0:8081/ws, 3 of 900 connections, 5 subscriptions',
    'reports  connected, http://127.0.0.1:9, 0 pending',
    'log      position 100, behind: report 10',
    expect.stringMatching(
      /^disk {5}database 4\.0 KiB, write-ahead log 0 bytes, 46\.\d GiB of 93\.\d GiB free$/,
    ),
    '',
    'PROCESS  PID  RESTARTS  UP         MEMORY    CPU     STATE',
    expect.stringMatching(/^core {5}11 {3}0 {9}1 h 0 min {2}64\.0 MiB {2}12\.3 s {2}ready$/),
    '',
    'QUEUE    QUEUED  RUNNING  LATER  OLDEST  ENDED/S  MODE',
    'default  0       0        0      -       0.0      open',
  ]);
});

test('the last warnings and errors are shown with their age, and what to do about problems', () => {
  const troubles = Array.from({ length: 9 }, (_, n) => ({ ...TROUBLE, message: `m${n}` }));
  const lines = page({ ...WELL, dead: 1, details: { ...DETAILS, troubles } });
  expect(lines.filter((line) => line.includes('30 s ago'))).toHaveLength(5);
  expect(lines).toContain('  error  30 s ago  executor 12  m8: no answer');
  expect(lines.at(-2)).toBe('! 1 failed job is kept');
  expect(lines.at(-1)).toMatch(/^ {2}→ /);
});

test('the fullest queues come first, and the others are counted', () => {
  const queues = Array.from({ length: 30 }, (_, n) =>
    queue(`q${n}`, { jobs: { ...queue('q').jobs, queued: n } }),
  );
  const lines = page({ ...WELL, details: { ...DETAILS, queues } });
  expect(lines.find((line) => line.startsWith('q'))).toMatch(/^q29 +29 /);
  expect(lines).toContain('… and 22 more');
  expect(lines.length).toBeLessThan(40);
});

test('nothing that a name or a message holds is acted upon by a terminal', () => {
  const evil = '\u001b[2Jevil\u0007\n';
  const details = {
    ...DETAILS,
    queues: [queue(evil, { mode: 'paused' as const, jobs: { ...queue('q').jobs, queued: 1 } })],
    cursors: [{ name: `client:${evil}`, position: '1', lag: 5 }],
    troubles: [{ ...TROUBLE, message: evil, problem: evil }],
  };
  const report = { ...WELL.report, lastError: evil };
  const text = page({ ...WELL, report, details }).join('');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  expect(text).not.toMatch(/[\u0000-\u001f\u007f]/);
});
