/**
 * Jobs that depend on others, on SQLite, inside the running transaction: what a new one waits for, and who
 * hears of an end. What that comes to is decided in `flow.ts`. Jobs without dependencies never get here.
 */
import type { LogWriter } from '../../log/sqlite/log-writer.ts';
import { TaskbellError } from '../../protocol/errors.ts';
import { isFinished, type JobState } from '../../protocol/jobs.ts';
import type { Database } from '../../sqlite/database.ts';
import {
  decideRelease,
  type Parent,
  type PlannedJob,
  planFlow,
  type Release,
  runAtOnRelease,
} from '../flow.ts';
import type { NewJob } from '../job.ts';
import { stateEvent, waitingEvent } from '../job-events.ts';
import type { AddOutcome, Released } from '../job-store.ts';
import {
  type DependencyStatements,
  type DependentRow,
  type ParentRow,
  prepareDependencyStatements,
} from './dependency-statements.ts';
import type { JobCounts } from './job-counts.ts';
import { FLAG, hasFlag } from './job-flags.ts';
import { keyOf, laneOf, readOptions } from './job-rows.ts';

/** A job that a new one names, found. */
export interface FoundParent extends ParentRow {
  readonly ref: string | null;
}

/** How a new job with dependencies begins. */
export interface Start {
  readonly state: 'waiting' | 'scheduled' | 'queued';
  readonly runAt: number | null;
  readonly waitsFor: number;
  readonly parents: readonly FoundParent[];
  readonly release: Release;
}

/** A job that ends without a start, because of one that it depends on. */
export interface DependencyEnd {
  readonly id: number;
  readonly release: 'fail' | 'cancel';
  readonly because: ParentRow;
  readonly now: number;
}

export interface JobDependenciesParts {
  readonly db: Database;
  readonly writer: LogWriter;
  readonly counts: JobCounts;
}

export class JobDependencies {
  readonly #sql: DependencyStatements;
  readonly #writer: LogWriter;
  readonly #counts: JobCounts;
  #end: (end: DependencyEnd) => void = () => undefined;
  /** Ended, and their dependents do not know: a list instead of the call stack, for a chain may be long. */
  #untold: ParentRow[] = [];
  #telling = false;
  #released: Released[] = [];

  constructor({ db, writer, counts }: JobDependenciesParts) {
    this.#sql = prepareDependencyStatements(db);
    this.#writer = writer;
    this.#counts = counts;
  }

  /** @param end carries out that a job ends without a start, and tells of that in turn */
  onEnd(end: (end: DependencyEnd) => void): void {
    this.#end = end;
  }

  // -- adding -----------------------------------------------------------------------------------

  /** The order to add jobs in; null where any will do; why they may not be added. Reads only. */
  plan(jobs: readonly NewJob[]): readonly PlannedJob[] | null | TaskbellError {
    const plan = planFlow(jobs);
    if (plan === null || plan instanceof TaskbellError) return plan;
    const named = new Set(plan.flatMap(({ parents }) => parents.flatMap(idOf)));
    const missing = [...named].find((id) => this.#find(id, null) === undefined);
    return missing === undefined ? plan : unknownParent(missing);
  }

  /** Carries the plan out with what adds one job. @returns the outcomes in the order of the request */
  addPlanned(
    plan: readonly PlannedJob[],
    add: (index: number, parents: readonly FoundParent[]) => AddOutcome,
  ): readonly AddOutcome[] {
    const outcomes = new Map<number, AddOutcome>();
    for (const { index, parents } of plan) {
      const found = parents.flatMap((parent) => {
        if (parent.kind === 'job') return this.#find(parent.id, null) ?? [];
        return this.#find(outcomes.get(parent.index)?.job.id ?? '', parent.ref) ?? [];
      });
      outcomes.set(index, add(index, found));
    }
    return [...outcomes].sort(([a], [b]) => a - b).map(([, outcome]) => outcome);
  }

  #find(id: string, ref: string | null): FoundParent | undefined {
    const key = keyOf(id);
    const row = this.#sql.parent.get(key, key);
    return row && { ...row, ref };
  }

  startOf(job: NewJob, named: readonly FoundParent[], now: number): Start {
    // Two refs may stand for one job, when its unique key made one of them a duplicate.
    const parents = [...new Map(named.map((parent) => [parent.id, parent])).values()];
    const waitsFor = parents.filter(({ state }) => !isFinished(state)).length;
    const release = decideRelease(job.onDependencyFailure, {
      unfinished: waitsFor,
      unsuccessful: parents.filter(isUnsuccessful).length,
    });
    const common = { waitsFor, parents, release };
    if (release !== 'run') return { ...common, state: 'waiting', runAt: job.runAt };
    const { runAt: own, delayMs = null } = job;
    const runAt = runAtOnRelease({ runAt: own, delayMs }, now);
    return { ...common, state: runAt === null ? 'queued' : 'scheduled', runAt };
  }

  /** @returns false when the job has ended already, because of one of those that it depends on */
  link(id: number, { parents, release }: Start, now: number): boolean {
    for (const [n, parent] of parents.entries()) {
      const ended = isFinished(parent.state);
      this.#sql.link.run(id, n, parent.id, parent.ref, ended ? parent.state : null);
      if (!ended) this.#sql.markParent.run(FLAG.hasDependents, parent.id);
    }
    if (release === 'wait' || release === 'run') return true;
    const because = parents.find(isUnsuccessful);
    if (because === undefined) return true;
    this.#end({ id, release, because, now });
    return false;
  }

  // -- ends ---------------------------------------------------------------------------------------

  /**
   * Tells those that depend on a job of its end; what they come to is told on, until nobody is left.
   * @returns what may run now
   */
  tell(ended: ParentRow, now: number): readonly Released[] {
    this.#untold.push(ended);
    // Told by one that was told: the first of them goes through the list.
    if (this.#telling) return [];
    this.#telling = true;
    try {
      // The list grows while it is walked.
      for (const next of this.#untold) this.#tellDependents(next, now);
      return this.#released;
    } finally {
      this.#telling = false;
      this.#untold = [];
      this.#released = [];
    }
  }

  #tellDependents(because: ParentRow, now: number): void {
    const dependents = this.#sql.dependents.all(because.id);
    this.#sql.noteEnd.run(because.state, because.id);
    for (const row of dependents) {
      const { onDependencyFailure: policy = 'fail' } = readOptions(row.options);
      const unsuccessful = isUnsuccessful(because) ? 1 : 0;
      const release = decideRelease(policy, { unfinished: row.waits_for - 1, unsuccessful });
      if (release === 'wait') this.#sql.waitForFewer.run(row.id);
      else if (release === 'run') this.#release(row, now);
      else this.#end({ id: row.id, release, because, now });
    }
  }

  #release(row: DependentRow, now: number): void {
    const { id, queue, attempt } = row;
    const { delayMs = null } = readOptions(row.options);
    const runAt = runAtOnRelease({ runAt: row.run_at, delayMs }, now);
    const state = runAt === null ? 'queued' : 'scheduled';
    this.#sql.release.run(state, runAt, this.#writer.next, id);
    const data =
      runAt === null
        ? stateEvent(laneOf(row), state, attempt)
        : waitingEvent(laneOf(row), state, { attempt, runAt });
    this.#writer.write({ type: 'job', id: String(id), kind: 'state', data }, row.last_seq, now);
    this.#counts.move(queue, 'waiting', state);
    this.#released.push({ ...laneOf(row), runAt });
  }

  // -- starting over ------------------------------------------------------------------------------

  /**
   * A job is back among the unfinished ones.
   * @returns waiting where jobs that it depends on have not ended; how the others ended is overlooked
   */
  rejoin(id: number, flags: number): 'waiting' | 'queued' {
    this.#sql.markIfNeeded.run(FLAG.hasDependents, id, id);
    if (!hasFlag(flags, 'hasDependencies')) return 'queued';
    const { unfinished } = this.#lookAgain(id);
    if (unfinished === 0) return 'queued';
    this.#sql.markParentsOf.run(FLAG.hasDependents, id);
    this.#sql.wait.run(unfinished, id);
    return 'waiting';
  }

  /** Jobs that ended because this one, which runs again, had not succeeded, and that may wait for it again. */
  revivable(id: number): readonly number[] {
    return this.#sql.endedForParent
      .all(id)
      .filter((row) => {
        const { onDependencyFailure: policy = 'fail' } = readOptions(row.options);
        return decideRelease(policy, this.#lookAgain(row.id)) === 'wait';
      })
      .map((row) => row.id);
  }

  #lookAgain(id: number): { unfinished: number; unsuccessful: number } {
    this.#sql.lookAgain.run(id);
    const counted = { unfinished: 0, unsuccessful: 0 };
    for (const { state, n } of this.#sql.counts.all(id)) {
      if (state === null) counted.unfinished += n;
      else if (state !== 'succeeded') counted.unsuccessful += n;
    }
    return counted;
  }
}

function idOf(parent: Parent): readonly string[] {
  return parent.kind === 'job' ? [parent.id] : [];
}

function unknownParent(id: string): TaskbellError {
  return new TaskbellError('E_NOT_FOUND', `There is no job ${id} to depend on.`, {
    hint: '`after` names refs of the same request, and ids of jobs that have not been removed.',
  });
}

function isUnsuccessful({ state }: { readonly state: JobState }): boolean {
  return state === 'failed' || state === 'cancelled';
}
