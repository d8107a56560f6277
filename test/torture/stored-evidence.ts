/** Reads what the database holds, read-only and only after the daemon has ended. */
import SqliteDatabase from 'better-sqlite3';
import type { LogRow } from '../../src/log/event-log.ts';
import { readAllRows } from '../log/sqlite/stored-rows.ts';
import type { Evidence, StoredAttempt, StoredJob, StoredRow } from './evidence.ts';

type Database = InstanceType<typeof SqliteDatabase>;
export type StoredEvidence = Pick<
  Evidence,
  'jobs' | 'attempts' | 'schedules' | 'log' | 'contradictions'
>;

interface JobRow {
  readonly id: number;
  readonly type: string;
  readonly queue: string;
  readonly group_key: string;
  readonly state: string;
  readonly reason: string | null;
  readonly payload: string;
  readonly result: string | null;
  readonly unique_key: string | null;
  readonly attempt: number;
  readonly retries: number | null;
  readonly created_at: number;
  readonly finished: number;
}

const BOTH = `id, type, queue, group_key, state, payload, unique_key, attempt, retries, created_at`;

/** @param seen by a follower that missed nothing: what it saw of rows that are gone goes before those that are there */
export function readStored(file: string, seen: readonly StoredRow[]): StoredEvidence {
  const db = new SqliteDatabase(file, { readonly: true });
  try {
    const jobs = db.prepare<[], JobRow>(
      `SELECT ${BOTH}, reason, result, 1 AS finished FROM finished_jobs
       UNION ALL SELECT ${BOTH}, NULL, NULL, 0 FROM jobs ORDER BY id`,
    );
    const kept = readAllRows(db).map(toRow);
    const oldest = kept[0]?.seq ?? Number.POSITIVE_INFINITY;
    return {
      jobs: jobs.all().map(toJob),
      attempts: readAttempts(db),
      schedules: db
        .prepare<[], Evidence['schedules'][number]>(
          'SELECT name, created_at AS createdAt, cursor FROM schedules',
        )
        .all(),
      log: [...seen.filter(({ seq }) => seq < oldest), ...kept],
      contradictions: [...findLeftovers(db), ...findMiscounts(db), ...findDamage(db)],
    };
  } finally {
    db.close();
  }
}

/** The last attempt of an ended job stands in its own record. */
function readAttempts(db: Database): readonly StoredAttempt[] {
  const columns = 'attempt, outcome, started_at AS startedAt, ended_at AS endedAt, error';
  return db
    .prepare<[], StoredAttempt>(
      `SELECT CAST(job_id AS TEXT) AS id, ${columns} FROM attempts
       UNION ALL SELECT CAST(id AS TEXT), ${columns} FROM finished_jobs
         WHERE outcome IS NOT NULL AND started_at IS NOT NULL`,
    )
    .all();
}

/** A record that is removed takes all that belongs to it along, in the same transaction. */
function findLeftovers(db: Database): readonly string[] {
  return ['attempts', 'job_logs', 'dependencies', 'unique_followers'].flatMap((table) => {
    const ids = db
      .prepare<[], number>(
        `SELECT DISTINCT job_id FROM ${table} WHERE job_id NOT IN
           (SELECT id FROM jobs UNION ALL SELECT id FROM finished_jobs)`,
      )
      .pluck()
      .all();
    return ids.map((id) => `${table} has rows of job ${id}, which is gone`);
  });
}

/** Ends that were counted, less those whose records were counted out, are the records. */
function findMiscounts(db: Database): readonly string[] {
  const total = db.prepare<[string], number>('SELECT n FROM totals WHERE state = ?').pluck();
  const count = db
    .prepare<[string], number>('SELECT count(*) FROM finished_jobs WHERE state = ?')
    .pluck();
  return ['succeeded', 'failed', 'cancelled'].flatMap((state) => {
    const counted = (total.get(state) ?? 0) - (total.get(`removed:${state}`) ?? 0);
    const there = count.get(state) ?? 0;
    return counted === there ? [] : [`${counted} ${state} jobs are counted, ${there} are there`];
  });
}

function findDamage(db: Database): readonly string[] {
  const found = db.pragma('integrity_check', { simple: true }) as string;
  return found === 'ok' ? [] : [`integrity_check: ${found}`];
}

function toJob(row: JobRow): StoredJob {
  // That of a schedule's job is null.
  const { n = null, emits = 0 } = (JSON.parse(row.payload) ?? {}) as { n?: number; emits?: number };
  const result = JSON.parse(row.result ?? 'null') as { n?: number } | null;
  return {
    ...{ id: String(row.id), type: row.type, queue: row.queue },
    group: row.group_key === '' ? null : row.group_key,
    ...{ n, uniqueKey: row.unique_key, state: row.state, reason: row.reason },
    ...{ finished: row.finished === 1, attempt: row.attempt, retries: row.retries },
    ...{ createdAt: row.created_at, resultN: result?.n ?? null, emits },
  };
}

function toRow({ seq, prev, type, id, kind, data }: LogRow): StoredRow {
  const [first] = JSON.parse(data) as readonly unknown[];
  const state = type === 'job' ? (first as { readonly state: string }).state : null;
  const before = prev === null ? null : Number(prev);
  return { seq: Number(seq), prev: before, type, id, kind, state };
}
