/** The mark of a core that works, and the look at the file where it was left behind. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { UncleanStop } from '../../src/core/unclean-stop.ts';
import { type RunDatabaseTask, runDatabaseTask } from '../../src/process/database-process.ts';
import type { TaskbellError } from '../../src/protocol/errors.ts';
import { filledDatabase } from '../sqlite/filled-database.ts';

const entry = path.resolve(import.meta.dirname, '../../dist/sqlite/database-process.js');
const perform: RunDatabaseTask = (task, options) => runDatabaseTask(task, { ...options, entry });
const WAIT = { timeout: 30_000 };

async function stand({ unclean = true } = {}) {
  const { file } = await filledDatabase(3);
  const mark = path.join(path.dirname(file), 'unclean');
  if (unclean) writeFileSync(mark, '');
  const fatal: TaskbellError[] = [];
  const said: string[] = [];
  const log = pino({ level: 'info' }, { write: (line) => void said.push(JSON.parse(line).msg) });
  const onDamage = (error: TaskbellError) => void fatal.push(error);
  const stop = new UncleanStop({ mark, file, perform, log, onDamage, delayMs: 0 });
  return { file, stop, fatal, said, isMarked: () => existsSync(mark) };
}

it('marks the directory while the core works, and looks at nothing after a clean stop', async () => {
  const { stop, isMarked } = await stand({ unclean: false });
  stop.start();
  expect(isMarked()).toBe(true);
  await stop.stop();
  expect(stop.verdict).toBe('clean');
  stop.noteClosed();
  expect(isMarked()).toBe(false);
});

it('finds a sound file sound, and takes the mark away when the core stops', async () => {
  const { stop, said, fatal, isMarked } = await stand();
  stop.start();
  expect(stop.verdict).toBe('due');
  await expect.poll(() => stop.verdict, WAIT).toBe('ok');
  expect(said).toEqual(['the database is sound after an unclean stop']);
  expect(isMarked()).toBe(true);
  await stop.stop();
  stop.noteClosed();
  expect([fatal, isMarked()]).toEqual([[], false]);
});

it('is told before it began that it ends, and leaves the mark to the next start', async () => {
  const { stop, isMarked } = await stand();
  stop.start();
  await stop.stop();
  stop.noteClosed();
  expect([stop.verdict, isMarked()]).toEqual(['due', true]);
});

it('tells of damage, once, and leaves the mark', async () => {
  const { file, stop, fatal, isMarked } = await stand();
  breakTable(file, 'job_logs');
  stop.start();
  await expect.poll(() => stop.verdict, WAIT).toBe('damaged');
  expect(fatal.map(({ code }) => code)).toEqual(['E_DATABASE_INVALID']);
  await stop.stop();
  stop.noteClosed();
  expect(isMarked()).toBe(true);
});

it('says of contradictions that they are there, and goes on', async () => {
  const { file, stop, fatal, said } = await stand();
  const db = new SqliteDatabase(file);
  db.exec("UPDATE totals SET n = n + 1 WHERE state = 'succeeded'");
  db.close();
  stop.start();
  await expect.poll(() => stop.verdict, WAIT).toBe('contradictory');
  expect([fatal, said]).toEqual([[], ['the database contradicts itself']]);
  await stop.stop();
});

/** Its root page is no page any more: nobody notices who does not read that table. */
function breakTable(file: string, name: string): void {
  const db = new SqliteDatabase(file);
  const root = db
    .prepare<[string], number>('SELECT rootpage FROM sqlite_schema WHERE name = ?')
    .pluck()
    .get(name);
  const pageSize = Number(db.pragma('page_size', { simple: true }));
  db.close();
  const bytes = readFileSync(file);
  bytes.fill(0xff, ((root ?? 1) - 1) * pageSize, (root ?? 1) * pageSize);
  writeFileSync(file, bytes);
}
