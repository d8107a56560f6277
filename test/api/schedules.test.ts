import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunView, ScheduleView } from '../../src/protocol/schedules.ts';
import { AwakeCore } from '../core/awake-core.ts';

/** Never due while a test runs. */
const YEARLY = '0 12 29 2 *';
const CONFIGURED = `[schedule:backup]\ncron = ${YEARLY}\ntimezone = Europe/Berlin\njob = mail\npayload = {"a":1}\n`;

let core: AwakeCore;
beforeEach(async () => {
  core = new AwakeCore(CONFIGURED);
  core.knowType('mail');
  await core.wake();
});
afterEach(() => core.dispose());

const add = (more: object = {}) =>
  core.post('/v1/schedules', { name: 'news', cron: YEARLY, job: 'mail', ...more });
const names = async (): Promise<readonly string[]> =>
  (await core.get('/v1/schedules')).body.schedules.map(({ name }: ScheduleView) => name);

describe('a schedule', () => {
  it('is added with its defaults, listed, shown and removed', async () => {
    const added = await add({ payload: [1], userId: 'ada' });
    expect(added).toMatchObject({
      status: 201,
      body: {
        ...{ name: 'news', source: 'api', cron: YEARLY, everyMs: null, timezone: 'UTC' },
        ...{ dstGap: 'after', dstOverlap: 'first', jitterMs: 0, job: 'mail', payload: [1] },
        ...{ queue: null, priority: 0, userId: 'ada', missed: 'last', missedLimit: 100 },
        ...{ overlap: 'allow', enabled: true, paused: false, waitingSince: null },
        ...{ nextRun: '2028-02-29T12:00:00.000Z', lastRun: null, lastJob: null },
      },
    });
    expect(await names()).toEqual(['backup', 'news']);
    expect((await core.get('/v1/schedules/news')).body).toEqual(added.body);
    expect((await core.ask('DELETE', '/v1/schedules/news')).status).toBe(204);
    expect(await names()).toEqual(['backup']);
  });

  it('is changed by another add of its name', async () => {
    await add();
    const { body } = await add({ cron: undefined, everyMs: 3_600_000, missed: 'all' });
    expect(body).toMatchObject({ cron: null, everyMs: 3_600_000, missed: 'all' });
    expect(await names()).toEqual(['backup', 'news']);
  });

  it('is remembered over a restart', async () => {
    const { body } = await add();
    await core.sleep();
    await core.wake();
    expect((await core.get('/v1/schedules/news')).body).toEqual(body);
  });

  it('is run besides its times, and shows its last job', async () => {
    const run = await core.post('/v1/schedules/backup/run');
    expect(run).toMatchObject({ status: 201, body: { type: 'mail', state: 'queued' } });
    const { id } = run.body;
    expect(await core.job(id)).toMatchObject({ payload: { a: 1 }, uniqueKey: null });
    const { lastJob, lastRun, nextRun } = (await core.get('/v1/schedules/backup')).body;
    expect(lastJob).toEqual({ id, state: 'queued' });
    expect([lastRun, nextRun]).toEqual([expect.any(String), '2028-02-29T11:00:00.000Z']);
  });

  it('has no next run while it is paused, also over a restart', async () => {
    for (const _ of [1, 2]) {
      const { body } = await core.post('/v1/schedules/backup/pause');
      expect(body).toMatchObject({ paused: true, nextRun: null });
    }
    await core.sleep();
    await core.wake();
    expect((await core.get('/v1/schedules/backup')).body.paused).toBe(true);
    const { body } = await core.post('/v1/schedules/backup/resume');
    expect(body).toMatchObject({ paused: false, nextRun: '2028-02-29T11:00:00.000Z' });
  });
});

describe('a schedule of the configuration', () => {
  it('is neither changed nor removed by request', async () => {
    for (const refused of [
      await core.ask('DELETE', '/v1/schedules/backup'),
      await add({ name: 'backup' }),
    ]) {
      expect(refused).toMatchObject({ status: 409, body: { code: 'E_CONFLICT' } });
      expect(refused.body.hint).toContain('taskbell schedule pause backup');
    }
    expect((await core.get('/v1/schedules/backup')).body.timezone).toBe('Europe/Berlin');
  });

  it('follows the configuration at each start; those of requests stay', async () => {
    await add();
    const restart = async (ini: string) => {
      await core.sleep();
      core.configure(ini);
      await core.wake();
    };
    await restart(CONFIGURED.replace('{"a":1}', '{"a":2}'));
    expect((await core.get('/v1/schedules/backup')).body.payload).toEqual({ a: 2 });
    await restart('[schedule:news]\nevery = 1h\njob = mail\n');
    expect(await names()).toEqual(['news']);
    expect((await core.get('/v1/schedules/news')).body).toMatchObject({ source: 'config' });
    await restart('');
    expect(await names()).toEqual([]);
  });
});

describe('what is refused', () => {
  it.each([
    [{ cron: '0 0 30 2 *' }, 400, 'E_INVALID_REQUEST', 'which never does'],
    [{ cron: '61 * * * *' }, 400, 'E_INVALID_REQUEST', 'minute: 61'],
    [{ timezone: 'Mars/Olympus' }, 400, 'E_INVALID_REQUEST', 'Mars/Olympus'],
    [{ everyMs: 1_000 }, 400, 'E_INVALID_REQUEST', 'got both'],
    [{ cron: undefined }, 400, 'E_INVALID_REQUEST', 'got neither'],
    [{ cron: undefined, everyMs: 999 }, 400, 'E_INVALID_REQUEST', 'at least 1000'],
    [{ name: 'a b' }, 400, 'E_INVALID_REQUEST', 'name expected'],
    [{ overlap: 'maybe' }, 400, 'E_INVALID_REQUEST', 'cancel-previous'],
    [{ crom: '* * * * *' }, 400, 'E_INVALID_REQUEST', 'unknown field crom'],
    [{ job: 'mial' }, 422, 'E_UNKNOWN_TYPE', 'mial'],
  ])('%j', async (more, status, code, words) => {
    const answer = await add(more);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.body.title).toContain(words);
    expect(await names()).toEqual(['backup']);
  });

  it('a name that no schedule has', async () => {
    const answers = await Promise.all([
      core.get('/v1/schedules/none'),
      core.get('/v1/schedules/none/preview'),
      core.ask('DELETE', '/v1/schedules/none'),
      ...['run', 'pause', 'resume'].map((verb) => core.post(`/v1/schedules/none/${verb}`)),
    ]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 404, body: { code: 'E_NOT_FOUND' } });
    }
  });
});

it('is refused where its payload is nested too deeply to be stored', async () => {
  const depth = 20_000;
  const body = `{"name":"deep","everyMs":60000,"job":"mail","payload":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  expect(await core.ask('POST', '/v1/schedules', body)).toMatchObject({
    ...{ status: 400, body: { code: 'E_INVALID_REQUEST' } },
  });
});

describe('a preview', () => {
  it('of a schedule shows its next runs in its zone', async () => {
    const { body } = await core.get('/v1/schedules/backup/preview?count=2');
    expect(body.runs.map(({ local }: RunView) => local)).toEqual([
      '2028-02-29 12:00:00 +01:00',
      '2032-02-29 12:00:00 +01:00',
    ]);
  });

  it('of one that is paused shows when it would run', async () => {
    await core.post('/v1/schedules/backup/pause');
    expect((await core.get('/v1/schedules/backup/preview')).body.runs).toHaveLength(10);
  });

  it('of an expression says why a run is shifted', async () => {
    const { status, body } = await core.post('/v1/schedules/preview', {
      ...{ cron: '30 2 * * *', timezone: 'Europe/Berlin', dstOverlap: 'both', jitterMs: 60_000 },
      ...{ after: '2026-03-28T12:00:00Z', count: 1 },
    });
    expect(status).toBe(200);
    const [run] = body.runs;
    expect(run.slot).toBe('2026-03-29T01:00:00.000Z');
    expect(run.local).toMatch(/^2026-03-29 03:00:\d\d \+02:00$/);
    expect(run.shifts.map(({ reason }: { reason: string }) => reason)).toEqual(['gap', 'jitter']);
    expect(run.shifts[0].from).toBe('2026-03-29 02:30:00');
  });

  it('of an interval is counted from the moment that is asked for', async () => {
    const { body } = await core.post('/v1/schedules/preview', {
      ...{ everyMs: 60_000, after: '2026-03-28T12:00:00Z', count: 2 },
    });
    expect(body.runs.map(({ at }: RunView) => at)).toEqual([
      '2026-03-28T12:01:00.000Z',
      '2026-03-28T12:02:00.000Z',
    ]);
  });

  it('of many runs shows the same ones as one of few, behind each other', async () => {
    const runs = async (count: number, after: string): Promise<readonly RunView[]> => {
      const times = { cron: '*/30 0-4 * 3 *', timezone: 'Europe/Berlin', dstOverlap: 'both' };
      return (await core.post('/v1/schedules/preview', { ...times, count, after })).body.runs;
    };
    const all = await runs(300, '2026-03-01T00:00:00Z');
    expect(all).toHaveLength(300);
    expect(new Set(all.map(({ at }) => at)).size).toBe(300);
    const behind = await runs(7, all[242]?.slot ?? '');
    expect(behind).toEqual(all.slice(243, 250));
  });

  it('of many runs leaves others their turn', async () => {
    let turns = 0;
    const turn = () => {
      turns += 1;
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    const daily = { cron: '0 3 * * *', timezone: 'Europe/Berlin', count: 1_000 };
    const { body } = await core.post('/v1/schedules/preview', daily);
    clearImmediate(next);
    expect(body.runs).toHaveLength(1_000);
    expect(turns).toBeGreaterThan(90);
  });

  it('is refused where it could show nothing', async () => {
    for (const asked of [{ cron: '0 0 30 2 *' }, {}, { cron: '* * * * *', count: 0 }]) {
      expect((await core.post('/v1/schedules/preview', asked)).body.code).toBe('E_INVALID_REQUEST');
    }
    const { body } = await core.get('/v1/schedules/backup/preview?count=x');
    expect(body.title).toContain('count: expected');
  });
});
