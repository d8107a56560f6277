import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isTerminal } from '../../src/cli/cli-world.ts';
import { describeProgress } from '../../src/cli/wait-for-job.ts';
import { TaskbellError } from '../../src/protocol/errors.ts';
import { ControlServer } from '../client/control-server.ts';
import { eventually } from '../client/eventually.ts';
import { type CommandRun, type RunOptions, runCommand } from './run-command.ts';

let server: ControlServer;
let cwd: string;

beforeEach(async () => {
  server = await ControlServer.create();
  cwd = await mkdtemp(path.join(tmpdir(), 'taskbell-cli-'));
});

afterEach(async () => {
  await server.dispose();
  await rm(cwd, { recursive: true, force: true });
});

function run(argv: readonly string[], options: Partial<RunOptions> = {}): Promise<CommandRun> {
  return runCommand(['--socket', server.socketPath, ...argv], { cwd, ...options });
}

const lastAsked = () => server.asked.at(-1);
const errorOf = (result: CommandRun) => JSON.parse(result.stderr).error;

test('job add prints the accepted job as JSON, and passes every option on', async () => {
  const options = '-d 10m -p 5 -q fast --unique k --retries 2 --timeout 30s -u ada --json'.split(
    ' ',
  );
  const result = await run(['job', 'add', 'mail', '{"to":"ada"}', ...options]);
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  expect(JSON.parse(result.stdout)).toMatchObject({ id: '1', state: 'queued', duplicate: false });
  expect(lastAsked()?.body).toEqual({
    ...{ type: 'mail', payload: { to: 'ada' }, delayMs: 600_000, priority: 5, queue: 'fast' },
    ...{ uniqueKey: 'k', retries: 2, timeoutMs: 30_000, userId: 'ada' },
  });
});

test('job add takes a time with its zone, and refuses one without', async () => {
  await run(['job', 'add', 'mail', '--at', '2026-11-22T10:00:00+01:00']);
  expect(lastAsked()?.body).toMatchObject({ runAt: '2026-11-22T09:00:00.000Z', payload: null });
  expect((await run(['job', 'add', 'mail', '--at', '2026-11-22 10:00'])).exitCode).toBe(64);
  expect(
    (await run(['job', 'add', 'mail', '--at', '2026-11-22T10:00:00Z', '-d', '1s'])).exitCode,
  ).toBe(64);
});

test('a payload may come from a file or from standard input', async () => {
  await writeFile(path.join(cwd, 'payload.json'), '[1, 2]');
  await run(['job', 'add', 'mail', '@payload.json']);
  await run(['job', 'add', 'mail', '-'], { stdin: '{"a":1}' });
  expect([...server.jobs.values()].map((job) => job.payload)).toEqual([[1, 2], { a: 1 }]);
});

test.each([
  [['{"a":}'], 65, 'E_INVALID_JSON', 'line 1, column 6'],
  [['@missing.json'], 66, 'E_INPUT_FILE', 'missing.json'],
  [[`"${'x'.repeat(1_048_575)}"`], 65, 'E_PAYLOAD_TOO_LARGE', '1048577 bytes'],
])(
  'job add refuses a bad payload with its code and costs nothing (%#)',
  async (argv, ...expected) => {
    const [exitCode, code, words] = expected;
    const result = await run(['job', 'add', 'mail', ...argv, '--json']);
    expect(result).toMatchObject({ exitCode, stdout: '' });
    expect(errorOf(result)).toMatchObject({ code });
    expect(errorOf(result).message).toContain(words);
    expect(server.jobs.size).toBe(0);
  },
);

test('an error of the daemon keeps its code, words and hint', async () => {
  const result = await run(['job', 'add', 'unknown']);
  expect(result).toMatchObject({ exitCode: 65, stdout: '' });
  expect(result.stderr).toBe(
    'taskbell: No handler for unknown. (E_UNKNOWN_TYPE)\n  Add one.\n  More: taskbell help E_UNKNOWN_TYPE\n',
  );
});

test.each([
  ['succeeded', 0],
  ['failed', 1],
  ['cancelled', 1],
] as const)('job add --wait of a job that ends as %s exits with %i', async (state, exitCode) => {
  const adding = run(['job', 'add', 'mail', '--wait', '--json']);
  await eventually(() => server.asked.some((one) => one.path === '/v1/jobs/1/wait'));
  server.setJob('1', state, { result: { ok: true } });
  const result = await adding;
  expect(result).toMatchObject({ exitCode, stderr: '' });
  expect(JSON.parse(result.stdout)).toMatchObject({
    id: '1',
    state,
    result: { ok: true },
    attempts: [],
  });
});

test('on a terminal a spinner tells how far the job is, and the result is the same', async () => {
  const adding = run(['job', 'add', 'mail', '--wait'], { spins: true });
  await eventually(() => server.followerCount === 1);
  const progress = { done: 3, total: 4, message: 'rows' };
  server.append({ type: 'job', id: '1', data: [{ state: 'running', attempt: 2, progress }] });
  await eventually(() => server.asked.some((one) => one.path === '/v1/jobs/1/wait'));
  server.setJob('1', 'succeeded', { attempt: 2, duration: 45 });
  const result = await adding;
  expect(result).toMatchObject({ exitCode: 0 });
  expect(result.stdout).toBe('job 1 (mail) succeeded after 2 attempts, 45 ms\n');
  expect(result.stderr).toContain('job 1');
});

test.each([
  [{ isTTY: true, columns: 80 }, true],
  [{ isTTY: true, columns: 0 }, false],
  [{}, false],
])('%j counts as a terminal: %s', (stream, expected) => {
  expect(isTerminal(stream)).toBe(expected);
});

test.each([
  [{ state: 'queued', attempt: 0 }, 'queued'],
  [{ state: 'running', attempt: 2 }, 'running, attempt 2'],
  [{ state: 'running', attempt: 1, progress: { fraction: 0.456 } }, 'running: 46 %'],
  [{ state: 'running', attempt: 1, progress: { done: 3, total: 4 } }, 'running: 75 % 3/4'],
  [{ state: 'running', attempt: 1, progress: { message: 'rows' } }, 'running: rows'],
])('progress %j is told as %s', (data, words) => {
  expect(describeProgress({ type: 'mail', queue: 'default', ...data })).toBe(words);
});

test('job wait says in words how the job ended, and gives up at its time limit', async () => {
  server.addJob({ type: 'mail' });
  expect(await run(['job', 'wait', '1', '--timeout', '20ms'])).toMatchObject({ exitCode: 75 });
  const error = { name: 'Error', message: 'no paper' };
  server.setJob('1', 'failed', { reason: 'exhausted', error, attempt: 3, duration: 1234.5 });
  const result = await run(['job', 'wait', '1']);
  expect(result.exitCode).toBe(1);
  expect(result.stdout).toBe(
    'job 1 (mail) failed (exhausted) after 3 attempts, 1.23 s\nerror: Error: no paper\n',
  );
});

test('job list prints a table, its JSON has jobs and next', async () => {
  for (const type of ['mail', 'import']) server.addJob({ type, userId: 'ada' });
  const table = (await run(['job', 'list', '--state', 'queued', '-n', '5'])).stdout.split('\n');
  expect(table[0]).toMatch(/^ID +TYPE +QUEUE +ATTEMPT +CREATED +DURATION +USER +STATE$/);
  expect(table[1]).toMatch(/^2 +import +default +0 +2026-01-02T03:04:05.678Z +- +ada +queued$/);
  expect(Object.fromEntries(lastAsked()?.query ?? [])).toEqual({ state: 'queued', limit: '5' });
  const page = JSON.parse((await run(['job', 'list', '--json'])).stdout);
  expect(page).toMatchObject({ jobs: [{ id: '2' }, { id: '1' }], next: null });
});

test('colour is for terminals only, and for none with NO_COLOR', async () => {
  server.setJob(server.addJob({ type: 'mail' }).id, 'failed');
  const coloured = `${String.fromCharCode(27)}[31mfailed`;
  expect((await run(['job', 'list'], { isTerminal: true })).stdout).toContain(coloured);
  expect((await run(['job', 'list'])).stdout).not.toContain(coloured);
  const environment = { NO_COLOR: '1' };
  expect((await run(['job', 'list'], { isTerminal: true, environment })).stdout).not.toContain(
    coloured,
  );
});

test('job show prints the whole job; an unknown id is E_NOT_FOUND', async () => {
  server.addJob({ type: 'mail', payload: { to: 'ada' } });
  expect((await run(['job', 'show', '1'])).stdout).toContain('payload   {"to":"ada"}');
  const job = JSON.parse((await run(['job', 'show', '1', '--json'])).stdout);
  expect(job).toMatchObject({ id: '1', type: 'mail', state: 'queued', reason: null, result: null });
  expect(job).toMatchObject({ error: null, attempts: [] });
  expect(await run(['job', 'show', '9'])).toMatchObject({ exitCode: 66, stdout: '' });
});

test('job cancel and job retry print the job after the change', async () => {
  server.addJob({ type: 'mail' });
  expect((await run(['job', 'cancel', '1'])).stdout).toBe('job 1 (mail) is cancelled\n');
  expect((await run(['job', 'retry', '1'])).stdout).toBe('job 1 (mail) is to run again\n');
  await run(['job', 'cancel', '1']);
  expect(JSON.parse((await run(['job', 'retry', '1', '--json'])).stdout)).toMatchObject({
    state: 'queued',
  });
});

const OLDEST = { id: '7', since: '2026-01-02T03:04:05.678Z', latency: 1_500, isExact: true };

test('queues are listed, paused and resumed', async () => {
  const jobs = { waiting: 5, scheduled: 1, queued: 2, running: 3, retrying: 4 };
  const throughput = { lastMinute: 0.25, lastFiveMinutes: 1 };
  const queue = { name: 'fast', mode: 'paused', paused: true, jobs, oldest: OLDEST, throughput };
  server.routes.set('GET /v1/queues', () => ({ queues: [queue] }));
  server.routes.set('POST /v1/queues/:name/pause', () => queue);
  server.routes.set('POST /v1/queues/:name/resume', () => ({ ...queue, paused: false }));
  expect((await run(['queue', 'list'])).stdout).toMatch(
    /fast +5 +1 +2 +3 +4 +1\.50 s +0\.25 +paused\n$/,
  );
  expect(JSON.parse((await run(['queue', 'list', '--json'])).stdout)).toEqual({ queues: [queue] });
  expect(JSON.parse((await run(['queue', 'pause', 'fast', '--json'])).stdout)).toEqual(queue);
  expect((await run(['queue', 'resume', 'fast'])).stdout).toBe('queue fast is open\n');
});

test('event publish sends an array, an empty one when omitted, and refuses anything else', async () => {
  await run(['event', 'publish', 'datasetUpdate', 'd1', '[{"rows":5}]']);
  const result = await run(['event', 'publish', 'datasetUpdate', 'd1', '--json']);
  expect(JSON.parse(result.stdout)).toMatchObject({
    seq: '2',
    prev: '1',
    type: 'datasetUpdate',
    data: [],
  });
  expect(server.log.map((row) => row.data)).toEqual([[{ rows: 5 }], []]);
  const refused = await run(['event', 'publish', 'datasetUpdate', 'd1', '{}', '--json']);
  expect(refused.exitCode).toBe(65);
  expect(errorOf(refused)).toMatchObject({ code: 'E_INVALID_REQUEST' });
  expect(server.log).toHaveLength(2);
});

test('event tail prints one JSON object a line, from a position and of the asked topics', async () => {
  for (const id of ['a', 'b', 'a']) server.append({ type: 'issueUpdate', id, data: [] });
  server.append({ type: 'uploadFile', id: 'x/y', data: [1] });
  const argv = [
    'event',
    'tail',
    'issueUpdate/a',
    'uploadFile',
    '--since',
    '1',
    '-n',
    '2',
    '--json',
  ];
  const lines = (await run(argv)).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ seq, type, id }) => [seq, type, id])).toEqual([
    ['3', 'issueUpdate', 'a'],
    ['4', 'uploadFile', 'x/y'],
  ]);
  const words = await run(['event', 'tail', '--since', '3', '-n', '1']);
  expect(words.stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} 4 uploadFile\/x\/y 1\n$/);
});

test('event tail says so when the position is no longer in the log', async () => {
  for (const id of ['a', 'b', 'c']) server.append({ type: 'issueUpdate', id, data: [] });
  server.log = server.log.slice(2);
  const result = await run(['event', 'tail', '--since', '0', '-n', '1']);
  expect(result.stderr).toContain('events after 0 are no longer in the log');
  expect(result.stdout).toContain('issueUpdate/c');
});

test('users and grants', async () => {
  const user = { id: 'ada', name: 'Ada', active: true, createdAt: '2026-01-02T03:04:05.678Z' };
  const grant = { user: 'ada', type: 'datasetUpdate', id: '*' };
  server.routes.set('POST /v1/users', () => user);
  server.routes.set('GET /v1/users', () => ({ users: [user] }));
  server.routes.set('DELETE /v1/users/:id', () => undefined);
  server.routes.set('POST /v1/grants', () => grant);
  server.routes.set('GET /v1/grants', () => ({ grants: [grant] }));
  server.routes.set('DELETE /v1/grants', () => undefined);
  expect(JSON.parse((await run(['user', 'add', 'ada', '--name', 'Ada', '--json'])).stdout)).toEqual(
    user,
  );
  expect(lastAsked()?.body).toEqual({ id: 'ada', name: 'Ada' });
  expect((await run(['user', 'list'])).stdout).toMatch(
    /ada +Ada +2026-01-02T03:04:05.678Z +active\n$/,
  );
  expect(JSON.parse((await run(['user', 'list', '--json'])).stdout)).toEqual({ users: [user] });
  expect((await run(['user', 'remove', 'ada'])).stdout).toBe('user ada is removed\n');
  expect(
    JSON.parse((await run(['access', 'grant', 'ada', 'datasetUpdate', '*', '--json'])).stdout),
  ).toEqual(grant);
  expect((await run(['access', 'list', '--user', 'ada'])).stdout).toMatch(
    /ada +datasetUpdate +\*\n$/,
  );
  expect(lastAsked()?.query.get('user')).toBe('ada');
  const revoked = await run(['access', 'revoke', 'ada', 'datasetUpdate', '*', '--json']);
  expect(JSON.parse(revoked.stdout)).toEqual({ ...grant, revoked: true });
});

const REPORT = {
  ...{
    state: 'connected',
    url: 'http://localhost:3000',
    pending: 2,
    cursor: '17',
    acknowledge: 'auto',
  },
  ...{ reported: 5, lastError: null, counts: { connect: 1 } },
};

test('report status and report retry print how reporting stands', async () => {
  server.routes.set('GET /v1/report', () => REPORT);
  server.routes.set('POST /v1/report/retry', () => ({ ...REPORT, state: 'connecting' }));
  expect((await run(['report', 'status'])).stdout).toContain('pending      2\n');
  expect(JSON.parse((await run(['report', 'status', '--json'])).stdout)).toEqual(REPORT);
  expect((await run(['report', 'retry'])).stdout).toContain('state        connecting\n');
});

test('status prints the service at a glance, and as JSON what the daemon said', async () => {
  const status = {
    ...{
      ready: true,
      version: '0.1.0',
      dataDirectory: '/data',
      startedAt: '2026-01-02T03:04:05.678Z',
    },
    processes: [{ role: 'core', pid: 12, state: 'ready', restarts: 0, since: null }],
    jobs: { queued: 3, running: 1 },
    dead: 2,
    oldest: { ...OLDEST, queue: 'slow' },
    executors: { total: 2, ready: 1, slots: 8, running: 1 },
    report: REPORT,
    gateway: { address: '::', port: 8081, path: '/ws' },
    subscribers: {
      ...{ gateways: 2, silent: 0, connections: 3, room: 900 },
      ...{ refused: 0, subscriptions: 5, lag: 0 },
    },
    log: { epoch: 'e', top: '9', oldest: '1' },
  };
  server.routes.set('GET /v1/status', () => status);
  const text = (await run(['status'])).stdout;
  expect(text).toContain('events   ws://[::]:8081/ws, 3 of 900 connections, 5 subscriptions\n');
  expect(text).toContain('jobs     3 queued, 1 running\n');
  expect(text).toContain('workers  1 of 2 ready, 1 of 8 slots busy\n');
  expect(text).toContain('oldest   job 7 waits in slow for 1.50 s\n');
  expect(text).toContain('dead     2 failed, to be looked at');
  expect(text).toMatch(/core +12 +0 +- +- +- +ready\n/);
  expect(text).toContain('! 2 failed jobs are kept\n  → look at them: `taskbell job list');
  const { problems, ...told } = JSON.parse((await run(['status', '--json'])).stdout);
  expect(told).toEqual(status);
  expect(problems).toMatchObject([{ level: 'warn', remedy: expect.any(String) }]);
  expect(server.asked.at(-1)?.query.get('details')).toBe('1');
});

test('status says what is wrong with the gateways: behind, silent, without room', async () => {
  const subscribers = {
    ...{ gateways: 2, silent: 1, connections: 3, room: null },
    ...{ refused: 4, subscriptions: 5, lag: 12 },
  };
  const nothing = { processes: [], jobs: {}, dead: 0, oldest: null, gateway: null };
  const executors = { total: 0, ready: 0, slots: 0, running: 0 };
  server.routes.set('GET /v1/status', () => ({
    ...{ ...nothing, executors, report: REPORT, subscribers },
    ...{ ready: true, version: '0.1.0', dataDirectory: '/data', startedAt: '' },
  }));
  expect((await run(['status'])).stdout).toContain(
    'events   not served, 3 connections, 5 subscriptions, 4 refused, 12 events behind, without 1 of 2 gateways\n',
  );
});

test('without a daemon a command exits with 69 and says how to start one', async () => {
  await server.goAway();
  const result = await run(['status']);
  expect(result).toMatchObject({ exitCode: 69, stdout: '' });
  expect(result.stderr).toContain('taskbell up');
  expect(errorOf(await run(['job', 'list', '--json']))).toMatchObject({
    code: 'E_DAEMON_UNREACHABLE',
  });
});

test('an unexpected failure is E_INTERNAL with exit code 70', async () => {
  server.routes.set('GET /v1/jobs', () => {
    throw new TaskbellError('E_INTERNAL', 'Something broke.');
  });
  expect(await run(['job', 'list'])).toMatchObject({ exitCode: 70 });
});
