import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AddedJob } from '../../src/protocol/jobs.ts';
import { MAX_PAYLOAD_BYTES } from '../../src/protocol/jobs.ts';
import { AwakeCore } from '../core/awake-core.ts';
import { ScriptedExecutor } from '../core/scripted-executor.ts';

let core: AwakeCore;

async function count(): Promise<number> {
  return (await core.get('/v1/jobs?limit=1000')).body.jobs.length;
}

describe('POST /v1/jobs', () => {
  beforeAll(async () => {
    core = await AwakeCore.start('[job:archive]\ncommand = tar\nqueue = slow\n');
    core.knowType('mail');
  });
  afterAll(() => core.dispose());

  it('answers 201 with what was made of the job, whose defaults are filled in', async () => {
    const { status, body } = await core.post('/v1/jobs', { type: 'mail' });
    expect(status).toBe(201);
    const { id, createdAt } = body;
    expect(body).toEqual({
      ...{ id: expect.stringMatching(/^\d+$/), type: 'mail', queue: 'default', state: 'queued' },
      ...{ durability: 'disk', runAt: null, createdAt: expect.stringMatching(/Z$/) },
      duplicate: false,
    });
    expect((await core.add('archive')).queue).toBe('slow');
    const { jobs } = (await core.get('/v1/jobs?type=mail')).body;
    expect(jobs).toEqual([
      {
        ...{ id, createdAt, type: 'mail', queue: 'default', state: 'queued', durability: 'disk' },
        ...{ reason: null, priority: 0, userId: null, uniqueKey: null, group: null, waitsFor: 0 },
        ...{ runAt: null, startedAt: null, endedAt: null, duration: null, attempt: 0 },
        progress: null,
      },
    ]);
    expect((await core.job(id)).payload).toBeNull();
  });

  it('takes an array, all or none, and answers in its order', async () => {
    const { status, body } = await core.post('/v1/jobs', [
      { type: 'mail', payload: 1, priority: 5 },
      { type: 'mail', payload: 2, uniqueKey: 'two' },
      { type: 'mail', payload: 3, uniqueKey: 'two' },
    ]);
    expect(status).toBe(201);
    expect(body.map(({ duplicate }: AddedJob) => duplicate)).toEqual([false, false, true]);
    const shown = await Promise.all(body.map(({ id }: AddedJob) => core.job(id)));
    expect(shown.map(({ priority, payload }) => [priority, payload])).toEqual([
      [5, 1],
      [0, 2],
      [0, 2],
    ]);
    expect(body[2].id).toBe(body[1].id);
    expect(body.map(({ unique }: { unique?: string }) => unique)).toEqual([
      ...[undefined, 'added', 'kept'],
    ]);
    expect((await core.post('/v1/jobs', [])).body).toEqual([]);
  });

  it.each([
    [{}, /type/],
    [{ type: '' }, /type expected 1 to 100/],
    [{ type: 'a b' }, /type expected 1 to 100 of letters/],
    [{ type: 5 }, /type expected text/],
    [{ type: 'mail', priority: 1_001 }, /priority expected at most 1000, got 1001/],
    [{ type: 'mail', priority: 0.5 }, /priority expected a whole number/],
    [{ type: 'mail', delayMs: -1 }, /delayMs expected at least 0/],
    [{ type: 'mail', delayMs: 1e12 }, /delayMs expected at most/],
    [{ type: 'mail', runAt: 'tomorrow' }, /runAt expected a time such as/],
    [{ type: 'mail', runAt: '2030-01-01T00:00:00+01' }, /runAt expected a time such as/],
    [{ type: 'mail', runAt: '2030-01-01T00:00:00Z', delayMs: 5 }, /delayMs or runAt, not both/],
    [{ type: 'mail', retries: -1 }, /retries expected at least 0/],
    [{ type: 'mail', timeoutMs: '5s' }, /timeoutMs expected a number/],
    [{ type: 'mail', uniqueKey: '' }, /uniqueKey expected text that is not empty/],
    [{ type: 'mail', uniqueKey: 'ü'.repeat(129) }, /uniqueKey expected at most 256 bytes/],
    [{ type: 'mail', userId: 'x'.repeat(257) }, /userId expected at most 256 bytes/],
    [{ type: 'mail', group: '🙂'.slice(0, 1) }, /group expected text without half a character/],
    [{ type: 'mail', prioritee: 5 }, /unknown field.*prioritee/],
    [[{ type: 'mail' }, { type: 'mail', queue: '' }], /Job 2 of the array.*queue/],
    ['mail', /expected/i],
    [null, /expected/i],
  ])('refuses what no job is (%#) and says why', async (body, message) => {
    const before = await count();
    const answer = await core.post('/v1/jobs', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'E_INVALID_REQUEST' } });
    expect(answer.body.title).toMatch(message);
    expect(await count()).toBe(before);
  });

  it('refuses an unknown type with the name that was meant', async () => {
    expect(await core.post('/v1/jobs', { type: 'mial' })).toMatchObject({
      status: 422,
      body: { code: 'E_UNKNOWN_TYPE', title: expect.stringMatching(/mial.*did you mean mail/) },
    });
  });

  it('refuses a payload above 1 MiB, and an array of too many jobs', async () => {
    const payload = 'x'.repeat(MAX_PAYLOAD_BYTES - 2);
    expect((await core.post('/v1/jobs', { type: 'mail', payload })).status).toBe(201);
    expect(await core.post('/v1/jobs', { type: 'mail', payload: `${payload}x` })).toMatchObject({
      status: 413,
      body: { code: 'E_PAYLOAD_TOO_LARGE', title: expect.stringContaining('1048577 bytes') },
    });
    const many = Array.from({ length: 10_001 }, () => ({ type: 'mail' }));
    expect(await core.post('/v1/jobs', many)).toMatchObject({
      status: 413,
      body: { code: 'E_PAYLOAD_TOO_LARGE' },
    });
  });

  it('takes a payload with a key of any name, and gives it back as it was', async () => {
    const text = '{"type":"mail","payload":{"__proto__":{"a":1},"constructor":2,"":3}}';
    const { status, body } = await core.ask('POST', '/v1/jobs', text);
    expect(status).toBe(201);
    expect(JSON.stringify((await core.job(body.id)).payload)).toBe(
      '{"__proto__":{"a":1},"constructor":2,"":3}',
    );
  });

  it('survives a payload that is nested without end', async () => {
    const depth = 400_000;
    const text = `{"type":"mail","payload":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(await core.ask('POST', '/v1/jobs', text)).toMatchObject({
      status: 400,
      body: { code: 'E_INVALID_REQUEST', title: 'The payload of mail is nested too deeply.' },
    });
    expect((await core.get('/healthz')).status).toBe(200);
  });
});

describe('the other routes of jobs', () => {
  beforeEach(async () => {
    core = await AwakeCore.start();
    core.knowType('mail');
  });
  afterEach(() => core.dispose());

  it('an unknown id is 404 everywhere', async () => {
    const answers = [
      await core.get('/v1/jobs/99'),
      await core.get('/v1/jobs/x'),
      await core.get('/v1/jobs/99/wait?timeout=0'),
      await core.get('/v1/jobs/99/logs'),
      await core.post('/v1/jobs/99/cancel'),
      await core.post('/v1/jobs/99/retry'),
    ];
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 404, body: { code: 'E_NOT_FOUND' } });
  });

  it('a list has pages, and refuses a limit or a state that is none', async () => {
    await core.post(
      '/v1/jobs',
      [1, 2, 3].map((payload) => ({ type: 'mail', payload })),
    );
    const first = (await core.get('/v1/jobs?limit=2')).body;
    expect(first.jobs.map(({ id }: { id: string }) => id)).toEqual(['3', '2']);
    const second = (await core.get(`/v1/jobs?limit=2&cursor=${first.next}`)).body;
    expect(second).toMatchObject({ jobs: [{ id: '1' }], next: null });
    for (const query of [
      'limit=0',
      'limit=1001',
      'limit=x',
      'state=done',
      'cursor=x',
      'cursor=-1',
    ]) {
      expect(await core.get(`/v1/jobs?${query}`), query).toMatchObject({
        status: 400,
        body: { code: 'E_INVALID_REQUEST' },
      });
    }
  });

  it('wait answers at its time limit with the job as it is, and at once when the job ends', async () => {
    const { id } = await core.add('mail', { delayMs: 60_000 });
    expect((await core.get(`/v1/jobs/${id}/wait?timeout=0.05`)).body.state).toBe('scheduled');
    const waiting = Promise.all([core.ended(id), core.ended(id)]);
    await core.post(`/v1/jobs/${id}/cancel`);
    expect((await waiting).map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
    expect((await core.ended(id)).state).toBe('cancelled');
  });

  it('a wait that is cut off by the end of the daemon is answered', async () => {
    const { id } = await core.add('mail', { delayMs: 60_000 });
    const waiting = core.ended(id);
    await core.get('/healthz');
    await core.sleep();
    expect((await waiting).state).toBe('scheduled');
  });

  it('cancel and retry change the state, and refuse what cannot be', async () => {
    const { id } = await core.add('mail');
    expect(await core.post(`/v1/jobs/${id}/retry`)).toMatchObject({
      status: 409,
      body: { code: 'E_CONFLICT' },
    });
    expect((await core.post(`/v1/jobs/${id}/cancel`)).body.state).toBe('cancelled');
    expect(await core.post(`/v1/jobs/${id}/cancel`)).toMatchObject({
      status: 409,
      body: { code: 'E_CONFLICT' },
    });
    expect((await core.post(`/v1/jobs/${id}/retry`)).body.state).toBe('queued');
  });

  it('logs come by number, and say how many lines were dropped', async () => {
    const executor = await ScriptedExecutor.start(core.socketPath);
    const { id } = await core.add('mail');
    await executor.runs(1);
    const lines = Array.from({ length: 1_205 }, (_, index) => {
      return { id, attempt: 1, level: 'info', line: `line ${index + 1}`, at: Date.now() };
    });
    executor.say({ kind: 'log', lines });
    executor.end({ id, attempt: 1 });
    await executor.confirms({ id, attempt: 1 });
    const first = (await core.get(`/v1/jobs/${id}/logs?limit=3`)).body;
    expect(first.lines[0].n - 1).toBe(first.dropped);
    expect(first.dropped).toBeGreaterThanOrEqual(205);
    const next = (await core.get(`/v1/jobs/${id}/logs?after=${first.lines.at(-1).n}`)).body;
    expect(next.dropped).toBe(0);
    for (const after of ['x', '-1', '1.5', '1e999']) {
      const { status, body } = await core.get(`/v1/jobs/${id}/logs?after=${after}`);
      expect([status, body.title]).toEqual([400, expect.stringContaining('number of a line')]);
    }
    expect(next.lines.at(-1)).toMatchObject({
      n: 1_205,
      attempt: 1,
      level: 'info',
      line: 'line 1205',
    });
    await executor.dispose();
  });

  it('everything is there after a restart', async () => {
    const { id } = await core.add('mail', { payload: { a: 1 }, userId: 'ada', delayMs: 60_000 });
    const before = await core.job(id);
    await core.sleep();
    await core.wake();
    expect(await core.job(id)).toEqual(before);
  });
});
