/**
 * Decides how an attempt ended and puts the outcome into the text that goes to the core.
 *
 * Pure. The text is made once, when the attempt ends: an outcome waits for its confirmation as a
 * string, so nothing that a handler still holds can change it.
 */
import type { Fence, Outcome } from '../protocol/execute.ts';
import { type JobError, MAX_PAYLOAD_BYTES } from '../protocol/jobs.ts';
import type { Ending, StopKind } from './handler.ts';
import { describeError } from './job-error.ts';

interface AttemptTimes {
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly timeoutMs: number;
}

export interface AttemptEnd {
  readonly fence: Fence;
  readonly times: AttemptTimes;
  /** What it was told before it ended; null when it ended by itself. */
  readonly stopped: StopKind | null;
  readonly ending: Ending;
  /** Emitted events, each as JSON text. */
  readonly events: readonly string[];
}

interface Verdict {
  readonly outcome: Outcome['outcome'];
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
  readonly error?: JobError;
  /** JSON text. */
  readonly result?: string;
}

export function encodeOutcome(end: AttemptEnd): string {
  const { result, ...verdict } = decideVerdict(end);
  const head: Outcome = {
    id: end.fence.id,
    attempt: end.fence.attempt,
    ...verdict,
    startedAt: end.times.startedAt,
    durationMs: Math.round(end.times.durationMs * 1_000) / 1_000,
    ...end.ending.usage,
    ...(end.ending.exitCode === undefined ? {} : { exitCode: end.ending.exitCode }),
  };
  const tail = result === undefined ? '' : `,"result":${result}${eventsPart(end.events)}`;
  return `${JSON.stringify(head).slice(0, -1)}${tail}}`;
}

/** An attempt that was never started because this executor takes no more work. */
export function encodeNotStarted(fence: Fence, now: number): string {
  const outcome: Outcome = {
    id: fence.id,
    attempt: fence.attempt,
    outcome: 'interrupted',
    startedAt: now,
    durationMs: 0,
  };
  return JSON.stringify(outcome);
}

function decideVerdict(end: AttemptEnd): Verdict {
  switch (end.stopped) {
    case null:
      return verdictOf(end.ending);
    case 'timeout':
      return {
        outcome: 'timeout',
        ...pauseOf(end.ending),
        error: timeoutError(end.times.timeoutMs),
      };
    case 'cancelled':
    case 'forgotten':
      return { outcome: 'cancelled' };
    case 'interrupted':
      return isDeliberate(end.ending) ? verdictOf(end.ending) : { outcome: 'interrupted' };
  }
}

/** Work that was completed in spite of a stop must not be done again; nor is a handler's own word lost by it. */
function isDeliberate({ kind }: Ending): boolean {
  return kind === 'succeeded' || kind === 'snoozed' || kind === 'cancelled';
}

function pauseOf({ retryAfterMs }: Ending): { readonly retryAfterMs?: number } {
  return retryAfterMs === undefined ? {} : { retryAfterMs };
}

function verdictOf(ending: Ending): Verdict {
  switch (ending.kind) {
    case 'succeeded':
      return resultVerdict(ending.result);
    case 'failed':
      return {
        outcome: 'error',
        ...(ending.retryable ? pauseOf(ending) : { retryable: false }),
        error: ending.error,
      };
    case 'snoozed':
      return { outcome: 'snoozed', retryAfterMs: ending.pauseMs };
    case 'cancelled':
      return { outcome: 'cancelled', error: ending.error };
    case 'rejected':
      return {
        outcome: 'rejected',
        retryable: false,
        error: { name: 'PayloadRejected', message: ending.problem },
      };
    case 'stopped':
      return { outcome: 'interrupted' };
    case 'crashed':
      return { outcome: 'crash', error: ending.error };
  }
}

function resultVerdict(result: unknown): Verdict {
  const encoded = encodeResult(result);
  if ('json' in encoded) return { outcome: 'succeeded', result: encoded.json };
  // Not retryable: the next run would do all the work again and return the same.
  return {
    outcome: 'error',
    retryable: false,
    error: { name: 'ResultInvalid', message: encoded.problem },
  };
}

export function encodeResult(
  result: unknown,
): { readonly json: string } | { readonly problem: string } {
  if (result === undefined) return { json: 'null' };
  try {
    const json: string | undefined = JSON.stringify(result);
    if (json === undefined) {
      return { problem: `result cannot be stored: expected JSON, got a ${typeof result}` };
    }
    const bytes = Buffer.byteLength(json);
    if (bytes <= MAX_PAYLOAD_BYTES) return { json };
    return {
      problem: `result is too large: expected at most ${MAX_PAYLOAD_BYTES} bytes, got ${bytes}`,
    };
  } catch (error) {
    return { problem: `result cannot be stored as JSON: ${describeError(error).message}` };
  }
}

function eventsPart(events: readonly string[]): string {
  return events.length === 0 ? '' : `,"events":[${events.join(',')}]`;
}

function timeoutError(timeoutMs: number): JobError {
  return { name: 'Timeout', message: `the attempt did not end within ${timeoutMs} ms` };
}
