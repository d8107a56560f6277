/** New jobs on SQLite, inside the running transaction: the row, its log row, the counts. */
import type { LogWriter } from '../../log/sqlite/log-writer.ts';
import type { JobRecord, NewJob } from '../job.ts';
import { stateEvent, waitingEvent } from '../job-events.ts';
import { type AddGuard, type AddOutcome, GUARD_LIFETIME_MS } from '../job-store.ts';
import type { JobCounts } from './job-counts.ts';
import { flagsOf, type GuardRow, type JobRow, NO_GROUP, optionsOf, toJob } from './job-rows.ts';
import type { JobStatements } from './job-statements.ts';

export class JobAdds {
  readonly #sql: JobStatements;
  readonly #writer: LogWriter;
  readonly #counts: JobCounts;

  constructor(sql: JobStatements, writer: LogWriter, counts: JobCounts) {
    this.#sql = sql;
    this.#writer = writer;
    this.#counts = counts;
  }

  add(jobs: readonly NewJob[], now: number): readonly AddOutcome[] {
    return jobs.map((job) => this.#addOne(job, now));
  }

  addOnce(
    jobs: readonly NewJob[],
    guard: AddGuard,
    now: number,
  ): readonly AddOutcome[] | 'other-jobs' {
    const known = this.#sql.guard.get(guard.key);
    if (known !== undefined) {
      return known.fingerprint === guard.fingerprint ? this.#answersOf(known) : 'other-jobs';
    }
    const outcomes = this.add(jobs, now);
    const answers = outcomes.map(({ job, duplicate }) => [Number(job.id), duplicate]);
    this.#sql.insertGuard.run(guard.key, now, guard.fingerprint, JSON.stringify(answers));
    this.#sql.forgetGuards.run(now - GUARD_LIFETIME_MS);
    return outcomes;
  }

  #answersOf(known: GuardRow): readonly AddOutcome[] {
    const answers = JSON.parse(known.answers) as readonly (readonly [number, boolean])[];
    return answers.flatMap(([key, duplicate]) => {
      const row = this.#row(key);
      return row === undefined ? [] : [{ job: toJob(row), duplicate }];
    });
  }

  #addOne(job: NewJob, now: number): AddOutcome {
    const holder =
      job.uniqueKey === null ? undefined : this.#sql.holderOfKey.get(job.type, job.uniqueKey);
    if (holder !== undefined) {
      return { job: toJob(this.#row(holder) as JobRow), duplicate: true };
    }
    return { job: this.#insert(job, now), duplicate: false };
  }

  #insert(job: NewJob, now: number): JobRecord {
    const state = job.runAt !== null && job.runAt > now ? 'scheduled' : 'queued';
    const runAt = state === 'scheduled' ? job.runAt : null;
    const { type, queue, priority, payload, uniqueKey, retries, timeoutMs, userId } = job;
    const { lastInsertRowid } = this.#sql.insert.run(
      ...[type, queue, state, priority, payload, runAt, uniqueKey, retries, timeoutMs, userId],
      ...[now, job.group ?? NO_GROUP, flagsOf(job), optionsOf(job), 0, this.#writer.next],
    );
    const id = String(lastInsertRowid);
    const data =
      runAt === null ? stateEvent(job, state, 0) : waitingEvent(job, state, { attempt: 0, runAt });
    this.#writer.write({ type: 'job', id, kind: 'state', data }, null, now);
    this.#counts.move(queue, null, state);
    return freshJob(job, { id, state, runAt, createdAt: now, waitsFor: 0 });
  }

  #row(key: number): JobRow | undefined {
    return this.#sql.unfinished.get(key) ?? this.#sql.finished.get(key);
  }
}

type Fresh = Pick<JobRecord, 'id' | 'state' | 'runAt' | 'createdAt' | 'waitsFor'>;

/** What a new job's row holds, without reading it back. Field by field: it is on the path of every add. */
function freshJob(job: NewJob, fresh: Fresh): JobRecord {
  return {
    id: fresh.id,
    type: job.type,
    queue: job.queue,
    state: fresh.state,
    reason: null,
    priority: job.priority,
    payload: job.payload,
    runAt: fresh.runAt,
    uniqueKey: job.uniqueKey,
    retries: job.retries,
    backoff: job.backoff,
    timeoutMs: job.timeoutMs,
    userId: job.userId,
    group: job.group,
    durability: job.durability,
    onDependencyFailure: job.onDependencyFailure,
    hasDependencies: job.after.length > 0,
    waitsFor: fresh.waitsFor,
    createdAt: fresh.createdAt,
    startedAt: null,
    endedAt: null,
    durationMs: null,
    attempt: 0,
    failures: 0,
    crashes: 0,
    cancelRequested: false,
    executor: null,
    result: null,
    error: null,
    progress: null,
  };
}
