/**
 * Hands out what is queued. Claims ride in the transaction that is about to commit, so an add and
 * its start, or an end and the next start, cost one fsync.
 */
import type { Logger } from '../process/logger.ts';
import type { ClaimAnswer, JobStore } from '../queue/job-store.ts';
import type { InHand } from './in-hand.ts';
import type { JobTypes } from './job-types.ts';
import type { Lanes } from './lanes.ts';
import { inFlightOf, type RemoteExecutor } from './remote-executor.ts';
import { renderRun } from './run-message.ts';

export interface DispatcherParts {
  readonly store: JobStore;
  readonly types: JobTypes;
  readonly lanes: Lanes;
  readonly inHand: InHand;
  readonly executors: () => readonly RemoteExecutor[];
  readonly log: Logger;
  readonly now: () => number;
  /** Asks for a flush of the commit loop in this turn. */
  readonly nudge: () => void;
  readonly onFailure: (error: unknown) => void;
}

export class Dispatcher {
  readonly #parts: DispatcherParts;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** The hook of the commit loop: claims for every free slot, in the transaction about to begin. */
  fill(): void {
    const willing = this.#parts.executors().filter((executor) => executor.free() > 0);
    const reserved = new Set<string>();
    for (const executor of willing.sort((a, b) => a.inFlight.size - b.inFlight.size)) {
      // Shared evenly at first, so that one process does not take all while its neighbours idle.
      const limit = Math.ceil(executor.free() / willing.length);
      this.#claimFor(executor, limit, reserved);
    }
  }

  #claimFor(executor: RemoteExecutor, limit: number, reserved: Set<string>): void {
    const { lanes, types, store, now } = this.#parts;
    const open = lanes.open(
      ({ queue, type }) =>
        executor.types.has(type) &&
        executor.serves(queue) &&
        !reserved.has(type) &&
        this.#parts.inHand.room(type, types.policyOf(type)) > 0,
    );
    if (open.length === 0) return;
    const typeLimits = new Map<string, number>();
    for (const { type } of open) {
      const room = this.#parts.inHand.room(type, types.policyOf(type));
      if (room === Number.POSITIVE_INFINITY) continue;
      typeLimits.set(type, room);
      // Until the answer is known nobody else may count on the same room.
      reserved.add(type);
    }
    executor.claiming = true;
    const idle = executor.inFlight.size === 0;
    store
      .claim({ executor: executor.id, lanes: open, limit, typeLimits, idle, now: now() })
      .then((answer) => this.#handOut(executor, answer))
      .catch((error: unknown) => this.#parts.onFailure(error))
      .finally(() => {
        executor.claiming = false;
      });
  }

  #handOut(executor: RemoteExecutor, { jobs, emptyLanes }: ClaimAnswer): void {
    const { types, lanes, inHand, log, nudge } = this.#parts;
    lanes.clear(emptyLanes);
    if (jobs.length === 0) return;
    const held = jobs.map((job) => {
      const timeoutMs = job.timeoutMs ?? types.policyOf(job.type).timeoutMs;
      return inFlightOf(job, { timeoutMs, sent: false, group: null });
    });
    for (const attempt of held) inHand.hold(executor, attempt);
    const sent = executor.sendText(renderRun(jobs, held));
    for (const attempt of held) attempt.sent = sent;
    const facts = {
      executor: executor.id,
      count: jobs.length,
      jobs: jobs.slice(0, 5).map(({ id }) => id),
    };
    log.info({ ...facts, moment: 'processing' }, 'attempts handed out');
    // There may be more for the slots that are left.
    queueMicrotask(nudge);
  }
}
