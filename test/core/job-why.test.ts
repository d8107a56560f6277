/** `why`, statistics and the lines of a log, asked of the real core with executors that a script plays. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fence } from '../../src/protocol/execute.ts';
import type { WhyView } from '../../src/protocol/why.ts';
import { AwakeCore } from './awake-core.ts';
import { fenceOf, type Offer, ScriptedExecutor } from './scripted-executor.ts';

const LIMITS = '[queue:narrow]\nconcurrency = 1\n[queue:slow]\nrate = 1/1h\n';

let core: AwakeCore;
const executors: ScriptedExecutor[] = [];

beforeEach(async () => {
  core = await AwakeCore.start(LIMITS);
  for (const type of ['mail', 'scan']) core.knowType(type);
});

afterEach(async () => {
  for (const executor of executors.splice(0)) await executor.dispose();
  await core.dispose();
});

async function executor(offer: Offer = {}): Promise<ScriptedExecutor> {
  const one = await ScriptedExecutor.start(core.socketPath, offer);
  executors.push(one);
  return one;
}

async function handedOut(one: ScriptedExecutor, id: string): Promise<Fence> {
  await one.until(() => one.assigned.some((run) => run.id === id), `job ${id}`);
  return fenceOf(one.assigned.find((run) => run.id === id) as Fence);
}

async function why(id: string): Promise<WhyView> {
  return (await core.get(`/v1/jobs/${id}/why`)).body;
}

async function codes(id: string): Promise<readonly string[]> {
  return (await why(id)).reasons.map(({ code }) => code);
}

describe('why a job waits', () => {
  it('is told of an unknown job as of any other route', async () => {
    expect(await core.get('/v1/jobs/999/why')).toMatchObject({
      status: 404,
      body: { code: 'E_NOT_FOUND' },
    });
  });

  it('names the lack of an executor, then of its type, then of its queue', async () => {
    const { id } = await core.add('mail', { queue: 'fast' });
    expect(await codes(id)).toEqual(['no-executor']);
    const problem = 'mail.mjs: Unexpected token';
    const type = { name: 'mail', kind: 'module', schema: false, settings: {}, problem } as const;
    await executor({ types: [type] });
    expect((await why(id)).reasons).toMatchObject([
      { code: 'handler-problem', text: expect.stringContaining(problem) },
    ]);
    await executor({ types: ['mail'], queues: ['other'] });
    expect(await codes(id)).toEqual(['queue-not-served']);
  });

  it('names all slots as busy, and counts what goes before it', async () => {
    const one = await executor({ slots: 1 });
    const { pid } = one.identity;
    const first = await core.add('mail');
    await handedOut(one, first.id);
    await core.add('mail');
    const third = await core.add('mail');
    const view = await why(third.id);
    expect(view).toMatchObject({ id: third.id, type: 'mail', queue: 'default', state: 'queued' });
    expect(view.reasons).toMatchObject([
      { code: 'slots-busy', facts: { slots: 1, types: { mail: 1 } } },
      { code: 'behind', facts: { jobs: 1 } },
    ]);
    expect((await why(first.id)).reasons).toMatchObject([{ code: 'running', facts: { pid } }]);
  });

  it('names who holds its limit, and since when', async () => {
    const one = await executor({ slots: 4 });
    const holder = await core.add('mail', { queue: 'narrow', timeoutMs: 60_000 });
    const { id } = await core.add('mail', { queue: 'narrow' });
    await handedOut(one, holder.id);
    const [reason] = (await why(id)).reasons;
    expect(reason).toMatchObject({
      code: 'concurrency',
      facts: { key: 'queue narrow', limit: 1, jobs: [{ id: holder.id }] },
    });
    const { startedAt } = await core.job(holder.id);
    expect(Date.parse(String(reason?.facts.until)) - Date.parse(startedAt ?? '')).toBe(60_000);
  });

  it('names the next token of a rate', async () => {
    const one = await executor({ slots: 4 });
    await handedOut(one, (await core.add('mail', { queue: 'slow' })).id);
    const { id } = await core.add('mail', { queue: 'slow' });
    const [reason] = (await why(id)).reasons;
    expect(reason).toMatchObject({ code: 'rate', facts: { key: 'queue slow' } });
    expect(Date.parse(String(reason?.facts.until))).toBeGreaterThan(Date.now());
  });

  it('names the groups whose turn comes first, and not those that hold nothing more', async () => {
    const one = await executor({ slots: 1 });
    await handedOut(one, (await core.add('mail', { group: 'first' })).id);
    await core.add('mail', { group: 'second' });
    const { id } = await core.add('mail', { group: 'third' });
    expect((await why(id)).reasons).toMatchObject([
      { code: 'slots-busy' },
      { code: 'turns', facts: { group: 'third', before: 1 } },
    ]);
  });

  it('names its paused queue, its time and what it depends on', async () => {
    await executor();
    await core.post('/v1/queues/held/pause');
    const first = await core.add('mail', { queue: 'held' });
    expect(await codes(first.id)).toEqual(['queue-paused']);
    const late = await core.add('mail', { queue: 'held', delayMs: 60_000 });
    expect(await codes(late.id)).toEqual(['delayed', 'queue-paused']);
    const child = await core.add('mail', { after: [first.id, late.id] });
    expect((await why(child.id)).reasons).toMatchObject([
      { code: 'dependencies', facts: { unfinished: 2, jobs: [{ id: first.id }, { id: late.id }] } },
    ]);
  });

  it('names executors that take no more', async () => {
    const { pid } = (await executor()).identity;
    await core.post('/v1/workers/quiet');
    const { id } = await core.add('mail');
    expect((await why(id)).reasons).toMatchObject([
      { code: 'executors-quiet', facts: { executors: [{ pid, state: 'quiet' }] } },
    ]);
  });

  it('is told of a failed attempt, and of an end', async () => {
    const one = await executor();
    const { id } = await core.add('mail', { retries: 1, backoff: { delayMs: 3_600_000 } });
    const fence = await handedOut(one, id);
    one.end({ ...fence, outcome: 'error', error: { name: 'E', message: 'boom' } });
    await one.confirms(fence);
    expect(await codes(id)).toEqual(['retrying']);
    expect((await why(id)).reasons[0]?.text).toContain('boom');
    await core.post(`/v1/jobs/${id}/cancel`);
    expect((await why(id)).reasons).toMatchObject([
      { code: 'finished', facts: { state: 'cancelled', attempts: 1 } },
    ]);
  });
});

describe('statistics', () => {
  it('of a queue: how long the oldest waits, and what ended', async () => {
    const one = await executor({ slots: 1 });
    const first = await core.add('mail');
    const { id } = await core.add('mail');
    await handedOut(one, first.id);
    const { queues } = (await core.get('/v1/queues')).body;
    expect(queues).toMatchObject([
      { name: 'default', oldest: { id, isExact: true }, throughput: { lastMinute: 0 } },
    ]);
    const { oldest } = queues[0];
    expect(oldest.latency).toBeGreaterThanOrEqual(0);
    expect((await core.get('/v1/status')).body).toMatchObject({
      ...{ dead: 0, oldest: { id, queue: 'default' } },
      executors: { total: 1, ready: 1, slots: 1, running: 1 },
    });
  });

  it('of a type: jobs, attempts, the share of failures and durations', async () => {
    const one = await executor();
    const error = { name: 'E', message: 'boom' };
    for (const outcome of ['succeeded', 'error', 'succeeded'] as const) {
      const { id } = await core.add('mail', { retries: 0 });
      const fence = await handedOut(one, id);
      one.end({ ...fence, outcome, durationMs: 20, ...(outcome === 'error' ? { error } : {}) });
      await one.confirms(fence);
    }
    const { body } = await core.get('/v1/stats?type=mail&queue=default');
    const counts = { succeeded: 2, failed: 1, cancelled: 0, attempts: 3, failedAttempts: 1 };
    expect(body.types).toMatchObject([
      { type: 'mail', lastHour: { ...counts, failureRate: 1 / 3 }, sinceStart: counts },
    ]);
    expect(body.types[0].lastHour.p50).toBeCloseTo(20, -1);
    expect(body.queues[0].throughput.lastMinute).toBeGreaterThan(0);
    expect(Date.parse(body.since)).toBeLessThanOrEqual(Date.now());
    expect((await core.get('/v1/stats?type=other')).body.types).toEqual([]);
    expect((await core.get('/v1/status')).body.dead).toBe(1);
  });
});

describe('the lines of a log', () => {
  async function running() {
    const one = await executor();
    const { id } = await core.add('mail');
    const fence = await handedOut(one, id);
    const write = (...texts: readonly string[]) => {
      const lines = texts.map((line) => ({ ...fence, level: 'info', line, at: 1 }));
      one.say({ kind: 'log', lines });
    };
    return { one, id, fence, write };
  }

  it('are waited for, and come as soon as they are written', async () => {
    const { id, write } = await running();
    expect((await core.get(`/v1/jobs/${id}/logs`)).body).toEqual({
      ...{ lines: [], dropped: 0, ended: false },
    });
    const waiting = core.get(`/v1/jobs/${id}/logs?timeout=60`);
    write('one', 'two');
    expect((await waiting).body).toMatchObject({ lines: [{ n: 1 }, { n: 2 }], ended: false });
    const next = core.get(`/v1/jobs/${id}/logs?after=2&timeout=60`);
    write('three');
    expect((await next).body).toMatchObject({ lines: [{ n: 3, line: 'three' }] });
  });

  it('are answered with the end, and none is missing then', async () => {
    const { one, id, fence, write } = await running();
    const waiting = core.get(`/v1/jobs/${id}/logs?timeout=60`);
    write('last');
    one.end(fence);
    const { lines, ended } = (await waiting).body;
    expect(lines).toMatchObject([{ line: 'last' }]);
    const rest = ended
      ? (await waiting).body
      : (await core.get(`/v1/jobs/${id}/logs?after=1&timeout=60`)).body;
    expect(rest.ended).toBe(true);
  });

  it('a wait for what never comes is over in time, or with the daemon', async () => {
    const { id } = await running();
    expect((await core.get(`/v1/jobs/${id}/logs?timeout=0.05`)).body.lines).toEqual([]);
    const waiting = core.get(`/v1/jobs/${id}/logs?timeout=60`);
    await core.get(`/v1/jobs/${id}`);
    await core.sleep();
    expect((await waiting).status).toBe(200);
  });

  it('of an unknown job are refused', async () => {
    expect((await core.get('/v1/jobs/999/logs?timeout=60')).status).toBe(404);
  });
});
