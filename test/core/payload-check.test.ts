/** Payloads are checked by the handler's own schema before a job is accepted. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AwakeCore } from './awake-core.ts';
import { manifest, type Offer, ScriptedExecutor } from './scripted-executor.ts';

const WITH_SCHEMA = [manifest('mail', { schema: true })];

let core: AwakeCore;
const executors: ScriptedExecutor[] = [];
beforeEach(async () => {
  core = new AwakeCore('[job:archive]\ncommand = tar\n');
  core.expectExecutors = true;
  core.knowType('mail');
  await core.wake();
});
afterEach(async () => {
  for (const executor of executors.splice(0)) await executor.dispose();
  await core.dispose();
});

async function executor(offer: Offer): Promise<ScriptedExecutor> {
  const started = await ScriptedExecutor.start(core.socketPath, offer);
  executors.push(started);
  return started;
}

async function answer(on: ScriptedExecutor, problem: string | null): Promise<void> {
  const asked = () => on.all('validate').at(-1);
  await on.until(() => asked() !== undefined, 'the question');
  on.say({ kind: 'validated', rid: asked()?.rid, problem });
}

const jobs = async () => (await core.get('/v1/jobs')).body.jobs.length;

test('an add that comes before the first executor waits for it, and is judged by it', async () => {
  const adding = core.post('/v1/jobs', { type: 'mail', payload: { to: 5 } });
  const one = await executor({ types: WITH_SCHEMA });
  await answer(one, 'to: expected text');
  expect(await adding).toMatchObject({
    status: 422,
    body: {
      code: 'E_PAYLOAD_INVALID',
      title: expect.stringMatching(/schema of mail.*to: expected text/),
    },
  });
  expect(await jobs()).toBe(0);
});

test('a payload that the schema takes is accepted, and runs', async () => {
  const one = await executor({ types: WITH_SCHEMA });
  const adding = core.post('/v1/jobs', { type: 'mail', payload: { to: 'ada' } });
  await answer(one, null);
  expect((await adding).status).toBe(201);
  await one.runs(1);
});

test('one bad payload of an array is named by its place, and none is added', async () => {
  const one = await executor({ types: WITH_SCHEMA });
  const adding = core.post('/v1/jobs', [
    { type: 'mail', payload: 1 },
    { type: 'mail', payload: 2 },
  ]);
  await one.until(() => one.all('validate').length === 2, 'both questions');
  for (const { rid, payload } of one.all('validate')) {
    one.say({ kind: 'validated', rid, problem: payload === 2 ? 'too big' : null });
  }
  expect((await adding).body.title).toMatch(/schema of mail \(job 2 of the array\): too big/);
  expect(await jobs()).toBe(0);
});

test('nobody is asked for a type without a schema, and for a command nobody is waited for', async () => {
  expect((await core.post('/v1/jobs', { type: 'archive' })).status).toBe(201);
  const one = await executor({ types: ['mail'] });
  expect((await core.post('/v1/jobs', { type: 'mail' })).status).toBe(201);
  expect(one.all('validate')).toEqual([]);
});

test('a handler that cannot be loaded is not waited for: its jobs are kept until it can', async () => {
  await executor({ types: [manifest('mail', { schema: true, problem: 'mail.mjs: SyntaxError' })] });
  const startedMono = performance.now();
  expect((await core.post('/v1/jobs', { type: 'mail' })).status).toBe(201);
  expect(performance.now() - startedMono).toBeLessThan(2_000);
});

test('a handler that came after the start is not waited for either', async () => {
  await executor({ types: ['mail'] });
  core.knowType('scan');
  const startedMono = performance.now();
  expect((await core.post('/v1/jobs', { type: 'scan' })).status).toBe(201);
  expect(performance.now() - startedMono).toBeLessThan(2_000);
});

test('an answer to a question that nobody asked is passed over', async () => {
  const one = await executor({ types: WITH_SCHEMA });
  one.say({ kind: 'validated', rid: 999, problem: 'what?' });
  const adding = core.post('/v1/jobs', { type: 'mail' });
  await answer(one, null);
  expect((await adding).status).toBe(201);
});
