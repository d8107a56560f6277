/**
 * What must hold between the tables of a database that nobody damaged: rules of our own, which SQLite knows nothing
 * of. Only reads; each rule is one statement, so that it sees one state of a file that changes meanwhile.
 */
import type { DatabaseFacts } from '../protocol/database.ts';
import type { Database } from './database.ts';

interface Rule {
  /** SQL: how many rows contradict it. */
  readonly count: string;
  readonly says: (n: number) => string;
}

const OF_JOBS = ['attempts', 'job_logs', 'dependencies', 'unique_followers'] as const;

/** A record whose job is nowhere. */
function leftovers(table: string): Rule {
  return {
    count: `SELECT count(*) FROM ${table} AS t
      WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE id = t.job_id)
        AND NOT EXISTS (SELECT 1 FROM finished_jobs WHERE id = t.job_id)`,
    says: (n) => `${n} rows of ${table} belong to jobs that are gone`,
  };
}

/** The log is pruned from its oldest end: whatever is younger than that must be there. */
function withoutRow(table: string): Rule {
  return {
    count: `SELECT count(*) FROM ${table} AS j
      WHERE j.last_seq >= (SELECT min(first) FROM log) AND NOT EXISTS (
        SELECT 1 FROM (SELECT first, low, high FROM log WHERE last >= j.last_seq ORDER BY last LIMIT 1)
        WHERE first <= j.last_seq AND low <= j.id AND high >= j.id)`,
    says: (n) => `${n} rows of ${table} have no row in the log that tells of their last change`,
  };
}

/** Ends that were counted, less those whose records were counted out, are the records. */
function miscounted(state: string): Rule {
  return {
    count: `SELECT abs(
      coalesce((SELECT n FROM totals WHERE state = '${state}'), 0)
      - coalesce((SELECT n FROM totals WHERE state = 'removed:${state}'), 0)
      - (SELECT count(*) FROM finished_jobs WHERE state = '${state}'))`,
    says: (n) => `the count of ${state} jobs is wrong by ${n}`,
  };
}

const TOP = `max(coalesce((SELECT max(last) FROM log), 0),
  coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'log_top'), 0))`;

const RULES: readonly Rule[] = [
  {
    count: 'SELECT count(*) FROM jobs JOIN finished_jobs USING (id)',
    says: (n) => `${n} jobs are unfinished and ended at once`,
  },
  withoutRow('jobs'),
  withoutRow('finished_jobs'),
  ...OF_JOBS.map(leftovers),
  ...['succeeded', 'failed', 'cancelled'].map(miscounted),
  {
    count: `SELECT count(*) FROM (SELECT first, last, lag(last) OVER (ORDER BY last) AS before FROM log)
      WHERE first > last OR first <= before`,
    says: (n) => `${n} segments of the log overlap others`,
  },
  {
    count: `SELECT count(*) FROM cursors WHERE position > ${TOP}`,
    says: (n) => `${n} cursors stand behind the end of the log`,
  },
  {
    count: "SELECT count(*) = 0 FROM meta WHERE key = 'epoch'",
    says: () => 'the log has no epoch',
  },
];

/** @returns what contradicts itself, in words */
export function findContradictions(db: Database): readonly string[] {
  return RULES.flatMap(({ count, says }) => {
    const n = Number(db.prepare<[], number>(count).pluck().get() ?? 0);
    return n === 0 ? [] : [says(n)];
  });
}

export function readFacts(db: Database): DatabaseFacts {
  const number = (sql: string) => Number(db.prepare<[], number>(sql).pluck().get() ?? 0);
  const pragma = (name: string) => Number(db.pragma(name, { simple: true }));
  const epoch = db.prepare<[], string>("SELECT value FROM meta WHERE key = 'epoch'").pluck().get();
  const pageSize = pragma('page_size');
  return {
    bytes: pragma('page_count') * pageSize,
    freeBytes: pragma('freelist_count') * pageSize,
    schema: pragma('user_version'),
    epoch: epoch ?? '',
    unfinishedJobs: number('SELECT count(*) FROM jobs'),
    endedJobs: number('SELECT count(*) FROM finished_jobs'),
    events: number('SELECT counted FROM log ORDER BY last DESC LIMIT 1'),
    top: String(number(`SELECT ${TOP}`)),
    schedules: number('SELECT count(*) FROM schedules'),
  };
}

/** Numbers that only grow: by them one tells that a copy holds all that was there when it was begun. */
export interface HighMarks {
  readonly top: number;
  readonly jobId: number;
}

export function highMarks(db: Database): HighMarks {
  const number = (sql: string) => Number(db.prepare<[], number>(sql).pluck().get() ?? 0);
  return {
    top: number(`SELECT ${TOP}`),
    jobId: number("SELECT seq FROM sqlite_sequence WHERE name = 'jobs'"),
  };
}
