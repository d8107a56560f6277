/**
 * Ends of attempts on their way into the store: judged by their type's rules, committed, and only
 * then confirmed to the executor. Emitted events are checked first, because an end and its events
 * are one commit: a handler that emits nonsense has failed.
 */

import type { Logger } from '../process/logger.ts';
import type { EventRequest } from '../protocol/events.ts';
import type { Fence, Outcome } from '../protocol/execute.ts';
import type { Durability } from '../protocol/jobs.ts';
import { type AttemptEnd, endWithoutWord } from '../queue/job.ts';
import type { EndAnswer, JobStore, JudgedEnd, UnreadableJob } from '../queue/job-store.ts';
import type { JobTypes } from './job-types.ts';
import { failed, keptEndOf } from './kept-end.ts';
import type { InFlight } from './remote-executor.ts';
import type { EndFact } from './throughput.ts';

export interface SettlementParts {
  readonly store: JobStore;
  readonly types: JobTypes;
  /** Why an event that a handler emitted cannot be published; undefined when it can. */
  readonly problemWithEvent: (event: EventRequest) => string | undefined;
  readonly log: Logger;
  readonly now: () => number;
  readonly random: () => number;
  /** Told after the commit, so that what went back into the queue is handed out again. */
  readonly onSettled: (answers: readonly EndAnswer[]) => void;
  /** Hears of every attempt that has ended, after the commit. */
  readonly onEnds?: (ends: readonly EndFact[]) => void;
}

/** An attempt and what became of it. */
export interface Ended {
  readonly type: string;
  /** `disk` where the attempt is not known. */
  readonly durability: Durability;
  readonly end: AttemptEnd;
}

export class Settlement {
  readonly #parts: SettlementParts;

  constructor(parts: SettlementParts) {
    this.#parts = parts;
  }

  /** What an executor reported. */
  fromOutcome(held: InFlight | undefined, outcome: Outcome): Ended {
    const end = keptEndOf(outcome);
    const problem = this.#problemOf(end.events);
    const type = held?.type ?? '';
    const durability = held?.durability ?? 'disk';
    if (problem === undefined) return { type, durability, end };
    const error = { name: 'EventError', message: problem };
    return { type, durability, end: failed(end, error) };
  }

  /** What the core concludes when the executor's process is gone. */
  fromDeath(
    held: InFlight,
    outcome: 'crash' | 'interrupted' | 'timeout' | 'cancelled',
    words: { readonly message: string; readonly stack?: string },
  ): Ended {
    const durationMs = Math.max(0, performance.now() - held.startedMono);
    const end = endWithoutWord(fenceOf(held), outcome, { ...words, durationMs });
    return { type: held.type, durability: held.durability, end };
  }

  /** Resolves after the commit. */
  async settle(ended: readonly Ended[]): Promise<readonly EndAnswer[]> {
    const { store, types, now, random, onSettled, onEnds } = this.#parts;
    const at = now();
    const judged = ended.map(({ type, durability, end }): JudgedEnd => {
      const policy = types.policyOf(type);
      return { end, durability, policy, now: at, random: random() };
    });
    const answers = await store.end(judged);
    this.#reportAll(ended, answers);
    onSettled(answers);
    onEnds?.(factsOf(ended, answers));
    return answers;
  }

  #problemOf(events: readonly EventRequest[]): string | undefined {
    for (const event of events) {
      const problem = this.#parts.problemWithEvent(event);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #reportAll(ended: readonly Ended[], answers: readonly EndAnswer[]): void {
    // Nothing here is worth more than info, and facts that nobody reads cost as much as those that are.
    if (!this.#parts.log.isLevelEnabled('info')) return;
    for (const [index, answer] of answers.entries()) this.#report(ended[index], answer);
  }

  #report(ended: Ended | undefined, answer: EndAnswer): void {
    if (ended === undefined) return;
    const { log } = this.#parts;
    const { end } = ended;
    const facts = { job: end.id, attempt: end.attempt, type: ended.type, outcome: end.outcome };
    if (!answer.accepted) {
      log.debug(facts, 'end of an attempt that is not current: dropped');
      return;
    }
    const { next } = answer;
    if (next.kind !== 'finish') {
      log.info({ ...facts, next: next.kind, error: end.error?.message }, 'attempt ended');
      return;
    }
    const moment = next.state === 'succeeded' ? 'success' : 'failure';
    const error = next.state === 'succeeded' ? undefined : end.error?.message;
    const reason = next.reason ?? undefined;
    log.info(
      { ...facts, moment, state: next.state, reason, durationMs: end.durationMs, error },
      'job ended',
    );
  }
}

const CHARGED: ReadonlySet<string> = new Set(['error', 'timeout', 'crash', 'rejected']);
const RETURNED: ReadonlySet<string> = new Set(['succeeded', 'error', 'snoozed']);

function factsOf(ended: readonly Ended[], answers: readonly EndAnswer[]): readonly EndFact[] {
  const facts: EndFact[] = [];
  for (const [index, answer] of answers.entries()) {
    const fact = factOf(ended[index], answer);
    if (fact !== undefined) facts.push(fact);
  }
  return facts;
}

function factOf(ended: Ended | undefined, answer: EndAnswer): EndFact | undefined {
  if (ended === undefined || !answer.accepted) return undefined;
  const { job, next } = answer;
  const { outcome, durationMs } = ended.end;
  return {
    type: job.type,
    queue: job.queue,
    state: next.kind === 'finish' ? next.state : null,
    hasFailed: CHARGED.has(outcome),
    durationMs,
    hasReturned: RETURNED.has(outcome),
  };
}

/** What was claimed and cannot be handed out: it would fail in the same way each time. */
export function endOfUnreadable({ id, attempt, type, durability, error }: UnreadableJob): Ended {
  const { code: name, message } = error;
  const end = endWithoutWord({ id, attempt }, 'rejected', { name, message, durationMs: 0 });
  return { type, durability, end };
}

export function fenceOf({ id, attempt }: Fence): Fence {
  return { id, attempt };
}
