/**
 * Hands out what is queued. Claims ride in the transaction that is about to commit, so an add and
 * its start, or an end and the next start, cost one fsync.
 *
 * Whose turn it is, the lanes say; what the limits leave, the store decides inside the transaction,
 * so that several claims of one flush cannot count on the same room.
 */
import type { Logger } from '../process/logger.ts';
import type { ClaimedJob } from '../queue/job.ts';
import type { ClaimAnswer, JobStore, UnreadableJob } from '../queue/job-store.ts';
import type { LimitRules } from '../queue/limits.ts';
import { DegradedTries } from './degraded-tries.ts';
import type { InHand } from './in-hand.ts';
import type { JobTypes } from './job-types.ts';
import type { Lanes, MarkedLane } from './lanes.ts';
import { inFlightOf, type RemoteExecutor } from './remote-executor.ts';
import { renderRun } from './run-message.ts';
import type { TypeGuard } from './type-guard.ts';

export interface DispatcherParts {
  readonly store: JobStore;
  readonly types: JobTypes;
  readonly lanes: Lanes;
  readonly limits: LimitRules;
  readonly guard: TypeGuard;
  readonly inHand: InHand;
  readonly executors: () => readonly RemoteExecutor[];
  readonly log: Logger;
  readonly now: () => number;
  /** Asks for a flush of the commit loop in this turn. */
  readonly nudge: () => void;
  /** Asks for a flush at this time (epoch ms). */
  readonly expect: (at: number) => void;
  /** Ends what was claimed and cannot be handed out. */
  readonly refuse: (jobs: readonly UnreadableJob[]) => Promise<unknown>;
  readonly onFailure: (error: unknown) => void;
  /** Hears of what was handed out. */
  readonly onPicked?: (jobs: readonly ClaimedJob[], now: number) => void;
}

/** Fewer than this are handed out at once: two commits would cost more than what they overlap. */
const WHOLE_BATCH = 32;

export class Dispatcher {
  readonly #parts: DispatcherParts;
  /** What the types say of their limits, as of the last claims. */
  #generation = 0;
  readonly #tries: DegradedTries;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.#tries = new DegradedTries(parts);
  }

  /** The hook of the commit loop: claims for every free slot, in the transaction about to begin. */
  fill(): void {
    const { lanes, types, now, executors, expect } = this.#parts;
    if (types.generation !== this.#generation) lanes.releaseAll();
    this.#generation = types.generation;
    const nextToken = lanes.beginRound(now());
    if (nextToken !== null) expect(nextToken);
    if (this.#tries.isActive) this.#tryDegraded();
    const willing = executors().filter((one) => one.free() > 0 && !this.#tries.isReserved(one));
    for (const executor of willing.sort((a, b) => a.inFlight.size - b.inFlight.size)) {
      // Shared evenly at first, so that one process does not take all while its neighbours idle.
      const share = Math.ceil(executor.free() / willing.length);
      this.#claimFor(executor, Math.min(share, batchFor(executor.slots)));
    }
  }

  /** Before the others, so that whoever is chosen is not taken by them. */
  #tryDegraded(): void {
    const { guard, expect } = this.#parts;
    for (const one of this.#tries.begin()) {
      void this.#claim(one.executor, one.lanes, 1).then((answer) => this.#tries.end(one, answer));
    }
    const next = guard.nextTryAt();
    if (next !== null) expect(next);
  }

  #claimFor(executor: RemoteExecutor, limit: number): void {
    const open = this.#parts.lanes.take(
      limit,
      ({ queue, type }) => executor.types.has(type) && executor.serves(queue),
    );
    if (open.length > 0) void this.#claim(executor, open, limit);
  }

  /** @returns what came of it; undefined: the store refused */
  #claim(
    executor: RemoteExecutor,
    open: readonly MarkedLane[],
    limit: number,
  ): Promise<ClaimAnswer | undefined> {
    const { lanes, limits, store, now, onFailure } = this.#parts;
    executor.claiming = true;
    const idle = executor.inFlight.size === 0;
    const { marks } = lanes;
    const os = isHere(executor) && open.every((lane) => lane.durability === 'os');
    const durability = os ? 'os' : 'disk';
    return store
      .claim({ executor: executor.id, lanes: open, limit, limits, idle, now: now(), durability })
      .then((answer) => {
        this.#learn(answer, marks);
        this.#handOut(executor, answer);
        this.#refuse(answer.unreadable);
        return answer;
      })
      .catch((error: unknown) => {
        onFailure(error);
        return undefined;
      })
      .finally(() => {
        executor.claiming = false;
      });
  }

  /** In the turn of the answer: an end that is told after it opens what is closed here. */
  #learn({ jobs, emptyLanes, heldLanes }: ClaimAnswer, marksBefore: number): void {
    const { lanes, expect, nudge } = this.#parts;
    lanes.noteServed(jobs);
    lanes.clear(emptyLanes);
    lanes.hold(heldLanes);
    for (const { until } of heldLanes) if (until !== null) expect(until);
    // There may be more for the slots that are left: in these lanes, in those behind them, or in what was
    // marked while the claim was under way. Otherwise the next claim would only see the same.
    const isNews = jobs.length + emptyLanes.length + heldLanes.length > 0;
    if (isNews || lanes.marks !== marksBefore) queueMicrotask(nudge);
  }

  /** Nobody waits for it: the slots go on to what can be read. */
  #refuse(jobs: readonly UnreadableJob[] = []): void {
    const { refuse, onFailure } = this.#parts;
    if (jobs.length > 0) refuse(jobs).catch(onFailure);
  }

  #handOut(executor: RemoteExecutor, { jobs }: ClaimAnswer): void {
    const { types, inHand, log } = this.#parts;
    if (jobs.length === 0) return;
    const held = jobs.map((job) => {
      const timeoutMs = job.timeoutMs ?? types.policyOf(job.type).timeoutMs;
      const attempt = inFlightOf(job, { timeoutMs, sent: false, group: null });
      inHand.hold(executor, attempt);
      return attempt;
    });
    const sent = renderRun(jobs, held).every((text) => executor.sendText(text));
    for (const attempt of held) attempt.sent = sent;
    this.#parts.onPicked?.(jobs, this.#parts.now());
    const facts = {
      executor: executor.id,
      count: jobs.length,
      jobs: jobs.slice(0, 5).map(({ id }) => id),
    };
    log.info({ ...facts, moment: 'processing' }, 'attempts handed out');
  }
}

/** Half of the slots at most: while an executor works on one half, the core settles the other. */
function batchFor(slots: number): number {
  return Math.max(WHOLE_BATCH, Math.ceil(slots / 2));
}

/** One that lives elsewhere outlives a power cut: the core must not forget what it runs. */
function isHere({ process }: RemoteExecutor): boolean {
  return process.pid > 0;
}
