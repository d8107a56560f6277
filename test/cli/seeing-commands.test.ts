/** The commands that look on: why, logs, wait for several, show of an end, statistics. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { explainEnd } from '../../src/cli/job-end-text.ts';
import type { FailReason } from '../../src/protocol/jobs.ts';
import { ControlServer } from '../client/control-server.ts';
import { eventually } from '../client/eventually.ts';
import { type RunOptions, runCommand } from './run-command.ts';

let server: ControlServer;

beforeEach(async () => {
  server = await ControlServer.create();
  writeFileSync(path.join(server.directory, 'config.ini'), '[daemon]\ndataDirectory = .\n', {
    mode: 0o600,
  });
});
afterEach(() => server.dispose());

function run(argv: readonly string[], options: Partial<RunOptions> = {}) {
  return runCommand(argv, { cwd: server.directory, ...options });
}

test('job why says each reason on a line, and as JSON what the daemon said', async () => {
  const reasons = [
    { code: 'queue-paused', text: 'the queue fast is paused', facts: { queue: 'fast' } },
    { code: 'behind', text: '2 jobs are before it', facts: { jobs: 2 } },
  ];
  const why = { id: '7', type: 'mail', queue: 'fast', state: 'queued', reasons };
  server.routes.set('GET /v1/jobs/:id/why', () => why);
  expect((await run(['job', 'why', '7'])).stdout).toBe(
    'job 7 (mail) on fast is queued\n- the queue fast is paused\n- 2 jobs are before it\n',
  );
  expect(JSON.parse((await run(['job', 'why', '7', '--json'])).stdout)).toEqual(why);
});

describe('job logs', () => {
  const line = (n: number) => {
    return { n, at: '2026-01-02T03:04:05.678Z', attempt: 1, level: 'info', line: `line ${n}` };
  };

  test('pages through what is there', async () => {
    const lines = [line(3), line(4)];
    server.routes.set('GET /v1/jobs/:id/logs', ({ query }) => {
      const after = Number(query.get('after'));
      const rest = lines.filter(({ n }) => n > after).slice(0, 1);
      return { lines: rest, dropped: after === 0 ? 2 : 0, ended: false };
    });
    const plain = await run(['job', 'logs', '1']);
    expect(plain.stdout).toBe('03:04:05.678 info   line 3\n03:04:05.678 info   line 4\n');
    expect(plain.stderr).toBe('2 earlier lines were dropped\n');
  });

  test('with --follow waits for more until the job has ended, over a restart of the daemon', async () => {
    const all = [line(1), line(2), line(3)];
    let written = 2;
    server.routes.set('GET /v1/jobs/:id/logs', async ({ query }) => {
      expect(query.get('timeout')).toBe('30');
      const after = Number(query.get('after'));
      if (after === written && written < 3) await server.jobChanged();
      return { lines: all.slice(after, written), dropped: 0, ended: written === 3 };
    });
    server.addJob({ type: 'mail' });
    const following = run(['job', 'logs', '1', '-f', '--json']);
    await eventually(() => server.asked.some(({ query }) => query.get('after') === '2'));
    await server.goAway();
    written = 3;
    await server.listen();
    const { stdout, exitCode } = await following;
    expect(
      stdout
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text)),
    ).toEqual(all);
    expect(exitCode).toBe(0);
  });
});

describe('job wait', () => {
  test('for several ends when all have ended, and fails if one did', async () => {
    for (const type of ['mail', 'scan', 'mail']) server.addJob({ type });
    for (const id of ['1', '3']) server.setJob(id, 'succeeded', { attempt: 1, duration: 1 });
    const waiting = run(['job', 'wait', '1', '2', '3', '--json']);
    await eventually(() => server.asked.some(({ path }) => path === '/v1/jobs/2/wait'));
    server.setJob('2', 'failed', { reason: 'error', attempt: 1 });
    const { stdout, exitCode } = await waiting;
    expect(JSON.parse(stdout).jobs).toMatchObject([{ id: '1' }, { id: '2' }, { id: '3' }]);
    expect(exitCode).toBe(1);
    expect((await run(['job', 'wait', '1', '3'])).stdout).toMatch(/^job 1 .*\njob 3 .*\n$/);
  });

  test('with --any ends with the first that has ended', async () => {
    for (const type of ['mail', 'scan']) server.addJob({ type });
    const waiting = run(['job', 'wait', '1', '2', '--any', '--json']);
    await eventually(() => server.asked.length === 2);
    server.setJob('2', 'succeeded');
    const { stdout, exitCode } = await waiting;
    expect(JSON.parse(stdout)).toMatchObject({ id: '2', state: 'succeeded' });
    expect(exitCode).toBe(0);
  });

  test('gives up at one time limit for all', async () => {
    for (const type of ['mail', 'scan']) server.addJob({ type });
    const argv = ['job', 'wait', '1', '2', '--timeout', '50ms'];
    expect((await run(argv)).exitCode).toBe(75);
    expect((await run([...argv, '--any'])).exitCode).toBe(75);
  });

  test('says once that the daemon is away, and goes on', async () => {
    server.addJob({ type: 'mail' });
    const notes: string[] = [];
    const onStderr = (text: string) => void notes.push(text);
    const adding = run(['job', 'add', 'mail', '--wait'], { onStderr });
    await eventually(() => server.asked.some(({ path }) => path.endsWith('/wait')));
    await server.goAway();
    const isSaid = () => notes.some((text) => text.includes('the daemon is away'));
    await expect.poll(isSaid, { timeout: 20_000 }).toBe(true);
    for (const id of server.jobs.keys()) server.setJob(id, 'succeeded', { attempt: 1 });
    await server.listen();
    const { stderr, exitCode } = await adding;
    expect(stderr.match(/the daemon is away/g)).toHaveLength(1);
    expect(exitCode).toBe(0);
  }, 30_000);
});

test('job show says what an end means and what to do next, and what the job was added with', async () => {
  server.addJob({ type: 'mail', group: 'acme', uniqueKey: 'k' });
  server.setJob('1', 'failed', {
    ...{ reason: 'timeout', attempt: 1, progress: { done: 3, total: 4, message: 'rows' } },
    ...{ backoff: { kind: 'linear', delayMs: 500 }, timeoutMs: 2_000, retries: 0 },
    ...{ schedule: 'nightly', uniqueUntil: '2026-01-03T00:00:00.000Z', durability: 'os' },
  });
  const { stdout } = await run(['job', 'show', '1']);
  for (const line of [
    'state     failed (timeout)',
    'means     it took longer than its time limit',
    'next      raise `timeout`',
    'group     acme',
    'schedule  nightly',
    'unique    k, held until 2026-01-03T00:00:00.000Z',
    'backoff   linear, 500 ms',
    'timeout   2.00 s',
    'durable   os',
    'progress  75 % 3/4 rows',
  ]) {
    expect(stdout).toContain(`\n${line}`);
  }
});

const REASONS: readonly (FailReason | null)[] = [
  ...(['error', 'timeout', 'crash', 'exhausted', 'rejected', 'dependency'] as const),
  null,
];

test('every end has words of its own, and a next step', () => {
  const texts = REASONS.map((reason) => {
    const state = reason === null ? 'cancelled' : 'failed';
    return explainEnd({ id: '7', state, reason, attempt: 1 });
  });
  expect(new Set(texts.map((text) => text?.means)).size).toBe(REASONS.length);
  for (const text of texts) expect(text?.next).toContain('taskbell job retry');
  for (const state of ['succeeded', 'running'] as const) {
    expect(explainEnd({ id: '7', state, reason: null, attempt: 1 })).toBeNull();
  }
});

test('queue stats tells queues and types', async () => {
  const counts = { succeeded: 9, failed: 1, cancelled: 0, attempts: 12, failedAttempts: 3 };
  const hour = { ...counts, failureRate: 0.1, p50: 12, p95: 1_500 };
  const types = [{ type: 'mail', lastHour: hour, sinceStart: { ...counts, failureRate: 0.1 } }];
  const oldest = { id: '7', since: '2026-01-02T03:04:05.678Z', latency: 61_000, isExact: false };
  const throughput = { lastMinute: 1_234.5, lastFiveMinutes: 3 };
  const queue = { name: 'fast', mode: 'open', paused: false, jobs: {}, oldest, throughput };
  const stats = { since: '2026-01-02T03:00:00.000Z', queues: [queue], types };
  server.routes.set('GET /v1/stats', () => stats);
  const { stdout } = await run(['queue', 'stats', '--type', 'mail']);
  expect(stdout).toMatch(/fast +≥ 1 min 1 s +1235 +3\n/);
  expect(stdout).toMatch(/mail +9 +1 +0 +3 +10\.0 % +12 ms +1\.50 s\n$/);
  expect(server.asked.at(-1)?.query.get('type')).toBe('mail');
  expect(JSON.parse((await run(['queue', 'stats', '--json'])).stdout)).toEqual(stats);
});
