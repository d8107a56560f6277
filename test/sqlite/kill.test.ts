/** What was acknowledged is there after kill -9 at any moment, each job with its row in the log. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import type { Durability } from '../../src/protocol/jobs.ts';
import { openDatabase } from '../../src/sqlite/database.ts';
import { readAllRows } from '../log/sqlite/stored-rows.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const ADDER = fileURLToPath(new URL('./adding-child.mjs', import.meta.url));
const ROUNDS = 10;
const SEED = Number(process.env.TASKBELL_TEST_SEED ?? Date.now() % 2 ** 31);

/** Runs the adder until it has acknowledged so many, kills it, and answers everything it acknowledged. */
async function addUntilKilled(
  file: string,
  durability: Durability,
  enough: number,
): Promise<readonly string[]> {
  const child = spawn(process.execPath, [ADDER, file, durability], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const closed = once(child, 'close');
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.split('\n').length > enough) child.kill('SIGKILL');
  });
  const [, signal] = await closed;
  expect(signal).toBe('SIGKILL');
  // A last line that was cut off was not acknowledged.
  return said.split('\n').slice(0, -1);
}

it.each(['disk', 'os'] as const)(
  `loses no job acknowledged for %s in ${ROUNDS} kills (seed ${SEED})`,
  async (durability) => {
    const file = path.join(temporaryDirectory(), 'taskbell.db');
    const random = drawsFrom(SEED);
    const acknowledged: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      acknowledged.push(...(await addUntilKilled(file, durability, 1 + Math.floor(random() * 60))));
      const db = openDatabase(file);
      const stored = db.prepare<[], string>('SELECT CAST(id AS TEXT) FROM jobs').pluck().all();
      const told = readAllRows(db).map(({ id }) => id);
      const damage = db.pragma('integrity_check', { simple: true });
      db.close();
      const kept = new Set(stored);
      expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
      expect(told.toSorted()).toEqual(stored.toSorted());
      expect(damage).toBe('ok');
    }
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    expect(acknowledged.length).toBeGreaterThan(ROUNDS);
  },
);

/** mulberry32: a seed gives the same kills again. */
function drawsFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
