/** New jobs on SQLite, inside the running transaction: the row, its log row, the counts. */
import type { LogWriter } from '../../log/sqlite/log-writer.ts';
import { TaskbellError } from '../../protocol/errors.ts';
import type { UniqueOutcome } from '../../protocol/jobs.ts';
import type { JobRecord, NewJob } from '../job.ts';
import { stateEvent, waitingEvent } from '../job-events.ts';
import { type AddGuard, type AddOutcome, GUARD_LIFETIME_MS } from '../job-store.ts';
import type { JobCounts } from './job-counts.ts';
import type { FoundParent, JobDependencies, Start } from './job-dependencies.ts';
import { flagsOf, type GuardRow, type JobRow, NO_GROUP, optionsOf, toJob } from './job-rows.ts';
import type { JobStatements } from './job-statements.ts';
import type { QueueModes } from './queue-modes.ts';
import type { SealedRows } from './sealed-rows.ts';
import type { Follower, UniqueKeys } from './unique-keys.ts';

/** As a guard remembers it: id, duplicate, and what became of its unique key. */
type Answer = readonly [id: number, duplicate: boolean, unique?: UniqueOutcome];

export interface JobAddsParts {
  readonly sql: JobStatements;
  readonly writer: LogWriter;
  readonly counts: JobCounts;
  readonly unique: UniqueKeys;
  readonly dependencies: JobDependencies;
  readonly modes: QueueModes;
  readonly sealed: SealedRows;
}

export class JobAdds {
  readonly #sql: JobStatements;
  readonly #writer: LogWriter;
  readonly #counts: JobCounts;
  readonly #unique: UniqueKeys;
  readonly #dependencies: JobDependencies;
  readonly #modes: QueueModes;
  readonly #sealed: SealedRows;

  constructor({ sql, writer, counts, unique, dependencies, modes, sealed }: JobAddsParts) {
    this.#sql = sql;
    this.#writer = writer;
    this.#counts = counts;
    this.#unique = unique;
    this.#dependencies = dependencies;
    this.#modes = modes;
    this.#sealed = sealed;
  }

  /** As `add`, and not into a queue that is drained. */
  addIfOpen(jobs: readonly NewJob[], now: number): readonly AddOutcome[] | TaskbellError {
    return this.#modes.refusal(jobs) ?? this.add(jobs, now);
  }

  /** A refusal is a value: to throw it would take back what shares the transaction. */
  add(jobs: readonly NewJob[], now: number): readonly AddOutcome[] | TaskbellError {
    const plan = this.#dependencies.plan(jobs);
    if (plan instanceof TaskbellError) return plan;
    // In the order in which they will meet their keys.
    const planned = plan?.map(({ index }) => jobs[index] as NewJob) ?? jobs;
    const refusal = this.#unique.refusal(planned, now);
    if (refusal !== undefined) return refusal;
    if (plan === null) return jobs.map((job) => this.#addOne(job, now));
    return this.#dependencies.addPlanned(plan, (index, parents) =>
      this.#addOne(jobs[index] as NewJob, now, parents),
    );
  }

  addOnce(
    jobs: readonly NewJob[],
    guard: AddGuard,
    now: number,
  ): readonly AddOutcome[] | 'other-jobs' | TaskbellError {
    const known = this.#sql.guard.get(guard.key);
    if (known !== undefined) {
      return known.fingerprint === guard.fingerprint ? this.#answersOf(known) : 'other-jobs';
    }
    const outcomes = this.addIfOpen(jobs, now);
    if (outcomes instanceof TaskbellError) return outcomes;
    const answers = outcomes.map(({ job, duplicate, unique }) => [
      ...[Number(job.id), duplicate],
      ...(unique === undefined ? [] : [unique]),
    ]);
    this.#sql.insertGuard.run(guard.key, now, guard.fingerprint, JSON.stringify(answers));
    this.#sql.forgetGuards.run(now - GUARD_LIFETIME_MS);
    return outcomes;
  }

  #answersOf(known: GuardRow): readonly AddOutcome[] {
    const answers = JSON.parse(known.answers) as readonly Answer[];
    return answers.flatMap(([key, duplicate, unique]) => {
      const row = this.#row(key);
      if (row === undefined) return [];
      return [
        {
          job: toJob(this.#sealed.job(row)),
          duplicate,
          ...(unique === undefined ? {} : { unique }),
        },
      ];
    });
  }

  /** What was kept until the job of its key ended, which has just happened. */
  addFollower({ job, since }: Follower, now: number): JobRecord {
    const alone = { ...job, after: [] };
    const added = this.#insert(alone, { now, createdAt: since, parents: NO_PARENTS });
    this.#unique.hold(added.id, job, { since, now });
    return added;
  }

  #addOne(job: NewJob, now: number, parents = NO_PARENTS): AddOutcome {
    const facts = { now, createdAt: now, parents };
    if (job.uniqueKey === null) return { job: this.#insert(job, facts), duplicate: false };
    const met = this.#unique.meet(job, now);
    if (met.kind === 'held') return met.outcome;
    const added = this.#insert(met.job, facts);
    this.#unique.hold(added.id, job, { since: now, now });
    return { job: added, duplicate: false, unique: 'added' };
  }

  #insert(job: NewJob, { now, createdAt, parents }: InsertFacts): JobRecord {
    const start =
      parents.length === 0 ? startAlone(job, now) : this.#dependencies.startOf(job, parents, now);
    const { state, runAt, waitsFor } = start;
    const { type, queue, priority, uniqueKey, retries, timeoutMs, userId } = job;
    const payload = this.#sealed.sealPayload(job.payload, type);
    const group = job.group ?? NO_GROUP;
    // biome-ignore format: as the statement names them; spreading arrays into it showed in the profile of adds
    const { lastInsertRowid } = this.#sql.insert.run(
      type, queue, state, priority, payload, runAt, uniqueKey, retries, timeoutMs, userId,
      createdAt, group, flagsOf(job), optionsOf(job), waitsFor, this.#writer.next,
    );
    const id = String(lastInsertRowid);
    const data =
      runAt === null ? stateEvent(job, state, 0) : waitingEvent(job, state, { attempt: 0, runAt });
    this.#writer.write({ type: 'job', id, kind: 'state', data }, null, now);
    this.#counts.move(queue, null, state);
    if (parents.length > 0 && !this.#dependencies.link(Number(id), start, now)) {
      return toJob(this.#sealed.job(this.#row(Number(id)) as JobRow));
    }
    return freshJob(job, { id, state, runAt, createdAt, waitsFor });
  }

  #row(key: number): JobRow | undefined {
    return this.#sql.unfinished.get(key) ?? this.#sql.finished.get(key);
  }
}

const NO_PARENTS: readonly FoundParent[] = [];

interface InsertFacts {
  readonly now: number;
  readonly createdAt: number;
  readonly parents: readonly FoundParent[];
}

function startAlone({ runAt }: NewJob, now: number): Start {
  const state = runAt !== null && runAt > now ? 'scheduled' : 'queued';
  const at = state === 'scheduled' ? runAt : null;
  return { state, runAt: at, waitsFor: 0, parents: NO_PARENTS, release: 'run' };
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
