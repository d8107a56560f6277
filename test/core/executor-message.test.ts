/** What an executor says that is not of the protocol, at a real core. */
import { beforeEach, describe, expect, it } from 'vitest';
import { parseExecutorMessage } from '../../src/core/executor-message.ts';
import type { AwakeCore } from './awake-core.ts';
import { usePool } from './pool-fixture.ts';
import { fenceOf, ScriptedExecutor } from './scripted-executor.ts';

const { adopt, current, executor, startOne } = usePool();
let core: AwakeCore;
beforeEach(() => {
  core = current();
});

const ended = (outcome: object) =>
  JSON.stringify({
    kind: 'ended',
    outcomes: [{ id: '1', attempt: 1, durationMs: 1, startedAt: 1, ...outcome }],
  });
const group = (pid: number) =>
  JSON.stringify({ kind: 'spawned', id: '1', attempt: 1, group: { pid, startTime: '1' } });

describe('what is no message of the protocol', () => {
  it.each([
    ['no JSON', 'nonsense'],
    ['no object', '5'],
    ['an end without outcomes', '{"kind":"ended"}'],
    ['an outcome that is none', '{"kind":"ended","outcomes":[null]}'],
    ['progress that is no list', '{"kind":"progress","progress":5}'],
    ['a log without lines', '{"kind":"log"}'],
    ['stuck without fences', '{"kind":"stuck"}'],
    ['a group that is none', '{"kind":"spawned","id":"1","attempt":1}'],
    ['a hello without its parts', '{"kind":"hello","executor":"x"}'],
  ])('costs the connection and nothing else: %s', async (_what, text) => {
    const one = await executor();
    const attempt = await startOne(one);
    one.say(text);
    await one.until(() => !one.isConnected, 'the close');
    expect((await core.get('/healthz')).status).toBe(200);
    await one.connect([fenceOf(attempt)]);
    one.end(attempt);
    await one.confirms(attempt);
    expect(core.fatal).toEqual([]);
  });

  it('is a second hello, under the same name or another: the attempts stay its own', async () => {
    const one = await executor();
    const attempt = await startOne(one);
    for (const executor of [one.name, 'x-another']) {
      one.say({ ...one.hello([]), executor });
      await one.until(() => !one.isConnected, 'the close');
      await one.connect([fenceOf(attempt)]);
    }
    one.end(attempt);
    await one.confirms(attempt);
    expect((await core.job(attempt.id)).attempts).toHaveLength(1);
  });

  it('of a kind that a newer executor knows is passed over', async () => {
    const one = await executor();
    one.say({ kind: 'news', from: 'the future' });
    const attempt = await startOne(one);
    one.end(attempt);
    await one.confirms(attempt);
  });

  it('before the hello is not acted on', async () => {
    const one = new ScriptedExecutor(core.socketPath);
    adopt(one);
    await one.open();
    one.end({ id: '1', attempt: 1 });
    expect((await core.get('/healthz')).status).toBe(200);
  });
});

describe('a malformed number', () => {
  it.each([
    ['a snooze without its length', ended({ outcome: 'snoozed' })],
    ['a pause that is no number', ended({ outcome: 'error', retryAfterMs: '5' })],
    ['a pause before now', ended({ outcome: 'error', retryAfterMs: -1 })],
    ['a pause of more than a year', ended({ outcome: 'snoozed', retryAfterMs: 31_536_000_001 })],
    ['a group that stands for all processes', group(1)],
    ['a group of no number', group(-5)],
  ])('gets no further than the door: %s', (_what, text) => {
    expect(parseExecutorMessage(text)).toBeUndefined();
  });
});

describe('an outcome', () => {
  it.each([
    { outcome: 'snoozed', retryAfterMs: 0 },
    { outcome: 'snoozed', retryAfterMs: 31_536_000_000 },
    { outcome: 'error', retryAfterMs: 1.5 },
    { outcome: 'timeout' },
  ])('may be %j', (outcome) => {
    expect(parseExecutorMessage(ended(outcome))).toMatchObject({ kind: 'ended' });
  });
});

describe('a hello', () => {
  const hello = (over: object, settings: object = {}) =>
    JSON.stringify({
      kind: 'hello',
      ...{ executor: 'x', process: { pid: 99, startTime: '1' }, supervisorPid: 98, slots: 1 },
      ...{ queues: [], holding: [] },
      types: [{ name: 'a', kind: 'webhook', schema: false, settings }],
      ...over,
    });

  it.each([
    {},
    { queue: 'q', retries: 0, timeoutMs: 0, backoffMs: 5, backoffLimitMs: 9 },
    { backoffKind: 'linear', concurrency: 1, groupConcurrency: 2 },
  ])('may state the settings %j', (settings) => {
    expect(parseExecutorMessage(hello({}, settings))).toMatchObject({ kind: 'hello' });
  });

  it.each([
    { queue: 5 },
    { retries: -1 },
    { timeoutMs: '5s' },
    { backoffMs: null },
    { backoffKind: 'quadratic' },
    { concurrency: 0 },
    { groupConcurrency: 'all' },
    { concurrency: 1.5 },
    { groupConcurrency: 1e300 },
    { backoffLimitMs: 1e300 },
  ])('may not state the settings %j, which no pause or bound can be made of', (settings) => {
    expect(parseExecutorMessage(hello({}, settings))).toBeUndefined();
  });

  it('may come from another machine, without a process to look after', () => {
    const away = { process: null, supervisorPid: null };
    expect(parseExecutorMessage(hello(away))).toMatchObject(away);
  });

  it.each([
    { slots: -1 },
    { slots: 10_001 },
    { executor: '' },
    { executor: 'x'.repeat(257) },
    { types: [{ name: '', kind: 'module', schema: false, settings: {} }] },
    { types: [{ name: 'x'.repeat(257), kind: 'module', schema: false, settings: {} }] },
  ])('may not be without measure or name: %o', (over) => {
    expect(parseExecutorMessage(hello(over))).toBeUndefined();
  });

  it('and a log line tell of moments that a date can be made of, in fractions too', () => {
    const line = (at: number) => {
      const lines = [{ id: '1', attempt: 1, level: 'info', line: 'x', at }];
      return parseExecutorMessage(JSON.stringify({ kind: 'log', lines }));
    };
    for (const at of [-9e15, 9e15]) {
      expect(parseExecutorMessage(hello({ startedAt: at }))).toBeUndefined();
      expect(line(at)).toBeUndefined();
    }
    for (const at of [0, 8.64e15, 1_795_324_044_280.5]) {
      expect(parseExecutorMessage(hello({ startedAt: at }))).toMatchObject({ startedAt: at });
      expect(line(at)).toBeDefined();
    }
  });

  it('may not name a process whose signal would reach others', () => {
    for (const pid of [-1, 0, 1, 1.5]) {
      expect(parseExecutorMessage(hello({ process: { pid, startTime: '' } }))).toBeUndefined();
    }
  });
});

describe('what is of the protocol and cannot be kept', () => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const outcome = (more: string) => `"outcome":"succeeded","startedAt":1,"durationMs":1,${more}}]}`;

  it.each([
    ['a result that is nested too deeply', `"result":${deep}`],
    ['a result of more than 1 MiB', `"result":"${'x'.repeat(1_048_576)}"`],
    ['an event whose data are', `"events":[{"type":"uploadFile","id":"1","data":[${deep}]}]`],
    [
      'an event of more than 1 MiB',
      `"events":[{"type":"uploadFile","id":"1","data":["${'x'.repeat(1_048_576)}"]}]`,
    ],
  ])('is the error of its attempt, and of no other: %s', async (_what, more) => {
    const one = await executor();
    const bad = await startOne(one);
    const good = await startOne(one);
    one.end(good);
    one.say(`{"kind":"ended","outcomes":[{"id":"${bad.id}","attempt":1,${outcome(more)}`);
    await one.confirms(good);
    expect(await core.ended(bad.id)).toMatchObject({ state: 'failed', attempt: 1, result: null });
    expect(core.fatal).toEqual([]);
  });

  it.each([
    ['is nested too deeply', `"stack":${deep}`],
    ['has more than an error has', `"more":${deep}`],
    ['is as long as a book', `"stack":"${'x'.repeat(2_000_000)}"`],
  ])('is left out of an error that %s', async (_what, more) => {
    const one = await executor();
    const bad = await startOne(one, { retries: 0 });
    const good = await startOne(one);
    const head = `"outcome":"error","startedAt":1,"durationMs":1`;
    const error = `{"name":"Odd","message":"no way",${more}}`;
    one.say(
      `{"kind":"ended","outcomes":[{"id":"${bad.id}","attempt":1,${head},"error":${error}}]}`,
    );
    one.end(good);
    await one.confirms(good);
    const job = await core.ended(bad.id);
    expect(job).toMatchObject({ state: 'failed', error: { name: 'Odd', message: 'no way' } });
    expect(JSON.stringify(job.error).length).toBeLessThan(40_000);
  });

  it('is no figure', async () => {
    const one = await executor();
    const attempt = await startOne(one, { retries: 0 });
    const figures = { durationMs: -1e308, cpuMs: 1e308, peakBytes: 1e308, exitCode: -1e308 };
    one.end({ ...attempt, ...figures });
    await one.confirms(attempt);
    expect((await core.job(attempt.id)).attempts).toMatchObject([
      { outcome: 'succeeded', duration: 0, peakBytes: null, exitCode: null },
    ]);
  });

  it('is no progress', async () => {
    const one = await executor();
    const attempt = await startOne(one);
    const { id } = attempt;
    one.say(
      `{"kind":"progress","progress":[{"id":"${id}","attempt":1,"value":{"message":${deep}}}]}`,
    );
    one.end(attempt);
    expect(await core.ended(id)).toMatchObject({ state: 'succeeded' });
    expect(core.fatal).toEqual([]);
  });
});
