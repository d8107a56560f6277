/** What is handed to whom, and what is held back. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { AwakeCore } from './awake-core.ts';
import { usePool } from './pool-fixture.ts';
import { manifest } from './scripted-executor.ts';

const { current, executor, startOne } = usePool();
let core: AwakeCore;
beforeEach(() => {
  core = current();
});

describe('handing out', () => {
  it('never gives more than the slots, and fills a slot that becomes free', async () => {
    const one = await executor({ slots: 2 });
    for (let n = 0; n < 5; n += 1) await core.add('mail');
    const [first] = await one.runs(2);
    expect(one.assigned).toHaveLength(2);
    if (first) one.end(first);
    await one.runs(3);
    expect(one.assigned).toHaveLength(3);
  });

  it('gives an executor its own types and queues only', async () => {
    const scanner = await executor({ types: ['scan'] });
    const fast = await executor({ queues: ['fast'], types: ['mail', 'scan'] });
    const mail = await core.add('mail', { queue: 'slow' });
    const scan = await core.add('scan', { queue: 'slow' });
    const quick = await core.add('mail', { queue: 'fast' });
    expect((await scanner.runs(1)).map(({ id }) => id)).toEqual([scan.id]);
    expect((await fast.runs(1)).map(({ id }) => id)).toEqual([quick.id]);
    expect((await core.job(mail.id)).state).toBe('queued');
  });

  it('holds the concurrency of a type over all executors, while other types go on', async () => {
    const types = [manifest('mail', { settings: { concurrency: 1 } }), 'scan'];
    const [one, two] = [await executor({ types }), await executor({ types })];
    for (let n = 0; n < 3; n += 1) await core.add('mail');
    const { id } = await core.add('scan');
    const assigned = () => [...one.assigned, ...two.assigned];
    await expect.poll(() => assigned().some((attempt) => attempt.id === id)).toBe(true);
    expect(assigned().filter(({ type }) => type === 'mail')).toHaveLength(1);
    for (let n = 1; n <= 3; n += 1) {
      await expect.poll(() => assigned().filter(({ type }) => type === 'mail').length).toBe(n);
      const [holder, attempt] =
        [one, two]
          .flatMap((each) =>
            each.assigned
              .filter(({ type }) => type === 'mail')
              .map((held) => [each, held] as const),
          )
          .sort((a, b) => Number(a[1].id) - Number(b[1].id))[n - 1] ?? [];
      if (holder && attempt) holder.end(attempt);
    }
    await expect.poll(async () => (await core.get('/v1/status')).body.jobs.succeeded).toBe(3);
  });

  it('shares evenly between executors that are equally free', async () => {
    const [one, two] = [await executor(), await executor()];
    await core.post(
      '/v1/jobs',
      Array.from({ length: 8 }, () => ({ type: 'mail' })),
    );
    await expect.poll(() => one.assigned.length + two.assigned.length).toBe(8);
    expect(Math.abs(one.assigned.length - two.assigned.length)).toBeLessThanOrEqual(2);
  });

  it('leaves no slot empty because another executor could have had its share', async () => {
    const [mailer] = [await executor({ slots: 4 }), await executor({ types: ['scan'] })];
    await core.post(
      '/v1/jobs',
      Array.from({ length: 4 }, () => ({ type: 'mail' })),
    );
    expect(await mailer.runs(4)).toHaveLength(4);
  });

  it('gives nothing to an executor whose connection is gone', async () => {
    const away = await executor();
    await away.cut();
    const { id } = await core.add('mail');
    expect((await core.job(id)).state).toBe('queued');
    expect((await (await executor()).runs(1)).map((attempt) => attempt.id)).toEqual([id]);
  });

  it('gives nothing more after quiet, and takes the end of what runs', async () => {
    const one = await executor();
    const attempt = await startOne(one);
    one.say({ kind: 'quiet' });
    await core.get('/v1/status');
    const waiting = await core.add('mail');
    one.end(attempt);
    await one.confirms(attempt);
    expect((await core.job(waiting.id)).state).toBe('queued');
    expect(one.assigned).toHaveLength(1);
  });

  it('gives a job that is one crash short of quarantine to an idle executor, alone', async () => {
    let suspect = '';
    for (const attempt of [1, 2]) {
      const one = await executor();
      if (suspect === '') suspect = (await core.add('mail')).id;
      await one.until(
        () => one.assigned.some(({ id, attempt: n }) => id === suspect && n === attempt),
        'it runs',
      );
      await one.die();
      await expect.poll(async () => (await core.job(suspect)).state).toBe('queued');
    }
    await core.add('scan');
    const busy = await executor({ types: ['mail', 'scan'] });
    // The suspect is older, so it goes first, and nothing beside it.
    expect((await busy.runs(1)).map(({ id }) => id)).toEqual([suspect]);
    await core.get('/v1/status');
    expect(busy.assigned).toHaveLength(1);
    if (busy.assigned[0]) busy.end(busy.assigned[0]);
    expect((await busy.runs(2)).map(({ type }) => type)).toEqual(['mail', 'scan']);
  });

  it('does not offer a type whose handler could not be loaded', async () => {
    const one = await executor({
      types: [manifest('mail', { problem: 'mail.mjs: SyntaxError' }), 'scan'],
    });
    const broken = await core.add('mail');
    const scan = await core.add('scan');
    expect((await one.runs(1)).map(({ id }) => id)).toEqual([scan.id]);
    expect((await core.job(broken.id)).state).toBe('queued');
  });
});
