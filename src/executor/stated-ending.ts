/**
 * What a module's `run` made of its attempt when it threw: what it said with `retryAfter`, `snooze`, `fail`
 * or `cancel`, else a failure. Pure; never throws itself, whatever was thrown.
 */
import { ENDING, type StatedEnding } from '../client/define-job.ts';
import { MAX_RETRY_AFTER_MS } from '../protocol/execute.ts';
import type { JobError } from '../protocol/jobs.ts';
import type { Ending } from './handler.ts';
import { readStatedDuration } from './handler-settings.ts';
import { cut, describeError, isRetryable } from './job-error.ts';

/** What is at hand of a statement: JavaScript may have put anything into it. */
type Stated = { readonly kind: unknown; readonly pause?: unknown };

export type Pause = { readonly pauseMs: number } | { readonly problem: string };

export function endingOfThrown(thrown: unknown): Ending {
  const stated = statementOf(thrown);
  const error = describeError(thrown);
  switch (stated?.kind as StatedEnding['kind'] | undefined) {
    case 'retry':
      return paused('retryAfter', stated, error);
    case 'snooze':
      return paused('snooze', stated, error);
    case 'fail':
      return { kind: 'failed', error, retryable: false };
    case 'cancel':
      return { kind: 'cancelled', error };
    default:
      // Also what a later version of the package states and this executor does not know.
      return { kind: 'failed', error, retryable: isRetryable(thrown) };
  }
}

/** True for an ending that was returned instead of thrown. */
export function statesEnding(result: unknown): boolean {
  return typeof result === 'object' && result !== null && ENDING in result;
}

/** @param value a duration from 0 to a year, as a handler writes it */
export function readPause(value: unknown): Pause {
  const reading = readStatedDuration(value);
  if (reading.ok && reading.value <= MAX_RETRY_AFTER_MS) return { pauseMs: reading.value };
  const wanted = reading.ok ? 'a duration of at most 365d' : reading.expected;
  return { problem: `expected ${wanted}, got ${show(value)}` };
}

function paused(name: string, stated: Stated | undefined, error: JobError): Ending {
  const pause = readPause(stated?.pause);
  if ('problem' in pause) {
    const wrong = { ...error, name: 'TypeError', message: `${name}: ${pause.problem}` };
    return { kind: 'failed', error: wrong, retryable: true };
  }
  const { pauseMs } = pause;
  if (name === 'snooze') return { kind: 'snoozed', pauseMs };
  return { kind: 'failed', error, retryable: true, retryAfterMs: pauseMs };
}

function statementOf(thrown: unknown): Stated | undefined {
  try {
    return (thrown as { readonly [ENDING]?: Stated } | null | undefined)?.[ENDING];
  } catch {
    // A throwing getter states nothing; the policy decides.
    return undefined;
  }
}

function show(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return cut(typeof value === 'string' ? JSON.stringify(value) : typeof value, 100);
}
