/** A backup of the service that works, and its way back. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Site } from './daemon.ts';

let site: Site;
beforeEach(() => {
  site = new Site();
});
afterEach(() => site.dispose());

const backup = () => site.path('copy.db');

it('is made under load, restored into the stopped service, and the log is another one', async () => {
  const daemon = await site.up();
  await site.json('job', 'add', 'echo', '--wait');
  const made = site.json('db', 'backup', 'copy.db');
  const added = await Promise.all(Array.from({ length: 50 }, () => site.api.add('echo')));
  const { file, facts } = await made;
  expect(file).toBe(backup());
  expect(facts.endedJobs).toBeGreaterThanOrEqual(1);
  const last = added.at(-1)?.id ?? '';
  await site.api.wait(last);
  const before = await site.api.status();
  // Nobody changes the database below a daemon.
  expect(await site.refusal(['db', 'restore', 'copy.db', '--yes'])).toMatchObject({
    ...{ exitCode: 75, code: 'E_OWNED' },
  });
  expect(await site.refusal(['db', 'compact'])).toMatchObject({ exitCode: 75 });
  await daemon.stop();
  // And nobody is asked where nobody can answer.
  expect((await site.run(['db', 'restore', 'copy.db'])).exitCode).toBe(64);
  const { aside } = await site.json('db', 'restore', 'copy.db', '--yes');
  expect(readdirSync(aside)).toContain('taskbell.db');
  await site.up();
  const after = await site.api.status();
  expect(after.log.epoch).not.toBe(before.log.epoch);
  expect(after.jobs.succeeded).toBeGreaterThanOrEqual(1);
  // Ids that were given since mean no other job.
  const next = await site.api.add('echo');
  expect(Number(next.id)).toBeGreaterThan(Number(last));
  await site.api.wait(next.id);
}, 90_000);

it('makes no data directory where none is', async () => {
  const away = site.path('mistyped');
  const refused = await site.refusal(['--data-directory', away, 'db', 'backup']);
  expect(refused).toMatchObject({ exitCode: 66, code: 'E_INPUT_FILE' });
  expect(existsSync(away)).toBe(false);
});

it('of a stopped service, its check and its compaction work on the file', async () => {
  const daemon = await site.up();
  await site.json('job', 'add', 'echo', '--wait');
  expect(await site.json('db', 'check', '--full')).toMatchObject({ ok: true, full: true });
  await daemon.stop();
  expect((await site.json('db', 'backup', 'copy.db')).facts).toMatchObject({ endedJobs: 1 });
  expect(await site.json('db', 'check')).toMatchObject({ ok: true, facts: { endedJobs: 1 } });
  const { before, after } = await site.json('db', 'compact');
  expect(after).toBeLessThanOrEqual(before);
  writeFileSync(site.path('text.db'), readFileSync(site.path('config.ini')));
  const wrong = await site.refusal(['db', 'restore', 'text.db', '--yes']);
  expect(wrong).toMatchObject({ exitCode: 65, code: 'E_DATABASE_INVALID' });
  expect(await site.refusal(['db', 'check', 'none.db'])).toMatchObject({ exitCode: 66 });
  const shown = await site.run(['db', 'check', 'copy.db']);
  expect(shown).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('sound') });
  expect(existsSync(backup())).toBe(true);
}, 90_000);
