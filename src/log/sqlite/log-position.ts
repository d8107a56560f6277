/**
 * The last number that was given to a row, across restarts, the leap over numbers that a power cut
 * may have taken back, and from where on the log is whole.
 *
 * Rows of commits that were not forced to the disk are pushed to subscribers and may then be lost with
 * the machine. Their numbers must never mean another row.
 */
import type { Database } from '../../sqlite/database.ts';

/** More rows than could be appended between two syncs. */
const LEAP = 1_000_000;

const TOP = 'log_top';
const FLOOR = 'log_floor';
const BOOT = 'boot_id';

/** What is stored of the log, or what was noted when its newest rows went. */
export function lastSeq(db: Database): number {
  const stored = db.prepare<[], number>('SELECT max(last) FROM log').pluck().get() ?? 0;
  return Math.max(stored, Number(readMeta(db, TOP) ?? 0));
}

export function noteTop(db: Database, top: number): void {
  writeMeta(db, TOP, String(top));
}

/** Everything after it is still there, save what went by a bound of its type; undefined where that was never noted. */
export function prepareFloor(db: Database) {
  return db.prepare<[], string>(`SELECT value FROM meta WHERE key = '${FLOOR}'`).pluck();
}

/** Up to here the log itself let its oldest rows go. */
export function noteFloor(db: Database, floor: number): void {
  writeMeta(db, FLOOR, String(floor));
}

/**
 * To be called before the log is opened: leaps when the machine was started anew since the last time.
 * @param bootId of this run of the machine; empty where it has none, which counts as another one each time
 */
export function skipAhead(db: Database, bootId: string): void {
  const leap = db.transaction(() => {
    const known = readMeta(db, BOOT);
    if (known === bootId && bootId !== '') return;
    if (known !== undefined) noteTop(db, lastSeq(db) + LEAP);
    writeMeta(db, BOOT, bootId);
  });
  leap.immediate();
}

function readMeta(db: Database, key: string): string | undefined {
  return db.prepare<[string], string>('SELECT value FROM meta WHERE key = ?').pluck().get(key);
}

function writeMeta(db: Database, key: string, value: string): void {
  db.prepare(
    'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  ).run(key, value);
}
