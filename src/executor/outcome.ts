/**
 * Decides how an attempt ended and puts the outcome into the text that goes to the core.
 *
 * Pure. The text is made once, when the attempt ends: an outcome waits for its confirmation as a
 * string, so nothing that a handler still holds can change it.
 */
import type { Fence, Outcome } from '../protocol/execute.ts';
import { type JobError, MAX_PAYLOAD_BYTES } from '../protocol/jobs.ts';
import { quoteName } from '../protocol/json.ts';
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

/** What some outcomes have beyond what all have. */
type Facts = Pick<Outcome, 'retryable' | 'retryAfterMs' | 'error'>;

interface Verdict {
  readonly outcome: Outcome['outcome'];
  readonly facts?: Facts;
  /** JSON text. */
  readonly result?: string;
}

/** By hand, because it is written for each attempt; its keys are those of `Outcome`. */
export function encodeOutcome(end: AttemptEnd): string {
  const { fence, times, ending, events } = end;
  const { outcome, facts, result } = decideVerdict(end);
  const whose = `"id":${quoteName(fence.id)},"attempt":${fence.attempt},"outcome":"${outcome}"`;
  const durationMs = Math.round(times.durationMs * 1_000) / 1_000;
  const when = `"startedAt":${times.startedAt},"durationMs":${durationMs}`;
  const yielded = result === undefined ? '' : `,"result":${result}${eventsPart(events)}`;
  return `{${whose},${when}${factsPart(facts, ending)}${yielded}}`;
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
        facts: { ...pauseOf(end.ending), error: timeoutError(end.times.timeoutMs) },
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
      return { outcome: 'error', facts: failureFacts(ending) };
    case 'snoozed':
      return { outcome: 'snoozed', facts: { retryAfterMs: ending.pauseMs } };
    case 'cancelled':
      return { outcome: 'cancelled', facts: { error: ending.error } };
    case 'rejected':
      return forGood('rejected', { name: 'PayloadRejected', message: ending.problem });
    case 'stopped':
      return { outcome: 'interrupted' };
    case 'crashed':
      return { outcome: 'crash', facts: { error: ending.error } };
  }
}

function failureFacts(ending: Ending & { readonly kind: 'failed' }): Facts {
  const { retryable, error } = ending;
  return retryable ? { ...pauseOf(ending), error } : { retryable: false, error };
}

/** An error that the same attempt would end with again. */
function forGood(outcome: 'error' | 'rejected', error: JobError): Verdict {
  return { outcome, facts: { retryable: false, error } };
}

function resultVerdict(result: unknown): Verdict {
  const encoded = encodeResult(result);
  if ('json' in encoded) return { outcome: 'succeeded', result: encoded.json };
  // Not retryable: the next run would do all the work again and return the same.
  return forGood('error', { name: 'ResultInvalid', message: encoded.problem });
}

export function encodeResult(
  result: unknown,
): { readonly json: string } | { readonly problem: string } {
  if (result === undefined || result === null) return { json: 'null' };
  try {
    const json: string | undefined = JSON.stringify(result);
    if (json === undefined) {
      return { problem: `result cannot be stored: expected JSON, got a ${typeof result}` };
    }
    // Three bytes are the most that one UTF-16 unit comes to.
    if (json.length * 3 <= MAX_PAYLOAD_BYTES) return { json };
    const bytes = Buffer.byteLength(json);
    if (bytes <= MAX_PAYLOAD_BYTES) return { json };
    return {
      problem: `result is too large: expected at most ${MAX_PAYLOAD_BYTES} bytes, got ${bytes}`,
    };
  } catch (error) {
    return { problem: `result cannot be stored as JSON: ${describeError(error).message}` };
  }
}

function factsPart(facts: Facts | undefined, { usage, exitCode }: Ending): string {
  if (facts === undefined && usage === undefined && exitCode === undefined) return '';
  // Without the brackets; what is undefined is left out. None is empty: each of the three has a member.
  return `,${JSON.stringify({ ...facts, ...usage, exitCode }).slice(1, -1)}`;
}

function eventsPart(events: readonly string[]): string {
  return events.length === 0 ? '' : `,"events":[${events.join(',')}]`;
}

function timeoutError(timeoutMs: number): JobError {
  return { name: 'Timeout', message: `the attempt did not end within ${timeoutMs} ms` };
}
