/**
 * The schema, step by step. `user_version` counts the steps that a file has taken. A step that
 * was released is never edited; a change is a new step.
 */

const CORE_TABLES = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- Unfinished jobs only: a claim costs the same whatever the history. (Of the states by OR: SQLite makes
-- a table of the list of an IN for each row that it checks, which cost a job 3 us.)
CREATE TABLE jobs (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  type             TEXT    NOT NULL,
  queue            TEXT    NOT NULL,
  state            TEXT    NOT NULL CHECK (state = 'queued' OR state = 'running'
    OR state = 'scheduled' OR state = 'retrying' OR state = 'waiting'),
  priority         INTEGER NOT NULL,
  payload          TEXT    NOT NULL,
  run_at           INTEGER,
  unique_key       TEXT,
  retries          INTEGER,
  timeout_ms       INTEGER,
  user_id          TEXT,
  created_at       INTEGER NOT NULL,
  attempt          INTEGER NOT NULL DEFAULT 0,
  failures         INTEGER NOT NULL DEFAULT 0,
  crashes          INTEGER NOT NULL DEFAULT 0,
  cancel_requested INTEGER NOT NULL DEFAULT 0,
  executor         TEXT,
  group_pid        INTEGER,
  group_start      TEXT,
  started_at       INTEGER,
  progress         TEXT,
  -- '': none.
  group_key        TEXT    NOT NULL DEFAULT '',
  -- Bits, see job-flags.ts.
  flags            INTEGER NOT NULL DEFAULT 0,
  -- What few jobs say of themselves, as JSON: backoff, onDependencyFailure.
  options          TEXT,
  -- Jobs that must end before this one may run.
  waits_for        INTEGER NOT NULL DEFAULT 0,
  last_seq         INTEGER NOT NULL
) STRICT;
CREATE INDEX jobs_ready ON jobs (queue, type, group_key, priority DESC, id)
  WHERE state = 'queued';
CREATE INDEX jobs_due ON jobs (run_at, queue, state) WHERE state IN ('scheduled', 'retrying');
CREATE INDEX jobs_running ON jobs (queue) WHERE state = 'running';
CREATE INDEX jobs_waiting ON jobs (queue, id) WHERE state = 'waiting';
CREATE UNIQUE INDEX jobs_unique ON jobs (type, unique_key) WHERE unique_key IS NOT NULL;

CREATE TABLE finished_jobs (
  id          INTEGER PRIMARY KEY,
  type        TEXT    NOT NULL,
  queue       TEXT    NOT NULL,
  state       TEXT    NOT NULL CHECK (state = 'succeeded' OR state = 'failed' OR state = 'cancelled'),
  reason      TEXT,
  priority    INTEGER NOT NULL,
  payload     TEXT    NOT NULL,
  unique_key  TEXT,
  retries     INTEGER,
  timeout_ms  INTEGER,
  user_id     TEXT,
  created_at  INTEGER NOT NULL,
  attempt     INTEGER NOT NULL,
  failures    INTEGER NOT NULL,
  crashes     INTEGER NOT NULL,
  executor    TEXT,
  started_at  INTEGER,
  ended_at    INTEGER NOT NULL,
  duration_ms REAL,
  outcome     TEXT,
  result      TEXT,
  error       TEXT,
  cpu_ms      REAL,
  peak_bytes  INTEGER,
  exit_code   INTEGER,
  group_key   TEXT    NOT NULL,
  flags       INTEGER NOT NULL,
  options     TEXT,
  last_seq    INTEGER NOT NULL,
  -- What its last attempt said last.
  progress    TEXT
) STRICT;
-- Failures are what an operator looks for among millions of successes.
CREATE INDEX finished_unsuccessful ON finished_jobs (state, id) WHERE state <> 'succeeded';

-- Attempts that did not end their job; the last one stands in finished_jobs itself.
CREATE TABLE attempts (
  job_id      INTEGER NOT NULL,
  attempt     INTEGER NOT NULL,
  outcome     TEXT    NOT NULL,
  started_at  INTEGER NOT NULL,
  ended_at    INTEGER NOT NULL,
  duration_ms REAL    NOT NULL,
  executor    TEXT,
  error       TEXT,
  cpu_ms      REAL,
  peak_bytes  INTEGER,
  exit_code   INTEGER,
  PRIMARY KEY (job_id, attempt)
) STRICT, WITHOUT ROWID;

-- Which jobs a job depends on, in the order of its request. state: how the other one ended, null before.
CREATE TABLE dependencies (
  job_id    INTEGER NOT NULL,
  n         INTEGER NOT NULL,
  parent_id INTEGER NOT NULL,
  ref       TEXT,
  state     TEXT,
  PRIMARY KEY (job_id, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX dependencies_parent ON dependencies (parent_id, job_id);

-- Unique keys that are held for a time, whether their job has ended or not.
CREATE TABLE unique_windows (
  type   TEXT    NOT NULL,
  key    TEXT    NOT NULL,
  job_id INTEGER NOT NULL,
  until  INTEGER NOT NULL,
  PRIMARY KEY (type, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX unique_windows_until ON unique_windows (until);
-- What is added when a running job has ended, because its key was added again meanwhile. job: JSON.
CREATE TABLE unique_followers (job_id INTEGER PRIMARY KEY, job TEXT NOT NULL) STRICT;

-- Token buckets of the rate limits that are not full. owed_ms: from at on until it is.
CREATE TABLE rate_buckets (
  key TEXT PRIMARY KEY, owed_ms REAL NOT NULL, at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Adds that may be repeated: what each was answered with.
CREATE TABLE add_guards (
  key         TEXT    PRIMARY KEY,
  at          INTEGER NOT NULL,
  fingerprint TEXT    NOT NULL,
  answers     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX add_guards_age ON add_guards (at);

CREATE TABLE job_logs (
  job_id  INTEGER NOT NULL,
  n       INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  level   TEXT    NOT NULL,
  line    TEXT    NOT NULL,
  PRIMARY KEY (job_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE queues (
  name TEXT PRIMARY KEY, paused INTEGER NOT NULL, draining INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
-- state: a finished one, with its ends since the beginning; or removed:STATE, with the records that are gone.
CREATE TABLE totals (state TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE executors (
  id TEXT PRIMARY KEY, pid INTEGER NOT NULL, start_time TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Types that only executors of other makes offer. manifest: JSON; seen_at: when one last said so.
CREATE TABLE foreign_types (
  name TEXT PRIMARY KEY, manifest TEXT NOT NULL, seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The one log. What a transaction appended is one segment (log/sqlite/segment.ts), or a few when it
-- is much: its rows, one a line, are read together. ended, counted: ends and rows since the log began.
-- low, high: the job ids in it. The text comes last, so that a look at the rest does not read it.
CREATE TABLE log (
  last    INTEGER PRIMARY KEY,
  first   INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  ends    INTEGER NOT NULL,
  ended   INTEGER NOT NULL,
  counted INTEGER NOT NULL,
  low     INTEGER,
  high    INTEGER,
  types   TEXT    NOT NULL,
  rows    TEXT    NOT NULL
) STRICT;
-- The newest row of each topic that was published to; the rows before it are found along prev.
-- Of jobs it stands in their own record.
CREATE TABLE log_topics (
  type TEXT NOT NULL, id TEXT NOT NULL, newest INTEGER NOT NULL, PRIMARY KEY (type, id)
) STRICT, WITHOUT ROWID;
-- Rows that are kept of each type but jobs; gone: the last one that went before its time in the log was over.
CREATE TABLE log_types (
  type TEXT PRIMARY KEY, kept INTEGER NOT NULL, gone INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- Publishes that may be repeated. answers: JSON, the first number, and prev of each row; see append-guards.ts.
CREATE TABLE append_guards (
  key         TEXT    PRIMARY KEY,
  at          INTEGER NOT NULL,
  fingerprint TEXT    NOT NULL,
  answers     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX append_guards_age ON append_guards (at);
CREATE TABLE cursors (name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- spec, jobs: JSON. cursor: the last settled slot.
CREATE TABLE schedules (
  name        TEXT    PRIMARY KEY,
  source      TEXT    NOT NULL CHECK (source IN ('config', 'api')),
  spec        TEXT    NOT NULL,
  paused      INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  cursor      INTEGER NOT NULL,
  pending     INTEGER,
  next_at     INTEGER,
  last_run_at INTEGER,
  jobs        TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX schedules_due ON schedules (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE users (
  id TEXT PRIMARY KEY, name TEXT, active INTEGER NOT NULL, created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- Access tokens that are refused. subject: token:ID, user:ID or all; a row is kept until what it is about has
-- expired anyway.
CREATE TABLE token_revocations (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  subject       TEXT    NOT NULL UNIQUE,
  token_id      TEXT,
  user          TEXT,
  issued_before INTEGER,
  created_at    INTEGER NOT NULL,
  expires_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX token_revocations_expiry ON token_revocations (expires_at);
CREATE TABLE grants (
  user TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (user, type, id)
) STRICT, WITHOUT ROWID;
`;

export const MIGRATIONS: readonly string[] = [CORE_TABLES];
