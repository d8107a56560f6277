/** Every SQL statement on the table of dependencies, prepared once. Nothing here decides anything. */
import type { FailReason, JobState } from '../../protocol/jobs.ts';
import type { Database } from '../../sqlite/database.ts';

export type DependencyStatements = ReturnType<typeof prepareDependencyStatements>;

/** A job as one that depends on it sees it. */
export interface ParentRow {
  readonly id: number;
  readonly type: string;
  readonly state: JobState;
}

/** A waiting job as a decision about its release reads it. */
export interface DependentRow {
  readonly id: number;
  readonly type: string;
  readonly queue: string;
  readonly group_key: string;
  readonly attempt: number;
  readonly run_at: number | null;
  readonly waits_for: number;
  readonly options: string | null;
  readonly last_seq: number;
}

/** How one dependency stands, with what is handed down of it. */
export interface HandedRow {
  readonly id: number;
  readonly ref: string | null;
  readonly type: string | null;
  readonly state: JobState;
  readonly result: string | null;
  readonly error: string | null;
}

export interface RelativeRow {
  readonly id: number;
  readonly ref: string | null;
  readonly type: string | null;
  readonly state: JobState;
}

/**
 * True for a row of `finished_jobs` that an unfinished job depends on: its result is still to be handed down,
 * so it must not be removed.
 */
export const IS_NEEDED = `EXISTS (SELECT 1 FROM dependencies JOIN jobs ON jobs.id = dependencies.job_id
  WHERE dependencies.parent_id = finished_jobs.id)`;

export function prepareDependencyStatements(db: Database) {
  return { ...prepareChanges(db), ...prepareRevival(db), ...prepareReads(db) };
}

function prepareChanges(db: Database) {
  return {
    parent: db.prepare<[number, number], ParentRow>(
      `SELECT id, type, state FROM jobs WHERE id = ?
      UNION ALL SELECT id, type, state FROM finished_jobs WHERE id = ?`,
    ),
    markParent: db.prepare<[number, number]>('UPDATE jobs SET flags = flags | ? WHERE id = ?'),
    link: db.prepare<[number, number, number, string | null, string | null]>(
      'INSERT INTO dependencies (job_id, n, parent_id, ref, state) VALUES (?, ?, ?, ?, ?)',
    ),
    // Those that count this end; a job that ended before it does not.
    dependents: db.prepare<[number], DependentRow>(`SELECT jobs.id, type, queue, group_key, attempt,
      run_at, waits_for, options, last_seq
      FROM dependencies JOIN jobs ON jobs.id = dependencies.job_id
      WHERE parent_id = ? AND dependencies.state IS NULL ORDER BY job_id`),
    noteEnd: db.prepare<[string, number]>('UPDATE dependencies SET state = ? WHERE parent_id = ?'),
    waitForFewer: db.prepare<[number]>('UPDATE jobs SET waits_for = waits_for - 1 WHERE id = ?'),
    release: db.prepare<[string, number | null, number, number]>(
      'UPDATE jobs SET state = ?, run_at = ?, waits_for = 0, last_seq = ? WHERE id = ?',
    ),
  };
}

function prepareRevival(db: Database) {
  return {
    // Seen anew: one that runs again has not ended, whatever it came to before.
    lookAgain: db.prepare<[number]>(`UPDATE dependencies SET state = CASE
      WHEN EXISTS (SELECT 1 FROM jobs WHERE id = parent_id) THEN NULL
      ELSE coalesce((SELECT state FROM finished_jobs WHERE id = parent_id), state) END
      WHERE job_id = ?`),
    markParentsOf: db.prepare<[number, number]>(`UPDATE jobs SET flags = flags | ?
      WHERE id IN (SELECT parent_id FROM dependencies WHERE job_id = ? AND state IS NULL)`),
    markIfNeeded: db.prepare<[number, number, number]>(`UPDATE jobs SET flags = flags | ?
      WHERE id = ? AND EXISTS (SELECT 1 FROM dependencies WHERE parent_id = ?)`),
    wait: db.prepare<[number, number]>(
      "UPDATE jobs SET state = 'waiting', waits_for = ? WHERE id = ?",
    ),
    endedForParent: db.prepare<
      [number],
      { id: number; reason: FailReason | null; options: string | null }
    >(`SELECT finished_jobs.id, reason, options
      FROM dependencies JOIN finished_jobs ON finished_jobs.id = dependencies.job_id
      WHERE parent_id = ? AND reason = 'dependency' ORDER BY job_id`),
  };
}

function prepareReads(db: Database) {
  return {
    counts: db.prepare<[number], { state: JobState | null; n: number }>(
      'SELECT state, count(*) AS n FROM dependencies WHERE job_id = ? GROUP BY state',
    ),
    handed: db.prepare<[number, number], HandedRow>(`SELECT parent_id AS id, ref,
      coalesce(finished_jobs.type, jobs.type) AS type, dependencies.state AS state, result, error
      FROM dependencies LEFT JOIN finished_jobs ON finished_jobs.id = parent_id
      LEFT JOIN jobs ON jobs.id = parent_id
      WHERE job_id = ? AND dependencies.state IS NOT NULL ORDER BY n LIMIT ?`),
    parentsOf: db.prepare<[number, number], RelativeRow>(`SELECT parent_id AS id, ref,
      coalesce(jobs.type, finished_jobs.type) AS type,
      coalesce(jobs.state, finished_jobs.state, dependencies.state) AS state
      FROM dependencies LEFT JOIN finished_jobs ON finished_jobs.id = parent_id
      LEFT JOIN jobs ON jobs.id = parent_id WHERE job_id = ? ORDER BY n LIMIT ?`),
    dependentsOf: db.prepare<[number, number], RelativeRow>(`SELECT job_id AS id, ref,
      coalesce(jobs.type, finished_jobs.type) AS type,
      coalesce(jobs.state, finished_jobs.state) AS state
      FROM dependencies LEFT JOIN finished_jobs ON finished_jobs.id = job_id
      LEFT JOIN jobs ON jobs.id = job_id
      WHERE parent_id = ? AND coalesce(jobs.id, finished_jobs.id) IS NOT NULL
      ORDER BY job_id LIMIT ?`),
  };
}
