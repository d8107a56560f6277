/** What the pool owes while the database takes nothing: what only the core can tell is told later. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { usePool } from './pool-fixture.ts';

const { current, executor, startOne } = usePool();

/** Another program that writes to the database. */
const HOLDER = `
const Database = require('better-sqlite3');
const db = new Database(process.argv[1]);
db.exec('BEGIN IMMEDIATE');
console.log('held');
process.stdin.on('end', () => { db.exec('ROLLBACK'); db.close(); }).resume();
`;

/** @returns lets the lock go */
async function holdWriteLock(file: string): Promise<() => void> {
  const holder = spawn(process.execPath, ['-e', HOLDER, file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  return () => holder.stdin.end();
}

it('the attempts of a dead executor return, and an executor that came meanwhile is on record, once it can be written', async () => {
  const core = current();
  const doomed = await executor({ types: ['mail'] });
  const { id } = await startOne(doomed);
  const release = await holdWriteLock(path.join(core.directory, 'taskbell.db'));
  await doomed.die();
  await expect
    .poll(() => core.lines.some(({ msg }) => msg.startsWith('executor is gone')))
    .toBe(true);
  const heir = await executor({ types: ['mail'] });
  const refusals = () => core.lines.filter(({ msg }) => msg === 'the store refused').length;
  await expect.poll(refusals, { timeout: 15_000 }).toBeGreaterThanOrEqual(2);
  // It would be taken for dead by the next core, so it has to come again.
  await expect.poll(() => heir.isConnected).toBe(false);
  release();
  await heir.connect();
  await expect
    .poll(() => heir.assigned.map((attempt) => attempt.id), { timeout: 10_000 })
    .toEqual([id]);
  expect((await core.job(id)).attempts).toMatchObject([
    { outcome: 'crash' },
    { outcome: 'running' },
  ]);
}, 30_000);

it('an end whose executor died before it could be written is recorded all the same', async () => {
  const core = current();
  const doomed = await executor({ types: ['mail'] });
  const { id, attempt } = await startOne(doomed);
  const release = await holdWriteLock(path.join(core.directory, 'taskbell.db'));
  doomed.end({ id, attempt, result: 'told' });
  const { pid } = doomed.process;
  const running = async () => {
    const { body } = await core.get('/v1/workers');
    return body.workers.find((one: { pid: number }) => one.pid === pid)?.running;
  };
  await expect.poll(running, { timeout: 5_000 }).toBe(0);
  await doomed.die();
  const isSaid = (words: string) => core.lines.some(({ msg }) => msg.startsWith(words));
  await expect.poll(() => isSaid('executor is gone'), { timeout: 10_000 }).toBe(true);
  await expect.poll(() => isSaid('the store refused'), { timeout: 15_000 }).toBe(true);
  release();
  const job = async () => (await core.job(id)).state;
  await expect.poll(job, { timeout: 15_000 }).toBe('succeeded');
}, 50_000);

it('a queue that is paused stays so when another pause cannot be written', async () => {
  const core = current();
  const one = await executor({ types: ['mail'] });
  await core.post('/v1/queues/default/pause', {});
  const release = await holdWriteLock(path.join(core.directory, 'taskbell.db'));
  expect((await core.post('/v1/queues/default/pause', {})).status).toBe(503);
  release();
  const kept = await core.add('mail');
  // Whatever was claimable when this one was handed out would have come before it.
  const { id } = await startOne(one, { queue: 'other' });
  expect(one.assigned.map((attempt) => attempt.id)).toEqual([id]);
  expect((await core.job(kept.id)).state).toBe('queued');
}, 20_000);
