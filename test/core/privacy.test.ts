/** Encryption at rest: what the files do not show, what everybody else does see, and what becomes of what cannot be opened. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AddedJob } from '../../src/protocol/jobs.ts';
import { keyLine, PrivacyStand } from './privacy-stand.ts';
import type { ScriptedExecutor } from './scripted-executor.ts';

const KEY = keyLine('k1', 1);
/** Stands in everything that is to be hidden, in each place with a word of its own. */
const MARKER = 'xq7marker';

let stand: PrivacyStand;
beforeEach(() => {
  stand = new PrivacyStand();
});
afterEach(() => stand.dispose());

/** The next assignment of this job. */
async function attemptOf(on: ScriptedExecutor, id: string, attempt = 1) {
  const fits = (one: { id: string; attempt: number }) => one.id === id && one.attempt === attempt;
  await on.until(() => on.assigned.some(fits), `job ${id}`);
  return on.assigned.find(fits);
}

describe('the files of the database', () => {
  it('show no payload, result, error, progress, line or event, while jobs wait, run and have ended', async () => {
    const { core } = stand;
    await stand.wake(KEY);
    const payload = { secret: `${MARKER} payload` };
    const waiting = await core.add('mail', { payload, delayMs: 3_600_000 });
    await core.post('/v1/schedules', {
      ...{ name: 'nightly', everyMs: 3_600_000, job: 'mail', payload },
    });
    const one = await stand.executor();
    const unique = { key: 'k', policy: 'run-again' };
    const good = await core.add('mail', { payload, unique });
    const bad = await core.add('mail', { payload, retries: 1, backoff: { delayMs: 3_600_000 } });
    const lost = await core.add('mail', { payload });
    for (const { id } of [good, bad, lost]) {
      expect(await attemptOf(one, id)).toMatchObject({ payload });
    }
    await core.add('mail', { payload: { again: `${MARKER} follower` }, unique });
    const fence = { id: good.id, attempt: 1 };
    one.say({
      kind: 'progress',
      progress: [{ ...fence, value: { message: `${MARKER} progress` } }],
    });
    one.say({ kind: 'log', lines: [{ ...fence, at: 1, level: 'info', line: `${MARKER} line` }] });
    expect(stand.filesWith(MARKER)).toEqual([]);
    const error = { name: 'Error', message: `${MARKER} message`, stack: `${MARKER} stack` };
    const events = [{ type: 'notification', id: 'u1', data: [{ text: `${MARKER} event` }] }];
    one.end({ ...fence, result: { secret: `${MARKER} result` }, events });
    one.end({ id: bad.id, attempt: 1, outcome: 'error', error });
    one.end({ id: lost.id, attempt: 1, outcome: 'error', retryable: false, error });
    for (const { id } of [good, bad, lost]) await one.confirms({ id, attempt: 1 });
    await core.post('/v1/events', {
      type: 'notification',
      id: 'u2',
      data: [`${MARKER} published`],
    });

    expect(stand.filesWith(MARKER)).toEqual([]);
    expect(stand.filesWith('enc:1:k1:')).not.toEqual([]);
    await stand.sleep();
    expect(stand.filesWith(MARKER)).toEqual([]);
    await stand.wake(KEY);

    expect(await core.job(waiting.id)).toMatchObject({ payload });
    expect(await core.job(good.id)).toMatchObject({
      ...{ payload, result: { secret: `${MARKER} result` } },
      progress: { message: `${MARKER} progress` },
    });
    for (const { id } of [bad, lost]) {
      expect(await core.job(id)).toMatchObject({ payload, error, attempts: [{ error }] });
    }
    const { lines } = (await core.get(`/v1/jobs/${good.id}/logs`)).body;
    expect(lines).toMatchObject([{ line: `${MARKER} line` }]);
    expect((await core.get('/v1/schedules/nightly')).body).toMatchObject({ payload });
    const told = (await core.get('/v1/events?type=notification')).body.events;
    expect(told).toMatchObject([
      { data: [{ text: `${MARKER} event` }] },
      { data: [`${MARKER} published`] },
    ]);
    const ofJob = (await core.get(`/v1/events?type=job&id=${bad.id}`)).body.events;
    expect(ofJob.at(-1).data).toMatchObject([{ state: 'retrying', error: `${MARKER} message` }]);
    const [newest] = (await core.get('/v1/jobs?limit=1')).body.jobs;
    expect(await core.job(newest.id)).toMatchObject({ payload: { again: `${MARKER} follower` } });
  });

  it('show what they always did where there are no keys', async () => {
    stand.core.configure('');
    await stand.core.wake();
    await stand.core.add('mail', { payload: MARKER });
    expect(stand.filesWith(MARKER)).not.toEqual([]);
    expect(stand.filesWith('enc:1:')).toEqual([]);
  });
});

it('results are handed down as they were', async () => {
  await stand.wake(KEY);
  const one = await stand.executor();
  const { body } = await stand.core.post('/v1/jobs', [
    { type: 'mail', ref: 'a' },
    { type: 'mail', ref: 'b', after: ['a'] },
  ]);
  const [a, b] = (body as readonly AddedJob[]).map(({ id }) => id) as [string, string];
  await attemptOf(one, a);
  one.end({ id: a, attempt: 1, result: { rows: [1, 'ä'] } });
  expect(await attemptOf(one, b)).toMatchObject({
    dependencies: { results: [{ id: a, result: { rows: [1, 'ä'] }, error: null }] },
  });
});

describe('the hash of a payload that a job is unique by', () => {
  const unique = { by: 'payload' };
  const add = () => stand.core.add('mail', { payload: { pin: 4711 }, unique, delayMs: 3_600_000 });
  const keyOf = async ({ id }: AddedJob) => (await stand.core.job(id)).uniqueKey;

  it('cannot be made by whoever has the file alone, and stays the same with the next key', async () => {
    await stand.wake(KEY);
    const first = await add();
    expect(await keyOf(first)).toMatch(/^hmac:/);
    await stand.sleep();
    await stand.wake(keyLine('k2', 2), KEY);
    await stand.core.post('/v1/keys/rotate');
    await stand.sleep();
    await stand.wake(keyLine('k2', 2));
    expect(await add()).toMatchObject({ id: first.id, duplicate: true });
  });

  it('is another one in another database', async () => {
    await stand.wake(KEY);
    const first = await keyOf(await add());
    await stand.dispose();
    stand = new PrivacyStand();
    await stand.wake(KEY);
    const second = await keyOf(await add());
    expect(second).toMatch(/^hmac:/);
    expect(second).not.toBe(first);
  });
});

describe('the core does not start', () => {
  const refusal = (words: RegExp) =>
    expect.objectContaining({ code: 'E_KEY_FILE', message: expect.stringMatching(words) });

  beforeEach(async () => {
    await stand.wake(KEY);
    await stand.core.add('mail');
    await stand.sleep();
  });

  it('without the key that its database is encrypted with', async () => {
    const words = /encrypted with the key k1; expected it in \[privacy\] keysFile .*payload-keys/;
    await expect(stand.wake(keyLine('k2', 2))).rejects.toEqual(refusal(words));
  });

  it('without a keys file, though it had one', async () => {
    stand.core.configure('');
    await expect(stand.core.wake()).rejects.toEqual(refusal(/keysFile, which is empty/));
  });

  it('with another key under the same id', async () => {
    await expect(stand.wake(keyLine('k1', 2))).rejects.toEqual(refusal(/is not the one/));
  });
});

describe('a job that cannot be opened', () => {
  it('because its key is lost ends as rejected and says which; others go on, and its dependents', async () => {
    await stand.wake(KEY);
    const { body } = await stand.core.post('/v1/jobs', [
      { type: 'mail', ref: 'old', payload: 'gone' },
      { type: 'mail', after: ['old'], onDependencyFailure: 'continue', payload: 'gone' },
    ]);
    const [old, after] = body as [AddedJob, AddedJob];
    await stand.sleep();
    await stand.wake(keyLine('k2', 2), 'k1:lost');
    expect(await stand.core.job(old.id)).toMatchObject({
      ...{ state: 'queued', payload: '[encrypted with the key k1 and cannot be opened]' },
    });
    const fresh = await stand.core.add('mail', { payload: 'new' });
    const one = await stand.executor({ slots: 1 });
    expect(await attemptOf(one, fresh.id)).toMatchObject({ payload: 'new' });
    one.end({ id: fresh.id, attempt: 1 });
    for (const { id } of [old, after]) {
      expect(await stand.core.ended(id)).toMatchObject({
        ...{ state: 'failed', reason: 'rejected', attempt: 1 },
        error: { name: 'E_KEY_FILE', message: expect.stringContaining('with the key k1') },
      });
    }
    expect(one.assigned.map(({ id }) => id)).toEqual([fresh.id]);
  });

  it('because it was changed in the file ends as rejected, and its neighbour runs', async () => {
    await stand.wake(KEY);
    const changed = await stand.core.add('mail', { payload: 'a' });
    const whole = await stand.core.add('mail', { payload: 'c' });
    await stand.sleep();
    stand.edit(`UPDATE jobs SET payload = substr(payload, 1, 20) || 'AAAA' || substr(payload, 25)
      WHERE id = ${changed.id}`);
    await stand.wake(KEY);
    const one = await stand.executor();
    expect(await attemptOf(one, whole.id)).toMatchObject({ payload: 'c' });
    expect(await stand.core.ended(changed.id)).toMatchObject({
      ...{ state: 'failed', reason: 'rejected' },
      error: { message: expect.stringContaining('it was changed') },
    });
  });

  it('because a result that is handed down to it was changed ends as rejected', async () => {
    await stand.wake(KEY);
    const one = await stand.executor();
    const parent = await stand.core.add('mail');
    await attemptOf(one, parent.id);
    one.end({ id: parent.id, attempt: 1, result: 1 });
    await one.confirms({ id: parent.id, attempt: 1 });
    const child = await stand.core.add('mail', { after: [parent.id], delayMs: 3_600_000 });
    await stand.sleep();
    stand.edit(`UPDATE finished_jobs SET result = (SELECT payload FROM finished_jobs);
      UPDATE jobs SET run_at = 1 WHERE id = ${child.id}`);
    await stand.wake(KEY);
    await stand.executor();
    expect(await stand.core.ended(child.id)).toMatchObject({
      ...{ state: 'failed', reason: 'rejected', error: { name: 'E_KEY_FILE' } },
    });
  });
});

it('a piece of the log that cannot be opened is passed over, as if it had been removed', async () => {
  await stand.wake(KEY);
  await stand.core.post('/v1/events', { type: 'notification', id: 'u1', data: ['old'] });
  await stand.sleep();
  await stand.wake(keyLine('k2', 2), 'k1:lost');
  await stand.core.post('/v1/events', { type: 'notification', id: 'u1', data: ['new'] });
  for (const target of ['/v1/events', '/v1/events?type=notification&id=u1']) {
    const { events } = (await stand.core.get(target)).body;
    expect(events).toMatchObject([{ data: ['new'] }]);
  }
});
