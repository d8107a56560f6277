/** Rotation of keys while the core works: nothing is left under an old key, whatever moves meanwhile. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KeysView, RotationView } from '../../src/protocol/keys.ts';
import { keyLine, PrivacyStand } from './privacy-stand.ts';

const OLD = keyLine('old', 1);
const NEW = keyLine('new', 2);
const MARKER = 'xq7marker';

let stand: PrivacyStand;
beforeEach(() => {
  stand = new PrivacyStand();
});
afterEach(() => stand.dispose());

async function rotate(): Promise<RotationView> {
  const { status, body } = await stand.core.post('/v1/keys/rotate');
  expect(status).toBe(200);
  return body;
}

async function listed(): Promise<KeysView> {
  return (await stand.core.get('/v1/keys')).body;
}

/** Something in every table that holds what is encrypted. @returns ids of a job that waits, and one that has ended */
async function fill(): Promise<{ readonly waiting: string; readonly ended: string }> {
  const { core } = stand;
  await core.post('/v1/schedules', {
    ...{ name: 'nightly', everyMs: 3_600_000, job: 'mail', payload: MARKER },
  });
  const one = await stand.executor();
  const unique = { key: 'k', policy: 'run-again' };
  const ended = await core.add('mail', { payload: MARKER, retries: 5, backoff: { delayMs: 1 } });
  const running = await core.add('mail', { payload: MARKER, unique });
  await one.runs(2);
  await core.add('mail', { payload: `${MARKER} follower`, unique });
  for (const { id } of [ended, running]) {
    const line = { id, attempt: 1, at: 1, level: 'info', line: MARKER };
    one.say({ kind: 'log', lines: [line] });
    one.say({ kind: 'progress', progress: [{ id, attempt: 1, value: { message: MARKER } }] });
  }
  const error = { name: 'Error', message: MARKER };
  one.end({ id: ended.id, attempt: 1, outcome: 'error', error });
  await one.until(() => one.assigned.length === 3, 'the second attempt');
  one.end({ id: ended.id, attempt: 2, result: MARKER });
  await one.confirms({ id: ended.id, attempt: 2 });
  return { waiting: running.id, ended: ended.id };
}

describe('a rotation', () => {
  it('encrypts everything anew, after which the old key may leave the file', async () => {
    await stand.wake(OLD);
    const { waiting, ended } = await fill();
    await stand.sleep();
    await stand.wake(NEW, OLD);
    const before = await listed();
    expect(before.keys).toEqual([
      { id: 'new', state: 'current', texts: expect.any(Number) },
      { id: 'old', state: 'decrypts', texts: expect.any(Number) },
    ]);
    // Payloads, result, error, progress, lines, follower, schedule and the log.
    expect(before.keys[1]?.texts).toBeGreaterThan(12);

    const answer = await rotate();
    expect(answer).toMatchObject({ unreadable: 0, plain: 0 });
    expect(answer.rewritten).toBeGreaterThan(12);
    expect(answer.keys).toContainEqual({ id: 'old', state: 'decrypts', texts: 0 });
    await stand.sleep();
    expect(stand.filesWith('enc:1:old:')).toEqual([]);

    await stand.wake(NEW);
    expect(await listed()).toMatchObject({ keys: [{ id: 'new' }], plain: 0 });
    expect(await stand.core.job(ended)).toMatchObject({
      ...{ payload: MARKER, result: MARKER },
      attempts: [{ error: { message: MARKER } }, {}],
    });
    const { lines } = (await stand.core.get(`/v1/jobs/${ended}/logs`)).body;
    expect(lines).toMatchObject([{ line: MARKER }]);
    expect((await stand.core.get('/v1/schedules/nightly')).body.payload).toBe(MARKER);
    const one = await stand.executor();
    await one.until(() => one.assigned.some(({ id }) => id === waiting), 'the interrupted job');
    one.end({ id: waiting, attempt: 2 });
    const follower = (one: { payload: unknown }) => one.payload === `${MARKER} follower`;
    await one.until(() => one.assigned.some(follower), 'the follower');
  });

  it('goes on beside the work, and leaves nothing out that moves meanwhile', async () => {
    await stand.wake(OLD);
    const { core } = stand;
    // Some run when it stops, and are interrupted.
    await stand.executor({ slots: 5 });
    const ids: string[] = [];
    for (let n = 0; n < 120; n += 1) ids.push((await core.add('mail', { payload: n })).id);
    await stand.sleep();
    await stand.wake(NEW, OLD);
    const busy = await stand.executor({ slots: 20 });
    const [answer] = await Promise.all([
      rotate(),
      rotate(),
      (async () => {
        for (let done = 0; done < ids.length; done += 1) {
          await busy.until(() => busy.assigned.length > done, `attempt ${done}`);
          const { id, attempt, payload } = busy.assigned[done] as (typeof busy.assigned)[number];
          const succeeds = done % 3 === 0;
          if (succeeds) busy.end({ id, attempt, result: payload });
          else busy.end({ id, attempt, outcome: 'error', retryable: false });
          await busy.confirms({ id, attempt });
          // Back from the finished ones, which the walk meets later.
          if (attempt === 1 && done % 6 === 1) await core.post(`/v1/jobs/${id}/retry`);
        }
      })(),
    ]);
    expect(answer.keys).toContainEqual({ id: 'old', state: 'decrypts', texts: 0 });
    const payloads = await Promise.all(ids.map(async (id) => (await core.job(id)).payload));
    expect(payloads).toEqual(ids.map((_, n) => n));
  }, 60_000);

  it('encrypts what was there before there were keys, and leaves none of it in the files', async () => {
    stand.core.configure('');
    await stand.core.wake();
    const { ended } = await fill();
    await stand.sleep();
    expect(stand.filesWith(MARKER)).toEqual(['taskbell.db']);
    stand.core.configure('[privacy]\nkeysFile = payload-keys\n');
    await stand.wake(NEW);
    expect((await listed()).plain).toBeGreaterThan(12);
    expect(await stand.core.job(ended)).toMatchObject({ result: MARKER });
    expect(await rotate()).toMatchObject({ plain: 0, unreadable: 0 });
    await stand.sleep();
    expect(stand.filesWith(MARKER)).toEqual([]);
    await stand.wake(NEW);
    expect(await stand.core.job(ended)).toMatchObject({ payload: MARKER, result: MARKER });
  });

  it('to `plain` ends the encryption, and the keys file may go', async () => {
    await stand.wake(OLD);
    const { ended } = await fill();
    await stand.sleep();
    await stand.wake('plain', OLD);
    expect(await rotate()).toMatchObject({
      ...{ unreadable: 0, keys: [{ id: 'old', state: 'decrypts', texts: 0 }] },
    });
    await stand.sleep();
    expect(stand.filesWith('enc:1:')).toEqual([]);
    stand.core.configure('');
    await stand.core.wake();
    expect(await stand.core.job(ended)).toMatchObject({ payload: MARKER, result: MARKER });
  });

  it('counts what it cannot open, leaves it, and goes on to the rest', async () => {
    await stand.wake(OLD);
    const gone = await stand.core.add('mail', { payload: 1, delayMs: 3_600_000 });
    const kept = await stand.core.add('mail', { payload: 2, delayMs: 3_600_000 });
    await stand.sleep();
    stand.edit(`UPDATE jobs SET payload = (SELECT payload FROM jobs WHERE id = ${kept.id}),
      type = 'other' WHERE id = ${gone.id}`);
    await stand.wake(NEW, OLD);
    const answer = await rotate();
    expect(answer).toMatchObject({ unreadable: 1, plain: 0 });
    expect(answer.keys).toContainEqual({ id: 'old', state: 'decrypts', texts: 1 });
    expect(await stand.core.job(kept.id)).toMatchObject({ payload: 2 });
    await stand.sleep();
    await expect(stand.wake(NEW)).rejects.toMatchObject({ code: 'E_KEY_FILE' });
  });

  it('is refused where there are no keys', async () => {
    stand.core.configure('');
    await stand.core.wake();
    const { status, body } = await stand.core.post('/v1/keys/rotate');
    expect([status, body.code]).toEqual([409, 'E_CONFLICT']);
    expect(await listed()).toEqual({ keys: [], plain: 0 });
  });
});
