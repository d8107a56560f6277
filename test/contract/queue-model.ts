/**
 * The whole queue in plain words: what each job is, and what every request makes of it. Maps, lists and
 * numbers; shares nothing with the stores but the words of the protocol. It is told the time, and which jobs a
 * claim got: queue-model-turns.ts says which it may get.
 */
import {
  type FailReason,
  isFinished,
  type JobState,
  type UniqueOutcome,
} from '../../src/protocol/jobs.ts';
import type { QueueMode } from '../../src/protocol/status.ts';
import {
  haveOneKey,
  inOrder,
  isCharged,
  keyOf,
  type PlainAdded,
  type PlainAsk,
  type PlainEnd,
  type PlainFilter,
  type PlainJob,
  type PlainRow,
  verdictOn,
  waitsFor,
} from './queue-model-job.ts';

const BACKOFF_MS = 1_000;
export const SNOOZE_MS = 1_500;

export class PlainQueue {
  readonly jobs = new Map<number, PlainJob>();
  readonly modes = new Map<string, QueueMode>();
  readonly #windows = new Map<string, { readonly id: number; readonly until: number }>();
  readonly ends = { succeeded: 0, failed: 0, cancelled: 0 };
  lastId = 0;
  now: number;
  /** Since the last look. */
  told: PlainRow[] = [];

  constructor(now: number) {
    this.now = now;
  }

  all(test: (job: PlainJob) => boolean): readonly PlainJob[] {
    return [...this.jobs.values()].filter(test).sort((a, b) => a.id - b.id);
  }

  in(...states: readonly JobState[]): readonly PlainJob[] {
    return this.all(({ state }) => states.includes(state));
  }

  // -- adding -----------------------------------------------------------------------------------

  /** @returns the outcomes in the order of the request, or the code of what refuses all of it */
  add(asks: readonly PlainAsk[]): readonly PlainAdded[] | string {
    if (asks.some(({ queue }) => this.modes.get(queue) === 'draining')) return 'E_UNAVAILABLE';
    if (asks.some(({ afterJobs }) => afterJobs.some((id) => !this.jobs.has(id)))) {
      return 'E_NOT_FOUND';
    }
    const order = inOrder(asks);
    if (this.#conflicts(order.map((place) => asks[place] as PlainAsk))) return 'E_CONFLICT';
    const added: PlainAdded[] = [];
    for (const place of order) {
      const ask = asks[place] as PlainAsk;
      const members = ask.afterMembers.map((member) => added[member]?.id ?? 0);
      added[place] = this.#addOne(ask, [...new Set([...members, ...ask.afterJobs])]);
    }
    return added;
  }

  #conflicts(asks: readonly PlainAsk[]): boolean {
    return asks.some((ask, place) => {
      if (ask.unique?.policy !== 'reject') return false;
      const before = asks.slice(0, place).some((other) => haveOneKey(other, ask));
      return before || this.#holder(ask) !== undefined;
    });
  }

  #addOne(ask: PlainAsk, parents: readonly number[]): PlainAdded {
    if (ask.unique === null) {
      const { id } = this.#make(ask, { runAt: ask.runAt, since: this.now, parents });
      return { id, duplicate: false };
    }
    const holder = this.#holder(ask);
    if (holder !== undefined) {
      return { id: holder.id, duplicate: true, unique: this.#meet(ask, holder) };
    }
    const runAt = this.#timeOf(ask, this.now);
    const { id } = this.#make(ask, { runAt, since: this.now, parents });
    return { id, duplicate: false, unique: 'added' };
  }

  /** The unfinished job of the key; or the ended one whose window is open. */
  #holder(ask: PlainAsk): PlainJob | undefined {
    const [unfinished] = this.all((job) => !isFinished(job.state) && haveOneKey(job.ask, ask));
    const window = this.#windows.get(keyOf(ask) ?? '');
    const open = window !== undefined && window.until > this.now;
    return unfinished ?? (open ? this.jobs.get(window.id) : undefined);
  }

  #meet(ask: PlainAsk, holder: PlainJob): UniqueOutcome {
    const policy = ask.unique?.policy ?? 'keep-first';
    const keeps = policy === 'keep-first' || policy === 'throttle' || policy === 'reject';
    if (isFinished(holder.state) || keeps) return 'kept';
    if (holder.follower !== null || holder.state === 'running') {
      if (holder.follower === null && policy === 'replace') return 'kept';
      const since = holder.follower?.since ?? this.now;
      const runAt = this.#timeOf(ask, since);
      holder.follower = { ask, since, runAt };
      this.#tell(holder, { runAt, unique: 'follows' });
      return 'follows';
    }
    const unique = policy === 'debounce' ? 'postponed' : 'replaced';
    const { onDependencyFailure } = holder.ask;
    const waits = holder.state === 'waiting';
    holder.ask = waits ? { ...ask, onDependencyFailure } : ask;
    holder.queue = ask.queue;
    holder.runAt = this.#timeOf(ask, holder.createdAt);
    if (!waits) holder.state = holder.runAt === null ? 'queued' : 'scheduled';
    holder.failures = 0;
    holder.crashes = 0;
    this.#tell(holder, { runAt: holder.runAt, unique });
    return unique;
  }

  /** @param since when the first of the adds came that are one run; @returns null for at once */
  #timeOf({ runAt, unique }: PlainAsk, since: number): number | null {
    if (unique?.policy !== 'debounce') return this.#ahead(runAt);
    const latest = unique.maxWaitMs === null ? Infinity : since + unique.maxWaitMs;
    return this.#ahead(Math.min(this.now + unique.waitMs, latest));
  }

  #ahead(time: number | null): number | null {
    return time !== null && time > this.now ? time : null;
  }

  #make(
    ask: PlainAsk,
    from: {
      readonly runAt: number | null;
      readonly since: number;
      readonly parents: readonly number[];
    },
  ): PlainJob {
    const { runAt, since, parents } = from;
    this.lastId += 1;
    const job: PlainJob = {
      id: this.lastId,
      createdAt: since,
      parents: new Map(parents.map((id) => [id, this.#endOf(id)])),
      attempts: [],
      ...{ ask, queue: ask.queue, state: 'waiting', reason: null, runAt },
      ...{ attempt: 0, failures: 0, crashes: 0, cancelRequested: false },
      ...{ executor: null, endedAt: null, follower: null },
    };
    this.jobs.set(job.id, job);
    if (verdictOn(job) === 'run') this.#release(job);
    else this.#tell(job, { runAt });
    const windowMs = ask.unique?.windowMs ?? null;
    if (windowMs !== null) this.#openWindow(job, since + windowMs);
    this.#endIfDoomed(job);
    return job;
  }

  #openWindow(job: PlainJob, until: number): void {
    this.#windows.set(keyOf(job.ask) ?? '', { id: job.id, until });
    // Those that have passed are over, even if the clock goes back.
    for (const [key, window] of this.#windows) {
      if (window.until <= this.now) this.#windows.delete(key);
    }
  }

  // -- dependencies -----------------------------------------------------------------------------

  #endOf(id: number): JobState | null {
    const state = this.jobs.get(id)?.state;
    return state !== undefined && isFinished(state) ? state : null;
  }

  #release(job: PlainJob): void {
    const { delayMs } = job.ask;
    job.runAt = this.#ahead(delayMs === null ? job.runAt : this.now + delayMs);
    job.state = job.runAt === null ? 'queued' : 'scheduled';
    this.#tell(job, { runAt: job.runAt });
  }

  #endIfDoomed(job: PlainJob): boolean {
    const verdict = verdictOn(job);
    if (verdict !== 'failed' && verdict !== 'cancelled') return false;
    this.#finish(job, verdict, 'dependency');
    return true;
  }

  #hear(job: PlainJob, ended: PlainJob): void {
    const counted = job.parents.get(ended.id) === null && job.state === 'waiting';
    job.parents.set(ended.id, ended.state);
    if (!counted) return;
    // Only this end is judged: how others ended may have been overlooked when it was retried.
    const bad = ended.state !== 'succeeded' && job.ask.onDependencyFailure !== 'continue';
    if (bad) this.#endIfDoomed(job);
    else if (waitsFor(job) === 0) this.#release(job);
  }

  // -- ends ---------------------------------------------------------------------------------------

  start(id: number, executor: string): void {
    const job = this.jobs.get(id) as PlainJob;
    Object.assign(job, { state: 'running', executor, attempt: job.attempt + 1 });
    this.#tell(job);
  }

  /** Told by an attempt; nothing where it is not the current one. */
  progress(id: number, attempt: number): void {
    const job = this.jobs.get(id);
    if (job?.state === 'running' && job.attempt === attempt) this.#tell(job);
  }

  /** @returns false for an attempt that is not the current one */
  end(end: PlainEnd): boolean {
    const job = this.jobs.get(end.id);
    if (job?.state !== 'running' || job.attempt !== end.attempt) return false;
    job.attempts.push([end.attempt, end.outcome]);
    if (isCharged(end)) job.failures += 1;
    else if (end.outcome === 'crash') job.crashes += 1;
    const next = this.#afterEnd(job, end);
    if (next.ends === null) this.#goBack(job, next.runAt);
    else {
      if (next.ends === 'succeeded' && end.emits) this.told.push(EMITTED);
      this.#finish(job, next.ends, next.reason);
    }
    return true;
  }

  #afterEnd(job: PlainJob, { outcome, contained, retryable }: PlainEnd): AfterEnd {
    const { retries } = job.ask;
    if (outcome === 'succeeded') return { ends: 'succeeded', reason: null };
    if (job.cancelRequested || outcome === 'cancelled') return { ends: 'cancelled', reason: null };
    if (outcome === 'rejected') return { ends: 'failed', reason: 'rejected' };
    if (outcome === 'interrupted') return { ends: null, runAt: null };
    if (outcome === 'snoozed') return { ends: null, runAt: this.now + SNOOZE_MS };
    if (outcome === 'crash' && !contained) {
      return job.crashes < 3 ? { ends: null, runAt: null } : { ends: 'failed', reason: 'crash' };
    }
    if (!retryable || retries === 0) return { ends: 'failed', reason: outcome };
    if (job.failures > retries) return { ends: 'failed', reason: 'exhausted' };
    return { ends: null, runAt: this.now + BACKOFF_MS * 2 ** (job.failures - 1) };
  }

  #goBack(job: PlainJob, runAt: number | null): void {
    Object.assign(job, { state: runAt === null ? 'queued' : 'retrying', runAt, executor: null });
    this.#tell(job, { runAt });
  }

  #finish(job: PlainJob, state: Ended, reason: FailReason | null): void {
    const { follower } = job;
    Object.assign(job, { state, reason, runAt: null, endedAt: this.now });
    Object.assign(job, { cancelRequested: false, follower: null });
    this.ends[state] += 1;
    this.#tell(job, { reason }, 'end');
    if (follower !== null) this.#make(follower.ask, { ...follower, parents: [] });
    for (const child of this.all(({ parents }) => parents.has(job.id))) this.#hear(child, job);
  }

  // -- time and operators -------------------------------------------------------------------------

  promote(): void {
    for (const job of this.in('scheduled', 'retrying')) {
      if ((job.runAt ?? 0) > this.now) continue;
      Object.assign(job, { state: 'queued', runAt: null });
      this.#tell(job);
    }
  }

  setMode(queue: string, mode: QueueMode): void {
    this.modes.set(queue, mode);
    const state = mode === 'open' ? 'resumed' : mode;
    this.told.push({ topic: `queue ${queue}`, kind: 'event', says: { state } });
  }

  cancel(id: number): string {
    const job = this.jobs.get(id);
    if (job === undefined) return 'unknown';
    if (isFinished(job.state)) return 'finished';
    if (job.state === 'running') {
      job.cancelRequested = true;
      return 'requested';
    }
    this.#finish(job, 'cancelled', null);
    return 'cancelled';
  }

  /** @returns what became of it, and with `dependents` how many of them came along */
  retry(id: number, dependents: boolean): { readonly kind: string; readonly dependents?: number } {
    const job = this.jobs.get(id);
    if (job === undefined) return { kind: 'unknown' };
    if (job.state !== 'failed' && job.state !== 'cancelled') return { kind: 'not-failed' };
    if (this.#isKeyTaken(job)) return { kind: 'key-taken' };
    this.#revive(job);
    const kind = job.state;
    return dependents ? { kind, dependents: this.#reviveDependents(job) } : { kind };
  }

  #isKeyTaken({ ask }: PlainJob): boolean {
    return this.all((job) => !isFinished(job.state) && haveOneKey(job.ask, ask)).length > 0;
  }

  #revive(job: PlainJob): void {
    this.#lookAgain(job);
    const state = waitsFor(job) > 0 ? 'waiting' : 'queued';
    Object.assign(job, { state, reason: null, runAt: null, endedAt: null, executor: null });
    Object.assign(job, { failures: 0, crashes: 0 });
    this.#tell(job);
  }

  /** One that runs again has not ended; of one that is gone, the end stays known. */
  #lookAgain(job: PlainJob): void {
    for (const id of job.parents.keys()) {
      if (this.jobs.has(id)) job.parents.set(id, this.#endOf(id));
    }
  }

  /** Those that ended for it, and may wait for it again; and so on down. */
  #reviveDependents(first: PlainJob): number {
    const revived = [first];
    for (const parent of revived) {
      const ended = this.all((job) => job.reason === 'dependency' && job.parents.has(parent.id));
      for (const job of ended) this.#lookAgain(job);
      for (const job of ended.filter((one) => verdictOn(one) === 'wait')) {
        if (this.#isKeyTaken(job)) continue;
        this.#revive(job);
        revived.push(job);
      }
    }
    return revived.length - 1;
  }

  fits({ states, type }: PlainFilter): readonly PlainJob[] {
    return this.all((job) => states.includes(job.state) && (type ?? job.ask.type) === job.ask.type);
  }

  /** One of a change of many. */
  change(id: number, verb: 'cancel' | 'retry' | 'purge' | 'move', queue: string): string {
    const job = this.jobs.get(id);
    if (job === undefined) return 'unknown';
    if (verb === 'cancel') return this.cancel(id);
    if (verb === 'retry') return this.retry(id, false).kind;
    if (job.state === 'running') return 'running';
    if (verb === 'purge') return isFinished(job.state) ? this.remove(id) : this.cancel(id);
    if (isFinished(job.state)) return 'finished';
    if (job.queue !== queue) {
      job.queue = queue;
      this.#tell(job);
    }
    return 'moved';
  }

  /** The record of an ended job goes, unless an unfinished one depends on it. */
  remove(id: number): 'removed' | 'needed' {
    const needed = this.all(({ state, parents }) => !isFinished(state) && parents.has(id));
    if (needed.length > 0) return 'needed';
    this.jobs.delete(id);
    return 'removed';
  }

  // -- log ------------------------------------------------------------------------------------------

  #tell(
    job: PlainJob,
    more: Readonly<Record<string, string | number | null>> = {},
    kind: PlainRow['kind'] = 'state',
  ): void {
    const { id, state, queue, attempt } = job;
    const known = Object.entries({ state, type: job.ask.type, queue, attempt, ...more });
    const says = Object.fromEntries(known.filter(([, value]) => value !== null));
    this.told.push({ topic: `job ${id}`, kind, says: says as PlainRow['says'] });
  }
}

/** What a success may tell of beside itself. */
const EMITTED: PlainRow = { topic: 'order 7', kind: 'event', says: {} };

type Ended = 'succeeded' | 'failed' | 'cancelled';
type AfterEnd =
  | { readonly ends: Ended; readonly reason: FailReason | null }
  | { readonly ends: null; readonly runAt: number | null };
