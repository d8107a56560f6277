/** From `job add` to `Task Finish` at a receiving service and an event in a subscriber's WebSocket. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ProcessView } from '../../src/protocol/supervision.ts';
import { Receiver } from '../report/receiver.ts';
import { type Daemon, outcomes, Site, until } from './daemon.ts';
import { Subscriber } from './subscriber.ts';

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const receiver = new Receiver({ path: '/api/v1/org-socket' });
let site: Site;
let daemon: Daemon;
let subscriber: Subscriber;

beforeAll(async () => {
  await receiver.up();
  site = new Site(`[webSocket]
url = ${receiver.url}
path = /api/v1/org-socket
defaultUserId = 4064c2b2-0414-464a-97c6-4a47c325b9a3
[job:quiet]
command = true
report = false
[auth]
publicKeyFile = ./keys/public.pem
privateKeyFile = ./keys/private.pem
`);
  await site.run(['init']);
  daemon = await site.up();
  subscriber = await Subscriber.connect(site, 'ada');
});

afterAll(async () => {
  await subscriber?.close();
  await site.dispose();
  await receiver.down();
});

test('a job that succeeds is a Task Finish with exactly the fixed payload, and its events reach a subscriber', async () => {
  for (const [type, id] of [
    ['datasetUpdate', 'd1'],
    ['uploadFile', 'f1'],
  ] as const) {
    expect(await subscriber.ask('attach', type, id)).toBe('{"status":200,"message":"Ok","code":0}');
  }
  const { id } = await site.json('job', 'add', 'publish', '{}');
  await receiver.until(() => receiver.received.length === 1, 'the report');
  const [report] = receiver.received;
  expect(report?.event).toBe('task');
  expect(report?.args).toEqual([
    {
      success: true,
      message: 'Task Finish',
      payload: {
        completedAt: expect.stringMatching(ISO),
        taskType: 'publish',
        duration: expect.any(Number),
        status: 'success',
        jobId: id,
        eventId: expect.stringMatching(/^.+-\d+$/),
        attempts: 1,
      },
    },
    { userId: '4064c2b2-0414-464a-97c6-4a47c325b9a3' },
  ]);
  await subscriber.until(() => subscriber.pushes.length === 2);
  expect(subscriber.pushes).toEqual([
    '{"type":"datasetUpdate","id":"d1","data":[{"rows":3}]}',
    '{"type":"uploadFile","id":"f1","data":[]}',
  ]);
  const shown = await site.json('job', 'show', id);
  expect(shown).toMatchObject({
    id,
    type: 'publish',
    state: 'succeeded',
    reason: null,
    error: null,
  });
  expect(shown.result).toEqual({ user: null, attempt: 1 });
  expect(shown.attempts).toHaveLength(1);
});

test('every state of a job is an event of type job', async () => {
  const { id } = await site.json('job', 'add', 'echo', '{"n":1}', '--delay', '1s', '--user', 'ada');
  expect(await subscriber.ask('attach', 'job', id)).toContain('"code":0');
  const states = () => subscriber.jobStates(id);
  await subscriber.until(() => states().includes('succeeded'));
  expect(states()).toEqual(['queued', 'running', 'succeeded']);
});

test('a job that fails is retried, then reported as Task Failed with error and stack, to its own user', async () => {
  const seen = receiver.received.length;
  const { id } = await site.json('job', 'add', 'flaky', '{"until":9}', '--user', 'ada');
  await receiver.until(() => receiver.received.length === seen + 1, 'the report of the failure');
  const [message, user] = argumentsOf(seen);
  expect(user).toEqual({ userId: 'ada' });
  expect(message).toMatchObject({ success: false, message: 'Task Failed' });
  expect(Object.keys(message.payload).slice(0, 6)).toEqual([
    'completedAt',
    'taskType',
    'duration',
    'status',
    'error',
    'stackTrace',
  ]);
  expect(message.payload).toMatchObject({
    taskType: 'flaky',
    status: 'failed',
    error: 'attempt 3 broke',
    stackTrace: expect.stringMatching(/^RangeError: attempt 3 broke\n {4}at /),
    attempts: 3,
  });
  const job = await site.json('job', 'show', id);
  expect(job).toMatchObject({
    state: 'failed',
    reason: 'exhausted',
    error: { name: 'RangeError' },
  });
  expect(outcomes(job)).toEqual(['error', 'error', 'error']);
});

test('a job that fails first and succeeds then is one Task Finish', async () => {
  const seen = receiver.received.length;
  const { id } = await site.json('job', 'add', 'flaky', '{"until":2}');
  await receiver.until(() => receiver.received.length === seen + 1, 'the report');
  expect(receiver.received[seen]?.args[0]).toMatchObject({
    message: 'Task Finish',
    payload: { jobId: id, attempts: 2 },
  });
});

test('a type with report = false is not reported', async () => {
  const seen = receiver.received.length;
  for (const type of ['quiet', 'echo']) await site.api.wait((await site.api.add(type)).id);
  await receiver.until(() => receiver.received.length > seen, 'the report of the other type');
  const [message] = argumentsOf(seen);
  expect(message).toMatchObject({ payload: { taskType: 'echo' } });
});

test('report status counts what was acknowledged and has nothing pending', async () => {
  const reports = receiver.received.length;
  await until(async () => (await site.api.report()).pending === 0, 'all acknowledged');
  expect(await site.json('report', 'status')).toMatchObject({
    state: 'connected',
    url: receiver.url,
    pending: 0,
    reported: reports,
    // It began as auto, and the receiver acknowledges.
    acknowledge: 'required',
    lastError: null,
  });
  expect((await site.run(['report', 'status'])).stdout).toMatch(/^state +connected\n/);
});

test('what ended while the receiving service was away is reported in order when it is back', async () => {
  const seen = receiver.received.length;
  await receiver.down();
  const ids: string[] = [];
  for (const n of [1, 2, 3]) {
    const { id } = await site.api.add('echo', n);
    await site.api.wait(id);
    ids.push(id);
  }
  expect((await site.api.report()).pending).toBe(3);
  await receiver.up();
  await receiver.until(() => receiver.received.length >= seen + 3, 'the three reports');
  const reported = receiver.received
    .slice(seen)
    .map(({ args }) => (args[0] as { payload: { jobId: string } }).payload.jobId);
  expect(reported).toEqual(ids);
});

test('status shows every process, the counts and where events are served', async () => {
  const status = await site.json('status');
  expect(status).toMatchObject({ ready: true, dataDirectory: site.dataDirectory });
  expect(status.processes.map(({ role, state }: ProcessView) => `${role} ${state}`)).toEqual([
    'supervisor ready',
    'core ready',
    'executor ready',
    'gateway ready',
  ]);
  expect(
    status.processes.every(({ pid, restarts }: ProcessView) => (pid ?? 0) > 0 && restarts === 0),
  ).toBe(true);
  expect(status.jobs).toMatchObject({ queued: 0, running: 0, succeeded: 8, failed: 1 });
  expect(status.gateway).toMatchObject({ address: '127.0.0.1', path: '/ws' });
  expect(status.report.state).toBe('connected');
});

test('SIGTERM ends an idle daemon with 0, and nothing of it is left', async () => {
  await subscriber.close();
  expect(await daemon.stop()).toBe(0);
  expect(site.processes()).toEqual([]);
});

function argumentsOf(index: number): readonly [{ readonly payload: object }, object] {
  const report = receiver.received[index];
  if (report === undefined) throw new Error(`no report number ${index}`);
  return report.args as [{ payload: object }, object];
}
