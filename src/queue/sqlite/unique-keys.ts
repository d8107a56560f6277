/**
 * Unique keys on SQLite, inside the running transaction: finds the job that holds a key and does to it
 * what `unique.ts` decides. Adding a job, and when a running one has ended, is left to the caller.
 */
import type { LogWriter } from '../../log/sqlite/log-writer.ts';
import type { TaskbellError } from '../../protocol/errors.ts';
import type { JobState, UniqueOutcome } from '../../protocol/jobs.ts';
import type { Database } from '../../sqlite/database.ts';
import type { NewJob } from '../job.ts';
import { uniqueEvent } from '../job-events.ts';
import type { AddOutcome } from '../job-store.ts';
import { conflictError, decideUnique, findConflict, type UniqueDecision } from '../unique.ts';
import type { JobCounts } from './job-counts.ts';
import { FLAG, hasFlag } from './job-flags.ts';
import { flagsOf, type JobRow, NO_GROUP, optionsOf, readOptions, toJob } from './job-rows.ts';
import type { JobStatements } from './job-statements.ts';
import type { SealedRows } from './sealed-rows.ts';

/** The unfinished job of a key. */
interface HolderRow {
  readonly id: number;
  readonly type: string;
  readonly state: JobState;
  readonly queue: string;
  readonly attempt: number;
  readonly created_at: number;
  readonly flags: number;
  readonly options: string | null;
  readonly last_seq: number;
}

/** An add that waits for the end of a job. */
export interface Follower {
  /** Its payload is as it is stored. */
  readonly job: NewJob;
  /** When the first of the adds came that it stands for. */
  readonly since: number;
}

type Met =
  | { readonly kind: 'held'; readonly outcome: AddOutcome }
  /** Nobody holds the key: add this. */
  | { readonly kind: 'free'; readonly job: NewJob };

/** Flags that belong to the job's place among others, whatever its payload is. */
const KEPT_FLAGS = FLAG.hasDependencies | FLAG.hasDependents | FLAG.hasFollower;

interface UniqueKeysParts {
  readonly db: Database;
  readonly sql: JobStatements;
  readonly writer: LogWriter;
  readonly counts: JobCounts;
  readonly sealed: SealedRows;
}

export class UniqueKeys {
  readonly #own;
  readonly #sql: JobStatements;
  readonly #writer: LogWriter;
  readonly #counts: JobCounts;
  readonly #sealed: SealedRows;

  constructor({ db, sql, writer, counts, sealed }: UniqueKeysParts) {
    this.#own = prepareUniqueStatements(db);
    this.#sql = sql;
    this.#writer = writer;
    this.#counts = counts;
    this.#sealed = sealed;
  }

  /** Why these may not be added. Reads only. */
  refusal(jobs: readonly NewJob[], now: number): TaskbellError | undefined {
    const conflict = findConflict(jobs, (job) => this.#holderOf(job, now)?.id.toString());
    return conflict && conflictError(conflict);
  }

  /** Does what the key asks for to the job that holds it. */
  meet(job: NewJob, now: number): Met {
    const held = this.#holderOf(job, now);
    const decision = decideUnique(job, held && this.#asHolder(held), now);
    if (decision.kind === 'add') return { kind: 'free', job: { ...job, runAt: decision.runAt } };
    if (held === undefined) throw new Error(`nobody holds the key, and yet: ${decision.kind}`);
    const unique = this.#act(job, { held, decision, now });
    const row = this.#row(held.id) as JobRow;
    return {
      kind: 'held',
      outcome: { job: toJob(this.#sealed.job(row)), duplicate: true, unique },
    };
  }

  /** The key of a new job is held for its window. */
  hold(
    id: string,
    { type, uniqueKey, unique }: NewJob,
    from: { since: number; now: number },
  ): void {
    const windowMs = unique?.windowMs ?? null;
    if (uniqueKey === null || windowMs === null) return;
    this.#own.openWindow.run(type, uniqueKey, Number(id), from.since + windowMs);
    this.#own.forgetWindows.run(from.now);
  }

  /** What is to be added because this job has ended; taken once. */
  takeFollower({
    id,
    flags,
  }: {
    readonly id: number;
    readonly flags: number;
  }): Follower | undefined {
    if (!hasFlag(flags, 'hasFollower')) return undefined;
    this.#own.unfollow.run(id);
    return this.#follower(id, this.#own.takeFollower);
  }

  #holderOf({ type, uniqueKey }: NewJob, now: number): HolderRow | undefined {
    if (uniqueKey === null) return undefined;
    const unfinished = this.#own.holder.get(type, uniqueKey);
    if (unfinished !== undefined) return unfinished;
    const id = this.#own.window.get(type, uniqueKey, now);
    return id === undefined ? undefined : this.#own.ended.get(id);
  }

  #asHolder({ id, state, created_at, flags }: HolderRow) {
    const follower = hasFlag(flags, 'hasFollower')
      ? this.#follower(id, this.#own.follower)
      : undefined;
    return { state, createdAt: created_at, followedSince: follower?.since ?? null };
  }

  #follower(id: number, statement: { get(id: number): string | undefined }): Follower | undefined {
    const text = statement.get(id);
    return text === undefined ? undefined : JSON.parse(text);
  }

  #act(
    job: NewJob,
    facts: {
      readonly held: HolderRow;
      readonly decision: Exclude<UniqueDecision, { kind: 'add' }>;
      readonly now: number;
    },
  ): UniqueOutcome {
    const { held, decision, now } = facts;
    switch (decision.kind) {
      case 'keep':
        return 'kept';
      case 'replace':
        this.#replace(job, held, { runAt: decision.runAt, unique: 'replaced', now });
        return 'replaced';
      case 'postpone':
        this.#replace(job, held, { runAt: decision.runAt, unique: 'postponed', now });
        return 'postponed';
      case 'follow': {
        const { runAt, since } = decision;
        const payload = this.#sealed.sealPayload(job.payload, job.type);
        this.#own.follow.run(held.id, JSON.stringify({ job: { ...job, payload, runAt }, since }));
        this.#own.markFollowed.run(this.#writer.next, held.id);
        this.#tell(held, { queue: held.queue, state: held.state, runAt, unique: 'follows', now });
        return 'follows';
      }
    }
  }

  #replace(
    job: NewJob,
    held: HolderRow,
    change: {
      readonly runAt: number | null;
      readonly unique: 'replaced' | 'postponed';
      readonly now: number;
    },
  ): void {
    const { runAt } = change;
    // What waits for other jobs goes on waiting for them, by its own rule.
    const waits = held.state === 'waiting';
    const { onDependencyFailure = 'fail' } = waits ? readOptions(held.options) : job;
    const options = optionsOf({ ...job, onDependencyFailure });
    const payload = this.#sealed.sealPayload(job.payload, job.type);
    const state = waits ? 'waiting' : runAt === null ? 'queued' : 'scheduled';
    const flags = (held.flags & KEPT_FLAGS) | (flagsOf(job) & ~KEPT_FLAGS);
    this.#own.replace.run(
      ...[job.queue, state, job.priority, payload, runAt, job.retries, job.timeoutMs],
      ...[job.userId, job.group ?? NO_GROUP, flags, options, this.#writer.next, held.id],
    );
    this.#tell(held, { queue: job.queue, state, ...change });
    this.#counts.move(held.queue, held.state, null);
    this.#counts.move(job.queue, null, state);
  }

  #tell(
    held: HolderRow,
    facts: {
      readonly queue: string;
      readonly state: JobState;
      readonly runAt: number | null;
      readonly unique: UniqueOutcome;
      readonly now: number;
    },
  ): void {
    const { queue, state, runAt, unique, now } = facts;
    const lane = { queue, type: held.type };
    const data = uniqueEvent(lane, state, { attempt: held.attempt, runAt, unique });
    const id = String(held.id);
    this.#writer.write({ type: 'job', id, kind: 'state', data }, held.last_seq, now);
  }

  #row(id: number): JobRow | undefined {
    return this.#sql.unfinished.get(id) ?? this.#sql.finished.get(id);
  }
}

function prepareUniqueStatements(db: Database) {
  const facts = 'SELECT id, type, state, queue, attempt, created_at, flags, options, last_seq FROM';
  return {
    holder: db.prepare<[string, string], HolderRow>(
      `${facts} jobs WHERE type = ? AND unique_key = ?`,
    ),
    ended: db.prepare<[number], HolderRow>(`${facts} finished_jobs WHERE id = ?`),
    window: db
      .prepare<[string, string, number], number>(
        'SELECT job_id FROM unique_windows WHERE type = ? AND key = ? AND until > ?',
      )
      .pluck(),
    openWindow: db.prepare<[string, string, number, number]>(
      'INSERT OR REPLACE INTO unique_windows (type, key, job_id, until) VALUES (?, ?, ?, ?)',
    ),
    // A few at a time: as many as come, and no long transaction after a busy hour.
    forgetWindows: db.prepare<[number]>(`DELETE FROM unique_windows WHERE (type, key) IN
      (SELECT type, key FROM unique_windows WHERE until <= ? ORDER BY until LIMIT 10)`),
    // Failures of the old payload are not charged to the new one.
    replace: db.prepare<unknown[]>(`UPDATE jobs SET queue = ?, state = ?, priority = ?, payload = ?,
      run_at = ?, retries = ?, timeout_ms = ?, user_id = ?, group_key = ?, flags = ?, options = ?,
      failures = 0, crashes = 0, last_seq = ? WHERE id = ?`),
    follow: db.prepare<[number, string]>(
      'INSERT OR REPLACE INTO unique_followers (job_id, job) VALUES (?, ?)',
    ),
    markFollowed: db.prepare<[number, number]>(
      `UPDATE jobs SET flags = flags | ${FLAG.hasFollower}, last_seq = ? WHERE id = ?`,
    ),
    follower: db
      .prepare<[number], string>('SELECT job FROM unique_followers WHERE job_id = ?')
      .pluck(),
    takeFollower: db
      .prepare<[number], string>('DELETE FROM unique_followers WHERE job_id = ? RETURNING job')
      .pluck(),
    // Before its row moves to the finished ones: a job that is retried has no follower then.
    unfollow: db.prepare<[number]>(
      `UPDATE jobs SET flags = flags & ~${FLAG.hasFollower} WHERE id = ?`,
    ),
  };
}
