/** Reads what the database holds, read-only and only after the daemon has ended. */
import SqliteDatabase from 'better-sqlite3';
import type { LogRow } from '../../src/log/event-log.ts';
import { readAllRows } from '../log/sqlite/stored-rows.ts';
import type { StoredJob, StoredRow } from './evidence.ts';

interface JobRow {
  readonly id: number;
  readonly state: string;
  readonly payload: string;
  readonly result: string | null;
  readonly unique_key: string | null;
  readonly attempt: number;
  readonly finished: number;
}

export function readStored(file: string): {
  readonly jobs: readonly StoredJob[];
  readonly log: readonly StoredRow[];
} {
  const db = new SqliteDatabase(file, { readonly: true });
  try {
    const jobs = db.prepare<[], JobRow>(
      `SELECT id, state, payload, result, unique_key, attempt, 1 AS finished FROM finished_jobs
       UNION ALL
       SELECT id, state, payload, NULL, unique_key, attempt, 0 FROM jobs ORDER BY id`,
    );
    return { jobs: jobs.all().map(toJob), log: readAllRows(db).map(toRow) };
  } finally {
    db.close();
  }
}

function toJob(row: JobRow): StoredJob {
  const { n, emits = 0 } = JSON.parse(row.payload) as { n: number; emits?: number };
  const result = JSON.parse(row.result ?? 'null') as { n?: number } | null;
  return {
    id: String(row.id),
    n,
    uniqueKey: row.unique_key,
    state: row.state,
    finished: row.finished === 1,
    attempt: row.attempt,
    resultN: result?.n ?? null,
    emits,
  };
}

function toRow({ seq, prev, type, id, kind, data }: LogRow): StoredRow {
  const [first] = JSON.parse(data) as readonly unknown[];
  const state = type === 'job' ? (first as { readonly state: string }).state : null;
  const before = prev === null ? null : Number(prev);
  return { seq: Number(seq), prev: before, type, id, kind, state };
}
