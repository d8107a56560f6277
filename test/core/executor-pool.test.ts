/** The pool as an executor meets it: fences, reconnects, deaths. */
import { spawn } from 'node:child_process';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { identityOf, isAlive } from '../../src/process/process-identity.ts';
import { EXECUTOR_MARK } from '../../src/protocol/execute.ts';
import type { AwakeCore } from './awake-core.ts';
import { usePool } from './pool-fixture.ts';
import { fenceOf, manifest, ScriptedExecutor } from './scripted-executor.ts';

const { adopt, current, executor, startOne } = usePool();
let core: AwakeCore;
beforeEach(() => {
  core = current();
});

async function outcomesOf(id: string): Promise<readonly string[]> {
  return (await core.job(id)).attempts.map(({ outcome }) => outcome);
}

describe('an attempt', () => {
  it('is handed out with all that it needs, and confirmed when its end is committed', async () => {
    const one = await executor();
    const attempt = await startOne(one, { payload: { to: 'ada' }, userId: 'u1', timeoutMs: 5_000 });
    expect(attempt).toEqual({
      ...{ id: attempt.id, attempt: 1, type: 'mail', queue: 'default', payload: { to: 'ada' } },
      ...{ userId: 'u1', group: null, createdAt: expect.any(Number), timeoutMs: 5_000 },
      failures: 0,
    });
    one.end({ ...attempt, result: { sent: 1 } });
    await one.confirms(attempt);
    expect(await core.job(attempt.id)).toMatchObject({ state: 'succeeded', result: { sent: 1 } });
  });

  it('whose end carries another fence changes nothing, and is confirmed so that it can be forgotten', async () => {
    const one = await executor();
    const attempt = await startOne(one);
    const stale = { id: attempt.id, attempt: 7 };
    one.end(stale);
    await one.confirms(stale);
    expect((await core.job(attempt.id)).state).toBe('running');
    one.end(attempt);
    await one.confirms(attempt);
    one.end({ ...attempt, outcome: 'error', error: { name: 'Error', message: 'too late' } });
    await one.until(() => one.confirmed.length === 3, 'the third confirmation');
    expect(await core.job(attempt.id)).toMatchObject({
      state: 'succeeded',
      attempts: [{ outcome: 'succeeded' }],
    });
  });

  it('fails for good when it emits an event of a type that does not exist', async () => {
    const one = await executor();
    const attempt = await startOne(one);
    one.end({ ...attempt, events: [{ type: 'unheardOf', id: '1', data: [] }] });
    expect(await core.ended(attempt.id)).toMatchObject({
      state: 'failed',
      error: { name: 'EventError', message: expect.stringContaining('unheardOf') },
    });
  });

  it('fails for good when the data of its event is beyond its bounds', async () => {
    const one = await executor();
    const attempt = await startOne(one);
    let data: unknown[] = [];
    for (let depth = 0; depth < 32; depth += 1) data = [data];
    one.end({ ...attempt, events: [{ type: 'issueUpdate', id: '1', data: data as never }] });
    expect(await core.ended(attempt.id)).toMatchObject({
      state: 'failed',
      error: { name: 'EventError', message: expect.stringContaining('nested too deeply') },
    });
    expect((await core.get('/v1/events?type=issueUpdate')).body.events).toEqual([]);
  });

  it('has its log lines and progress kept', async () => {
    const one = await executor();
    const attempt = await startOne(one);
    const fence = fenceOf(attempt);
    one.say({
      kind: 'log',
      lines: [{ ...fence, level: 'warn', line: 'careful', at: Date.now() + 0.5 }],
    });
    one.say({ kind: 'progress', progress: [{ ...fence, value: { fraction: 0.5 } }] });
    one.end(attempt);
    await one.confirms(attempt);
    const { body } = await core.get(`/v1/jobs/${attempt.id}/logs`);
    expect(body.lines).toMatchObject([{ n: 1, attempt: 1, level: 'warn', line: 'careful' }]);
    const { body: page } = await core.get(`/v1/events?type=job&id=${attempt.id}`);
    expect(
      page.events.map(
        ({ data: [{ state, progress }] }: { data: [{ state: string; progress?: object }] }) =>
          progress ?? state,
      ),
    ).toEqual(['queued', 'running', { fraction: 0.5 }, 'succeeded']);
  });
});

describe('a connection that is lost', () => {
  it('costs nothing: what the executor still holds goes on in the same attempt', async () => {
    const one = await executor();
    const attempt = await startOne(one);
    await one.cut();
    expect((await core.job(attempt.id)).state).toBe('running');
    await one.connect([fenceOf(attempt)]);
    expect(one.all('welcome').at(-1)).toEqual({ kind: 'welcome', forget: [] });
    one.end(attempt);
    await one.confirms(attempt);
    expect(await outcomesOf(attempt.id)).toEqual(['succeeded']);
  });

  it('returns what never reached the executor, uncharged', async () => {
    const one = await executor();
    const attempt = await startOne(one, { retries: 0 });
    await one.cut();
    await one.connect([]);
    const [, again] = await one.runs(2);
    expect(again).toMatchObject({ id: attempt.id, attempt: 2, failures: 0 });
    expect(await outcomesOf(attempt.id)).toEqual(['interrupted', 'running']);
  });

  it('tells the executor to forget what is not its own any more', async () => {
    const one = await executor();
    await one.cut();
    await one.connect([{ id: '77', attempt: 1 }]);
    expect(one.all('welcome').at(-1)?.forget).toEqual([{ id: '77', attempt: 1 }]);
  });

  it('may lose a confirmation: the end is told again, recorded once and confirmed', async () => {
    const one = await executor();
    const attempt = await startOne(one);
    one.end(attempt);
    await one.confirms(attempt);
    await one.cut();
    await one.connect([fenceOf(attempt)]);
    expect(one.all('welcome').at(-1)?.forget).toEqual([fenceOf(attempt)]);
    const { body } = await core.get(`/v1/events?type=job&id=${attempt.id}`);
    expect(body.events.map(({ data }: { data: [{ state: string }] }) => data[0].state)).toEqual([
      'queued',
      'running',
      'succeeded',
    ]);
  });

  it('over a restart of the core is taken up by the next core, and the outcome told then', async () => {
    const one = await executor();
    const attempt = await startOne(one);
    await core.sleep();
    await core.wake();
    await one.connect([fenceOf(attempt)]);
    one.end({ ...attempt, result: 'late' });
    await one.confirms(attempt);
    expect(await core.job(attempt.id)).toMatchObject({
      state: 'succeeded',
      attempt: 1,
      result: 'late',
    });
  });
});

describe('an executor that dies', () => {
  it('has its attempt returned and charged with a crash; the third one is quarantined', async () => {
    let id = '';
    for (const attempt of [1, 2, 3]) {
      const one = await executor();
      if (id === '') ({ id } = await core.add('mail'));
      await one.until(
        () => one.assigned.some((each) => each.id === id && each.attempt === attempt),
        `attempt ${attempt}`,
      );
      await one.die();
    }
    const job = await core.ended(id);
    expect(job).toMatchObject({ state: 'failed', reason: 'crash', error: { name: 'crash' } });
    expect(job.attempts.map(({ outcome }) => outcome)).toEqual(['crash', 'crash', 'crash']);
  });

  it.each([
    ['said that it was leaving', (one: ScriptedExecutor) => one.say({ kind: 'leaving' })],
    ['had gone quiet', (one: ScriptedExecutor) => one.say({ kind: 'quiet' })],
    [
      'is being stopped by its supervisor',
      (one: ScriptedExecutor) => {
        core.processes = [
          {
            role: 'executor',
            pid: one.process.pid ?? 0,
            state: 'stopping',
            restarts: 0,
            since: null,
          },
        ];
      },
    ],
  ])('and %s has its attempt returned uncharged', async (_why, announce) => {
    const one = await executor();
    const attempt = await startOne(one);
    announce(one);
    await core.get('/v1/status');
    await one.die();
    const two = await executor();
    await two.runs(1);
    expect(await outcomesOf(attempt.id)).toEqual(['interrupted', 'running']);
  });

  it('together with its supervisor is innocent', async () => {
    const one = new ScriptedExecutor(core.socketPath);
    const supervisor = new ScriptedExecutor(core.socketPath);
    adopt(one);
    adopt(supervisor);
    one.supervisorPid = supervisor.process.pid ?? 0;
    await one.connect();
    const attempt = await startOne(one);
    await supervisor.die();
    await one.die();
    await (await executor()).runs(1);
    expect(await outcomesOf(attempt.id)).toEqual(['interrupted', 'running']);
  });

  it('as stuck has the named attempt end as it said, and its neighbour returned uncharged', async () => {
    const one = await executor();
    const [deaf, neighbour] = [await startOne(one, { retries: 0 }), await startOne(one)];
    one.say({ kind: 'stuck', fences: [{ ...fenceOf(deaf), outcome: 'timeout' }] });
    await core.get('/v1/status');
    await one.die();
    expect(await core.ended(deaf.id)).toMatchObject({ state: 'failed', reason: 'timeout' });
    await (await executor()).runs(1);
    expect(await outcomesOf(neighbour.id)).toEqual(['interrupted', 'running']);
  });

  it.each([
    ['a process group that it named', { detached: true, marked: false }],
    ['a process that carries its mark', { detached: false, marked: true }],
  ])('has %s ended before its attempt is handed out again', async (_what, { detached, marked }) => {
    const one = await executor();
    const attempt = await startOne(one);
    const env = marked ? { ...process.env, [EXECUTOR_MARK]: one.name } : process.env;
    const command = spawn('sleep', ['1000'], { stdio: 'ignore', detached, env });
    onTestFinished(() => void command.kill('SIGKILL'));
    const identity = identityOf(command.pid ?? -1);
    if (!marked) one.say({ kind: 'spawned', ...fenceOf(attempt), group: identity });
    await core.get('/v1/status');
    await one.die();
    await (await executor()).runs(1);
    expect(isAlive(identity)).toBe(false);
  });

  it('after it was taken up by another core is charged as any other', async () => {
    const one = await executor();
    const attempt = await startOne(one);
    await core.sleep();
    await core.wake();
    await one.connect([fenceOf(attempt)]);
    const aliveAt = Date.now();
    await one.die();
    await (await executor()).runs(1);
    const [first, second] = (await core.job(attempt.id)).attempts;
    expect([first?.outcome, second?.outcome]).toEqual(['crash', 'running']);
    // What it ran under the former core counts; both clocks are read in whole milliseconds.
    const ranMs = aliveAt - Date.parse(first?.startedAt ?? '');
    expect(first?.duration).toBeGreaterThan(ranMs - 5);
  });
});

describe('cancel', () => {
  it('reaches the executor, and whatever the attempt ends as, the job is cancelled', async () => {
    const one = await executor();
    const attempt = await startOne(one);
    expect((await core.post(`/v1/jobs/${attempt.id}/cancel`)).status).toBe(200);
    await one.until(() => one.all('cancel').length === 1, 'the cancel');
    expect(one.all('cancel')[0]).toEqual({ kind: 'cancel', ...fenceOf(attempt) });
    one.end({ ...attempt, outcome: 'error', error: { name: 'Error', message: 'gave up' } });
    expect(await core.ended(attempt.id)).toMatchObject({ state: 'cancelled', reason: null });
  });

  it('while the executor is away is told when it comes back', async () => {
    const one = await executor();
    const attempt = await startOne(one);
    await one.cut();
    await core.post(`/v1/jobs/${attempt.id}/cancel`);
    await one.connect([fenceOf(attempt)]);
    await one.until(() => one.all('cancel').length === 1, 'the cancel');
    one.end({ ...attempt, outcome: 'cancelled' });
    expect(await core.ended(attempt.id)).toMatchObject({ state: 'cancelled' });
  });
});

describe('a schema', () => {
  it('is asked of an executor before a job is accepted', async () => {
    const one = await executor({ types: [manifest('mail', { schema: true })] });
    const adding = core.post('/v1/jobs', { type: 'mail', payload: { to: 5 } });
    await one.until(() => one.all('validate').length === 1, 'the question');
    const [question] = one.all('validate');
    expect(question).toMatchObject({ type: 'mail', payload: { to: 5 } });
    one.say({ kind: 'validated', rid: question?.rid, problem: 'to: expected text' });
    expect(await adding).toMatchObject({ status: 422, body: { code: 'E_PAYLOAD_INVALID' } });
    expect((await core.get('/v1/jobs')).body.jobs).toEqual([]);
  });
});
