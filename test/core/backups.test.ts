/** Backups and checks of the core that works, in the real process beside it. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkDatabase } from '../../src/sqlite/database-check.ts';
import { AwakeCore } from './awake-core.ts';

let core: AwakeCore;
beforeEach(() => {
  core = new AwakeCore();
  core.knowType('mail');
});
afterEach(() => core.dispose());

const WAIT = { timeout: 30_000 };
const view = async () => (await core.get('/v1/db')).body;
const backups = () => {
  const directory = path.join(core.directory, 'backups');
  return existsSync(directory) ? readdirSync(directory).sort() : [];
};

describe('a backup that is asked for', () => {
  it('is made where it was asked for, while jobs come', async () => {
    await core.wake();
    for (let n = 0; n < 20; n += 1) await core.add('mail');
    const file = path.join(core.directory, 'copy.db');
    const made = core.post('/v1/db/backup', { file });
    const more = await Promise.all(Array.from({ length: 20 }, () => core.add('mail')));
    expect(more.length).toBe(20);
    const { status, body } = await made;
    expect(status).toBe(201);
    expect(body.file).toBe(file);
    expect(body.facts.unfinishedJobs).toBeGreaterThanOrEqual(20);
    expect(checkDatabase(file, true).ok).toBe(true);
    expect((await view()).backup).toMatchObject({ last: { file }, nextAt: null, error: null });
  });

  it('goes to the directory of backups, or into the one that was named, under a name with the time', async () => {
    await core.wake();
    const own = (await core.post('/v1/db/backup', {})).body;
    expect(path.dirname(own.file)).toBe(path.join(core.directory, 'backups'));
    expect(path.basename(own.file)).toMatch(/^taskbell-\d{8}T\d{6}Z\.db$/);
    const directory = path.join(core.directory, 'elsewhere');
    mkdirSync(directory);
    const there = (await core.post('/v1/db/backup', { file: directory })).body;
    expect(path.dirname(there.file)).toBe(directory);
  });

  it.each([
    [{ file: 'relative.db' }, 400, 'E_INVALID_REQUEST'],
    [{ files: 1 }, 400, 'E_INVALID_REQUEST'],
    [{ file: '/tmp/a\0b' }, 400, 'E_INVALID_REQUEST'],
    [{ file: '/nowhere/at/all.db' }, 500, 'E_CANNOT_CREATE'],
  ])('is refused for %j', async (body, status, code) => {
    await core.wake();
    expect(await core.post('/v1/db/backup', body)).toMatchObject({ status, body: { code } });
  });

  it('that a stop of the daemon cuts off leaves no half file', async () => {
    await core.wake();
    await core.add('mail');
    // Either it was done before, or the stop has ended it.
    const done = core.post('/v1/db/backup', {}).then(
      (answer) => answer.status,
      () => 0,
    );
    await core.sleep();
    const status = await done;
    expect(backups().filter((name) => name.endsWith('.partial'))).toEqual([]);
    if (status === 201) expect(backups()).toHaveLength(1);
    await core.wake();
  });
});

describe('backups by themselves', () => {
  it('come at the start where there is none, and the oldest go', async () => {
    mkdirSync(path.join(core.directory, 'backups'));
    const old = ['taskbell-20200101T000000Z.db', 'taskbell-20200102T000000Z.db'];
    for (const name of [...old, 'mine.db'])
      writeFileSync(path.join(core.directory, 'backups', name), 'x');
    core.configure('[backup]\nevery = 1h\nkeep = 2\n');
    await core.wake();
    await expect.poll(backups, WAIT).not.toContain(old[0]);
    const [mine, kept, made, ...rest] = backups();
    expect([mine, kept, rest]).toEqual(['mine.db', old[1], []]);
    expect(checkDatabase(path.join(core.directory, 'backups', made ?? ''), true).ok).toBe(true);
    const { backup } = await view();
    expect(backup.error).toBeNull();
    expect(Date.parse(backup.nextAt) - Date.parse(backup.last.at)).toBe(3_600_000);
  });

  it('that fail stand in the status with their reason, and are tried again', async () => {
    writeFileSync(path.join(core.directory, 'backups'), 'a file where the directory belongs');
    core.configure('[backup]\nevery = 1h\n');
    await core.wake();
    await expect.poll(async () => (await view()).backup.error, WAIT).toContain('cannot be used');
    const { backup } = await view();
    expect(backup.last).toBeNull();
    expect(Date.parse(backup.nextAt)).toBeGreaterThan(Date.now() + 300_000);
    expect(core.lines.some(({ level, msg }) => level === 50 && msg === 'the backup failed')).toBe(
      true,
    );
  });
});

describe('a check', () => {
  it('of the database that is worked with finds nothing', async () => {
    await core.wake();
    await core.add('mail');
    const { status, body } = await core.post('/v1/db/check', { full: true });
    expect(status).toBe(200);
    expect(body).toMatchObject({ ok: true, full: true, facts: { unfinishedJobs: 1 } });
  });

  it('is due after an unclean stop, and only then', async () => {
    await core.wake();
    expect((await view()).check).toBe('clean');
    const mark = path.join(core.directory, 'unclean');
    expect(existsSync(mark)).toBe(true);
    await core.sleep();
    expect(existsSync(mark)).toBe(false);
    writeFileSync(mark, '');
    await core.wake();
    expect(['due', 'running', 'ok']).toContain((await view()).check);
  });
});
