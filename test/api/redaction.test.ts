/** Hidden fields over the control API: who sees them, and that the log says who asked. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AwakeCore } from '../core/awake-core.ts';
import { ScriptedExecutor } from '../core/scripted-executor.ts';

const HIDDEN = '[redacted]';
const payload = { user: 'ada', Password: 'p4ss', deep: [{ card: { number: '4111' } }] };
const shown = { user: 'ada', Password: HIDDEN, deep: [{ card: HIDDEN }] };

let core: AwakeCore;
let executor: ScriptedExecutor;
let id: string;

beforeAll(async () => {
  core = await AwakeCore.start('[privacy]\nredact = password, CARD\n');
  core.knowType('mail');
  executor = await ScriptedExecutor.start(core.socketPath);
  ({ id } = await core.add('mail', { payload }));
  const [attempt] = await executor.runs(1);
  expect(attempt?.payload).toEqual(payload);
  const line = (text: string) => ({ id, attempt: 1, at: 1, level: 'info', line: text });
  const lines = [line('{"card":1,"n":2}'), line('card=1')];
  executor.say({ kind: 'log', lines });
  executor.end({ id, attempt: 1, result: { card: '4111', n: 1 } });
  await executor.confirms({ id, attempt: 1 });
});
afterAll(async () => {
  await executor.dispose();
  await core.dispose();
});

function reveals(): readonly unknown[] {
  const words = 'hidden fields were shown';
  return core.lines.filter(({ msg }) => msg === words).map(({ what }) => what);
}

describe('a job', () => {
  it.each(['', '/wait', '?reveal=0', '?reveal='])(
    'is shown without them at /v1/jobs/ID%s',
    async (rest) => {
      const { body } = await core.get(`/v1/jobs/${id}${rest}`);
      expect(body).toMatchObject({ payload: shown, result: { card: HIDDEN, n: 1 } });
    },
  );

  it('is shown without them when it is cancelled or retried', async () => {
    const other = await core.add('mail', { payload, delayMs: 3_600_000 });
    for (const verb of ['cancel', 'retry']) {
      const { body } = await core.post(`/v1/jobs/${other.id}/${verb}`);
      expect(body.payload).toEqual(shown);
    }
  });

  it('is shown whole to who asks, and the log says so once', async () => {
    const before = reveals().length;
    const { body } = await core.get(`/v1/jobs/${id}?reveal=1`);
    expect(body).toMatchObject({ payload, result: { card: '4111', n: 1 } });
    expect(reveals().slice(before)).toEqual([`job ${id}`]);
    await core.get(`/v1/jobs/${id}`);
    expect(reveals()).toHaveLength(before + 1);
  });

  it('has lines that are JSON shown without them', async () => {
    const linesOf = async (query: string) => {
      const { body } = await core.get(`/v1/jobs/${id}/logs${query}`);
      return body.lines.map(({ line }: { line: string }) => line);
    };
    expect(await linesOf('')).toEqual([`{"card":"${HIDDEN}","n":2}`, 'card=1']);
    expect(await linesOf('?reveal=1')).toEqual(['{"card":1,"n":2}', 'card=1']);
  });
});

it('a schedule is shown without them, and adds its jobs with them', async () => {
  const schedule = { name: 'nightly', everyMs: 3_600_000, job: 'mail', payload };
  expect((await core.post('/v1/schedules', schedule)).body.payload).toEqual(shown);
  expect((await core.get('/v1/schedules')).body.schedules[0].payload).toEqual(shown);
  expect((await core.get('/v1/schedules/nightly')).body.payload).toEqual(shown);
  expect((await core.get('/v1/schedules/nightly?reveal=1')).body.payload).toEqual(payload);
  const added = (await core.post('/v1/schedules/nightly/run')).body;
  await executor.until(() => executor.assigned.some((one) => one.id === added.id), 'its job');
  expect(executor.assigned.find((one) => one.id === added.id)?.payload).toEqual(payload);
});

it('an export is whole or none', async () => {
  const filter = { state: ['succeeded'], ids: [id] };
  const refused = await core.post('/v1/jobs/export', { filter });
  expect(refused).toMatchObject({
    ...{ status: 400, body: { code: 'E_INVALID_REQUEST' } },
    body: { title: expect.stringContaining('[privacy] redact') },
  });
  const { status, body } = await core.post('/v1/jobs/export?reveal=1', { filter });
  expect([status, body.jobs?.[0]?.payload]).toEqual([200, payload]);
  expect(reveals().at(-1)).toBe('an export of jobs');
});

it('no value of theirs is in the log of the daemon', () => {
  const text = JSON.stringify(core.lines);
  expect(text).not.toContain('p4ss');
  expect(text).not.toContain('4111');
});
