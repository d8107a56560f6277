/** The executors as an operator meets them over the control API. */
import { beforeEach, describe, expect, it } from 'vitest';
import { identityOf } from '../../src/process/process-identity.ts';
import type { BlockedMessage } from '../../src/protocol/execute.ts';
import type { AwakeCore } from './awake-core.ts';
import { usePool } from './pool-fixture.ts';
import { fenceOf, ScriptedExecutor } from './scripted-executor.ts';

const { adopt, current, executor, startOne } = usePool();
let core: AwakeCore;
beforeEach(() => {
  core = current();
});

const pidOf = (one: ScriptedExecutor) => one.identity.pid;

/** An executor that says in its hello whose place it takes. */
async function successorOf(former: ScriptedExecutor): Promise<ScriptedExecutor> {
  const next = new ScriptedExecutor(core.socketPath);
  adopt(next);
  await next.open();
  next.say({ ...next.hello(), predecessor: pidOf(former) });
  await next.until(() => next.all('welcome').length === 1, 'welcome');
  return next;
}

describe('the list of executors', () => {
  it('tells what each runs and has run, and how much memory it has', async () => {
    const one = await executor({ slots: 3, types: ['mail', 'scan'] });
    const done = await startOne(one);
    one.end(done);
    await one.confirms(done);
    await startOne(one);
    const { body } = await core.get('/v1/workers');
    expect(body.workers).toEqual([
      {
        ...{ executor: one.name, pid: pidOf(one), supervisorPid: process.pid, startedAt: null },
        ...{ state: 'ready', only: null, types: ['mail', 'scan'], problems: [], queues: [] },
        ...{ slots: 3, running: 1, done: 1, residentBytes: expect.any(Number) },
      },
    ]);
  });
});

describe('an executor that is to be quiet', () => {
  it('gets no more, and hears when nothing is on its way to it', async () => {
    const one = await executor();
    const answer = await core.post(`/v1/workers/${pidOf(one)}/quiet`);
    expect(answer).toMatchObject({ status: 200, body: { workers: [{ state: 'quiet' }] } });
    await one.until(() => one.all('quiet').length === 1, 'quiet');
    one.say({ kind: 'quiet' });
    await one.until(() => one.all('quieted').length === 1, 'quieted');
    await core.add('mail');
    // Whoever is still willing gets it, and that is not the first one.
    const two = await executor();
    await two.runs(1);
    expect(one.assigned).toEqual([]);
  });

  it('stays so over a lost connection', async () => {
    const one = await executor();
    await one.cut();
    await one.open();
    one.say({ ...one.hello(), quiet: true });
    await one.until(() => one.all('quieted').length === 1, 'quieted');
    expect((await core.get('/v1/workers')).body.workers).toMatchObject([{ state: 'quiet' }]);
  });

  it('is refused by its pid when there is none', async () => {
    expect(await core.post('/v1/workers/1/quiet')).toMatchObject({ status: 404 });
    expect(await core.post('/v1/workers/x/quiet')).toMatchObject({ status: 400 });
  });
});

describe('a restart', () => {
  it('goes on to the next executor when the former one is gone and its successor is here', async () => {
    const [one, two] = [await executor(), await executor()];
    const asked = core.post('/v1/workers/restart', { rolling: true });
    await one.until(() => one.all('replace').length === 1, 'replace');
    expect(one.all('replace')).toEqual([{ kind: 'replace', rolling: true, withinMs: null }]);
    const three = await successorOf(one);
    expect(two.all('replace')).toEqual([]);
    one.say({ kind: 'leaving' });
    await one.die();
    await two.until(() => two.all('replace').length === 1, 'replace');
    await two.die();
    const four = await successorOf(two);
    expect(await asked).toMatchObject({
      status: 200,
      body: {
        replaced: [
          { pid: pidOf(one), successor: pidOf(three) },
          { pid: pidOf(two), successor: pidOf(four) },
        ],
      },
    });
    expect(three.all('replace')).toEqual([]);
  });

  it('ends with the first executor that stays, and says why and how far it came', async () => {
    const [one, two] = [await executor(), await executor()];
    const asked = core.post('/v1/workers/restart', { rolling: true });
    await one.until(() => one.all('replace').length === 1, 'replace');
    one.say({ kind: 'kept', problem: 'mail.mjs: SyntaxError' });
    expect(await asked).toMatchObject({
      status: 422,
      body: {
        code: 'E_HANDLER',
        title: expect.stringContaining('mail.mjs: SyntaxError'),
        hint: '0 of 2 executors were replaced; the others go on as they were.',
      },
    });
    expect(two.all('replace')).toEqual([]);
  });

  it('asks all at once when it is not rolling, with the time that their jobs get', async () => {
    const [one, two] = [await executor(), await executor()];
    const asked = core.post('/v1/workers/restart', { timeoutMs: 500 });
    for (const each of [one, two]) await each.until(() => each.all('replace').length === 1, 'it');
    expect(two.all('replace')).toEqual([{ kind: 'replace', rolling: false, withinMs: 500 }]);
    for (const each of [one, two]) {
      await each.die();
      await successorOf(each);
    }
    expect((await asked).body.replaced).toHaveLength(2);
  });

  it('leaves alone who retires already, and who cannot be replaced', async () => {
    const retiring = await executor();
    const successor = await successorOf(retiring);
    const foreign = new ScriptedExecutor(core.socketPath);
    adopt(foreign);
    await foreign.open();
    foreign.say({ ...foreign.hello(), replaceable: false });
    await foreign.until(() => foreign.all('welcome').length === 1, 'welcome');
    const asked = core.post('/v1/workers/restart', {});
    await successor.until(() => successor.all('replace').length === 1, 'replace');
    await successor.die();
    await successorOf(successor);
    expect((await asked).body.replaced).toHaveLength(1);
    expect([...retiring.all('replace'), ...foreign.all('replace')]).toEqual([]);
  });

  it('refuses a request that it does not understand', async () => {
    expect(await core.post('/v1/workers/restart', { roling: true })).toMatchObject({ status: 400 });
    expect(await core.post('/v1/workers/restart', {})).toMatchObject({ body: { replaced: [] } });
  });
});

describe('a report that an event loop stands still', () => {
  async function report(on: ScriptedExecutor, fence: BlockedMessage['fence']): Promise<void> {
    const stack = '    at spin (file:///srv/jobs/mail.mjs:1:1)';
    const beside = new ScriptedExecutor(core.socketPath);
    adopt(beside);
    await beside.open();
    beside.say({ kind: 'blocked', executor: on.name, blockedMs: 5_000, stack, fence });
    const reported = () => core.lines.some(({ msg }) => msg.startsWith('a handler blocks'));
    await expect.poll(reported, { timeout: 20_000 }).toBe(true);
  }

  it('is over with a word that brings no news, and with a new connection', async () => {
    const one = await executor();
    const attempt = await startOne(one);
    const state = async () => (await core.get('/v1/workers')).body.workers[0].state;
    await report(one, null);
    expect(await state()).toBe('blocked');
    one.say({ kind: 'progress', progress: [] });
    await expect.poll(state, { timeout: 20_000 }).toBe('ready');
    core.lines.length = 0;
    await report(one, null);
    expect(await state()).toBe('blocked');
    await one.cut();
    await one.connect([fenceOf(attempt)]);
    expect(await state()).toBe('ready');
  });

  it('is in the log of the service and of the job, and shows until the executor speaks again', async () => {
    const one = await executor();
    const attempt = await startOne(one);
    await report(one, fenceOf(attempt));
    expect(core.lines.find(({ msg }) => msg.startsWith('a handler blocks'))).toMatchObject({
      ...{ level: 40, executor: one.name, job: attempt.id, type: 'mail' },
      stack: expect.stringContaining('spin'),
    });
    const state = async () => (await core.get('/v1/workers')).body.workers[0].state;
    expect(await state()).toBe('blocked');
    await expect
      .poll(async () => JSON.stringify((await core.get(`/v1/jobs/${attempt.id}/logs`)).body), {
        timeout: 20_000,
      })
      .toContain('blocks the event loop of its executor');
    one.end(attempt);
    await one.confirms(attempt);
    expect(await state()).toBe('ready');
  });

  it('is passed over when it comes from nobody', async () => {
    const stranger = new ScriptedExecutor(core.socketPath);
    adopt(stranger);
    await stranger.open();
    stranger.say({ kind: 'blocked', executor: 'x', blockedMs: 1, stack: '', fence: null });
    stranger.say(stranger.hello());
    await stranger.until(() => stranger.all('welcome').length === 1, 'welcome');
    expect(identityOf(pidOf(stranger)).startTime).not.toBe('');
  });
});
