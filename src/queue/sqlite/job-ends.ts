/**
 * The ends of attempts and jobs on SQLite: result, events and log rows beside the change of state,
 * inside the running transaction. What the end comes to is decided in `transitions.ts`.
 */
import type { LogWriter } from '../../log/sqlite/log-writer.ts';
import type { JobError } from '../../protocol/jobs.ts';
import type { AttemptEnd } from '../job.ts';
import { endEvent, stateEvent, waitingEvent } from '../job-events.ts';
import type { EndAnswer, FinishedState, JudgedEnd, Released } from '../job-store.ts';
import { overridePolicy, type RetryPolicy } from '../retry-policy.ts';
import { type Counted, type Decision, decideEnd, type EndDecision } from '../transitions.ts';
import type { JobAdds } from './job-adds.ts';
import type { JobCounts } from './job-counts.ts';
import type { DependencyEnd, JobDependencies } from './job-dependencies.ts';
import { hasFlag } from './job-flags.ts';
import { type JobRow, keyOf, type LiveRow, laneOf, readOptions, traceOf } from './job-rows.ts';
import type { JobStatements } from './job-statements.ts';
import type { RunningRows } from './running-rows.ts';
import type { SealedRows } from './sealed-rows.ts';
import type { UniqueKeys } from './unique-keys.ts';

type Finish = Extract<Decision, { kind: 'finish' }>;

interface Ending {
  readonly end: AttemptEnd;
  readonly counts: Pick<EndDecision, 'failures' | 'crashes'>;
  readonly next: Finish;
  readonly now: number;
}

export interface JobEndsParts {
  readonly sql: JobStatements;
  readonly writer: LogWriter;
  readonly counts: JobCounts;
  readonly unique: UniqueKeys;
  readonly dependencies: JobDependencies;
  readonly adds: JobAdds;
  readonly running: RunningRows;
  readonly sealed: SealedRows;
}

export class JobEnds {
  readonly #sql: JobStatements;
  readonly #writer: LogWriter;
  readonly #counts: JobCounts;
  readonly #unique: UniqueKeys;
  readonly #dependencies: JobDependencies;
  readonly #adds: JobAdds;
  readonly #running: RunningRows;
  readonly #sealed: SealedRows;

  constructor({ sql, writer, counts, unique, dependencies, adds, running, sealed }: JobEndsParts) {
    this.#sql = sql;
    this.#writer = writer;
    this.#counts = counts;
    this.#unique = unique;
    this.#dependencies = dependencies;
    dependencies.onEnd((end) => this.#endDependent(end));
    this.#adds = adds;
    this.#running = running;
    this.#sealed = sealed;
  }

  settle(judged: JudgedEnd): EndAnswer {
    const { end, now, random } = judged;
    const row = this.#running.take(keyOf(end.id), end.attempt);
    if (row === undefined) return { accepted: false };
    const decision = decideEnd(countedOf(row), end, {
      policy: policyFor(row, judged),
      now,
      random,
    });
    const { next } = decision;
    const job = laneOf(row);
    if (next.kind !== 'finish') {
      this.#wait(row, end, decision, now);
      return { accepted: true, job, next };
    }
    const released = this.#finish(row, { end, counts: decision, next, now });
    if (released.length === 0) return { accepted: true, job, next };
    return { accepted: true, job, next, ...releasing(released) };
  }

  /** A job that is not running is cancelled on the spot. */
  cancelWaiting(row: LiveRow, now: number): readonly Released[] {
    const end = endUnstarted(row, { name: 'Cancelled', message: 'cancelled before it started' });
    const next: Finish = { kind: 'finish', state: 'cancelled', reason: null };
    return this.#finish(row, { end, counts: row, next, now });
  }

  /** One that it depends on did not succeed. */
  #endDependent({ id, release, because, now }: DependencyEnd): void {
    const row = this.#sql.live.get(id);
    if (row === undefined) return;
    const how = because.state === 'failed' ? 'failed' : 'was cancelled';
    const message = `it depends on job ${because.id} (${because.type}), which ${how}`;
    const end = endUnstarted(row, { name: 'DependencyError', message });
    const state = release === 'fail' ? 'failed' : 'cancelled';
    const next: Finish = { kind: 'finish', state, reason: 'dependency' };
    this.#finish(row, { end, counts: row, next, now });
  }

  /** A failed or cancelled job starts over, or waits for those that it depends on; its attempts stay on record. */
  revive(row: JobRow, now: number): 'queued' | 'waiting' {
    const seq = this.#writer.next;
    const prev = this.#sql.finishedSeq.get(row.id) ?? null;
    this.#sql.keepLastAttempt.run(row.id);
    this.#sql.revive.run(seq, row.id);
    this.#sql.removeFinished.run(row.id);
    this.#counts.remove(row.state as FinishedState);
    const state = this.#dependencies.rejoin(row.id, row.flags);
    const data = stateEvent(row, state, row.attempt);
    this.#writer.write({ type: 'job', id: String(row.id), kind: 'state', data }, prev, now);
    this.#counts.move(row.queue, null, state);
    return state;
  }

  #finish(row: LiveRow, { end, counts, next, now }: Ending): readonly Released[] {
    const emitted = next.state === 'succeeded' ? end.events : [];
    for (const { type, id, data } of emitted) {
      this.#writer.append({ type, id, kind: 'event', data: JSON.stringify(data) }, now);
    }
    const follower = this.#unique.takeFollower(row);
    const seq = this.#writer.next;
    const error = this.#sealed.sealError(end.error, row.id);
    const result = this.#sealed.sealResult(end.result, row.id);
    // A job that never started has no attempt, and so no outcome of one.
    const outcome = row.state === 'running' ? end.outcome : null;
    const { failures, crashes } = counts;
    const { durationMs, cpuMs, peakBytes, exitCode } = end;
    const { finish, remove } = this.#sql;
    // biome-ignore format: as the statement names them; spreading arrays into it showed in the profile of a drain
    finish.run(
      next.state, next.reason, failures, crashes, now, durationMs, outcome,
      result, error, cpuMs, peakBytes, exitCode, seq, row.id,
    );
    remove.run(row.id);
    const data = endEvent(row, end, next.state, next.reason);
    const detail = { userId: row.user_id, error: end.error, ...traceOf(row.options) };
    const id = String(row.id);
    this.#writer.write({ type: 'job', id, kind: 'end', data, detail }, row.last_seq, now);
    this.#counts.move(row.queue, row.state, next.state);
    const own = follower === undefined ? [] : [this.#adds.addFollower(follower, now)];
    if (!hasFlag(row.flags, 'hasDependents')) return own;
    const ended = { id: row.id, type: row.type, state: next.state };
    return [...own, ...this.#dependencies.tell(ended, now)];
  }

  #wait(row: LiveRow, end: AttemptEnd, decision: EndDecision, now: number): void {
    const { next, failures, crashes } = decision;
    const runAt = next.kind === 'retry' ? next.runAt : null;
    const state = runAt === null ? 'queued' : 'retrying';
    this.#sql.insertAttempt.run(
      ...[row.id, end.attempt, end.outcome, row.started_at ?? now, now, end.durationMs],
      ...[row.executor, this.#sealed.sealError(end.error, row.id)],
      ...[end.cpuMs, end.peakBytes, end.exitCode],
    );
    this.#sql.wait.run(state, runAt, failures, crashes, this.#writer.next, row.id);
    const data =
      runAt === null
        ? stateEvent(row, state, end.attempt)
        : waitingEvent(row, state, { attempt: end.attempt, runAt, error: end.error?.message });
    this.#writer.write({ type: 'job', id: String(row.id), kind: 'state', data }, row.last_seq, now);
    this.#counts.move(row.queue, row.state, state);
  }
}

/** As answers carry it: nothing in most of them. */
export function releasing(released: readonly Released[]): { released?: readonly Released[] } {
  return released.length === 0
    ? {}
    : {
        released: released.map(({ queue, type, group, runAt }) => ({ queue, type, group, runAt })),
      };
}

/** The end of a job that never started, or not again. */
function endUnstarted(row: LiveRow, error: JobError): AttemptEnd {
  return {
    id: String(row.id),
    attempt: row.attempt,
    outcome: 'cancelled',
    retryable: false,
    retryAfterMs: null,
    result: null,
    error,
    events: [],
    durationMs: 0,
    cpuMs: null,
    peakBytes: null,
    exitCode: null,
  };
}

// Field by field: spreading a whole row showed in the profile of a drain.
function countedOf({ failures, crashes, cancel_requested }: LiveRow): Counted {
  return { failures, crashes, cancelRequested: cancel_requested === 1 };
}

/** What the job says of itself wins over its type. */
function policyFor({ retries, options }: LiveRow, { policy }: JudgedEnd): RetryPolicy {
  if (retries === null && options === null) return policy;
  return overridePolicy(policy, { retries, backoff: readOptions(options).backoff ?? null });
}
