/**
 * Every SQL statement on the queue's tables, prepared once. Nothing here decides anything.
 */
import type { Database } from '../../sqlite/database.ts';
import {
  type AttemptRow,
  type GuardRow,
  type JobRow,
  type LiveRow,
  type LogLineRow,
  type RunningRow,
  SELECT_FINISHED,
  SELECT_UNFINISHED,
  type WaitingTuple,
} from './job-rows.ts';

export type JobStatements = ReturnType<typeof prepareJobStatements>;

const LIVE = `SELECT id, type, queue, state, retries, user_id, attempt, failures, crashes,
  cancel_requested, executor, started_at, group_key, flags, options, last_seq FROM jobs`;

// The attempt is part of the fence: an executor's name alone would let a first run end a second.
const FENCED = "WHERE id = ? AND state = 'running' AND attempt = ?";

export function prepareJobStatements(db: Database) {
  return { ...prepareLife(db), ...prepareEnds(db), ...prepareReads(db), ...prepareRest(db) };
}

function prepareLife(db: Database) {
  return {
    insert: db.prepare<unknown[]>(`INSERT INTO jobs (type, queue, state, priority, payload, run_at,
      unique_key, retries, timeout_ms, user_id, created_at, group_key, flags, options, waits_for,
      last_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    holderOfKey: db
      .prepare<[string, string], number>('SELECT id FROM jobs WHERE type = ? AND unique_key = ?')
      .pluck(),
    // As arrays: making objects of rows cost more than finding them.
    waiting: db
      .prepare<[string, string, string, number], WaitingTuple>(`SELECT id, priority, crashes,
      payload, user_id, created_at, retries, timeout_ms, attempt, failures, flags, options, last_seq
      FROM jobs WHERE state = 'queued' AND queue = ? AND type = ? AND group_key = ?
      ORDER BY priority DESC, id LIMIT ?`)
      .raw(),
    runsSuspect: db
      .prepare<[string, number], number>(
        "SELECT 1 FROM jobs WHERE state = 'running' AND executor = ? AND crashes >= ? LIMIT 1",
      )
      .pluck(),
    suspectExecutors: db
      .prepare<[number], string>(
        "SELECT executor FROM jobs WHERE state = 'running' AND crashes >= ?",
      )
      .pluck(),
    start: db.prepare<[string, number, number, number]>(`UPDATE jobs SET state = 'running',
      attempt = attempt + 1, executor = ?, started_at = ?, last_seq = ?, run_at = NULL,
      progress = NULL WHERE id = ?`),
    due: db.prepare<[number, number], LiveRow>(
      `${LIVE} WHERE state IN ('scheduled', 'retrying') AND run_at <= ? ORDER BY run_at LIMIT ?`,
    ),
    nextDue: db
      .prepare<[], number | null>(
        "SELECT min(run_at) FROM jobs WHERE state IN ('scheduled', 'retrying')",
      )
      .pluck(),
    makeQueued: db.prepare<[number, number]>(
      "UPDATE jobs SET state = 'queued', run_at = NULL, last_seq = ? WHERE id = ?",
    ),
    requestCancel: db.prepare<[number]>('UPDATE jobs SET cancel_requested = 1 WHERE id = ?'),
    progress: db.prepare<[string, number, number]>(
      'UPDATE jobs SET progress = ?, last_seq = ? WHERE id = ?',
    ),
    group: db.prepare<[number, string, number, number]>(
      `UPDATE jobs SET group_pid = ?, group_start = ? ${FENCED}`,
    ),
  };
}

function prepareEnds(db: Database) {
  return {
    running: db.prepare<[number, number], LiveRow>(`${LIVE} ${FENCED}`),
    runningChanges: db
      .prepare<[number, number], [number, number, number]>(
        `SELECT cancel_requested, flags, last_seq FROM jobs ${FENCED}`,
      )
      .raw(),
    finish: db.prepare<unknown[]>(`INSERT INTO finished_jobs (id, type, queue, state, reason,
      priority, payload, unique_key, retries, timeout_ms, user_id, created_at, attempt, failures,
      crashes, executor, started_at, ended_at, duration_ms, outcome, result, error, cpu_ms,
      peak_bytes, exit_code, last_seq, group_key, flags, options, progress)
      SELECT id, type, queue, ?, ?, priority, payload, unique_key, retries, timeout_ms, user_id,
      created_at, attempt, ?, ?, executor, started_at, ?, ?, ?, ?, ?, ?, ?, ?, ?, group_key, flags,
      options, progress FROM jobs WHERE id = ?`),
    remove: db.prepare<[number]>('DELETE FROM jobs WHERE id = ?'),
    wait: db.prepare<unknown[]>(`UPDATE jobs SET state = ?, run_at = ?, failures = ?, crashes = ?,
      executor = NULL, group_pid = NULL, group_start = NULL, started_at = NULL, progress = NULL,
      last_seq = ? WHERE id = ?`),
    insertAttempt: db.prepare<unknown[]>(`INSERT INTO attempts (job_id, attempt, outcome,
      started_at, ended_at, duration_ms, executor, error, cpu_ms, peak_bytes, exit_code)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    keepLastAttempt: db.prepare<[number]>(`INSERT INTO attempts (job_id, attempt, outcome,
      started_at, ended_at, duration_ms, executor, error, cpu_ms, peak_bytes, exit_code)
      SELECT id, attempt, outcome, started_at, ended_at, coalesce(duration_ms, 0), executor, error,
      cpu_ms, peak_bytes, exit_code FROM finished_jobs
      WHERE id = ? AND outcome IS NOT NULL AND started_at IS NOT NULL`),
    revive: db.prepare<[number, number]>(`INSERT INTO jobs (id, type, queue, state, priority,
      payload, unique_key, retries, timeout_ms, user_id, created_at, attempt, group_key, flags,
      options, last_seq)
      SELECT id, type, queue, 'queued', priority, payload, unique_key, retries, timeout_ms,
      user_id, created_at, attempt, group_key, flags, options, ? FROM finished_jobs WHERE id = ?`),
    removeFinished: db.prepare<[number]>('DELETE FROM finished_jobs WHERE id = ?'),
    finishedSeq: db
      .prepare<[number], number>('SELECT last_seq FROM finished_jobs WHERE id = ?')
      .pluck(),
  };
}

function prepareReads(db: Database) {
  return {
    live: db.prepare<[number], LiveRow>(`${LIVE} WHERE id = ?`),
    unfinished: db.prepare<[number], JobRow>(`${SELECT_UNFINISHED} WHERE id = ?`),
    finished: db.prepare<[number], JobRow>(`${SELECT_FINISHED} WHERE id = ?`),
    attempts: db.prepare<[number], AttemptRow>(`SELECT attempt, outcome, started_at, ended_at,
      duration_ms, executor, error, cpu_ms, peak_bytes, exit_code
      FROM attempts WHERE job_id = ? ORDER BY attempt`),
    allRunning: db.prepare<[], RunningRow>(`SELECT id, type, queue, attempt, executor, started_at,
      timeout_ms, cancel_requested, group_pid, group_start, group_key, flags FROM jobs WHERE state = 'running'`),
    logLines: db.prepare<[number, number, number], LogLineRow>(
      'SELECT n, at, attempt, level, line FROM job_logs WHERE job_id = ? AND n > ? ORDER BY n LIMIT ?',
    ),
  };
}

function prepareRest(db: Database) {
  return {
    insertLogLine: db.prepare<unknown[]>(
      'INSERT INTO job_logs (job_id, n, at, attempt, level, line) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    lastLogLine: db
      .prepare<[number], number | null>('SELECT max(n) FROM job_logs WHERE job_id = ?')
      .pluck(),
    trimLogLines: db.prepare<[number, number]>('DELETE FROM job_logs WHERE job_id = ? AND n <= ?'),
    jobExists: db
      .prepare<[number, number], number>(
        `SELECT 1 FROM jobs WHERE id = ? UNION ALL SELECT 1 FROM finished_jobs WHERE id = ? LIMIT 1`,
      )
      .pluck(),
    rememberExecutor: db.prepare<[string, number, string]>(
      'INSERT OR REPLACE INTO executors (id, pid, start_time) VALUES (?, ?, ?)',
    ),
    forgetExecutors: db.prepare(
      "DELETE FROM executors WHERE id NOT IN (SELECT executor FROM jobs WHERE state = 'running')",
    ),
    executor: db.prepare<[string], { pid: number; start_time: string }>(
      'SELECT pid, start_time FROM executors WHERE id = ?',
    ),
    guard: db.prepare<[string], GuardRow>(
      'SELECT fingerprint, answers FROM add_guards WHERE key = ?',
    ),
    insertGuard: db.prepare<[string, number, string, string]>(
      'INSERT INTO add_guards (key, at, fingerprint, answers) VALUES (?, ?, ?, ?)',
    ),
    // A few at a time: as many as come, and no long transaction after a busy day.
    forgetGuards: db.prepare<[number]>(`DELETE FROM add_guards WHERE key IN
      (SELECT key FROM add_guards WHERE at < ? ORDER BY at LIMIT 10)`),
  };
}
