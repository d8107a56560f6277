/**
 * Asks a handler's `backoff` function for the pause after a failed attempt. The function is user code:
 * what it throws, or returns instead of a duration, leaves the pause to the policy.
 */
import { type Ending, type Run, StopReason } from './handler.ts';
import { describeError } from './job-error.ts';
import { type Pause, readPause } from './stated-ending.ts';

export type AskedFunction = (failures: number, error: unknown) => unknown;

export interface RunEnd {
  readonly ending: Ending;
  /** What `run` threw; undefined when it did not. */
  readonly thrown: unknown;
}

/** @returns the ending with the pause that the function wants, if this ending is one that is retried */
export function withBackoff({ ending, thrown }: RunEnd, ask: AskedFunction, run: Run): Ending {
  const error = failureOf(ending, thrown, run);
  if (error === undefined || ending.retryAfterMs !== undefined) return ending;
  const pause = askPause(ask, run.assignment.failures + 1, error.is);
  if ('pauseMs' in pause) return { ...ending, retryAfterMs: pause.pauseMs };
  run.sink.log('warn', `backoff: ${pause.problem}; the type's other settings decide`);
  return ending;
}

/** What the attempt failed with; undefined when it did not fail, or for good. */
function failureOf(
  ending: Ending,
  thrown: unknown,
  run: Run,
): { readonly is: unknown } | undefined {
  const { aborted, reason } = run.signal;
  if (aborted && reason instanceof StopReason && reason.kind === 'timeout') return { is: reason };
  return ending.kind === 'failed' && ending.retryable ? { is: thrown } : undefined;
}

function askPause(ask: AskedFunction, failures: number, error: unknown): Pause {
  try {
    const wanted = ask(failures, error);
    // Of an asynchronous function: no duration, and its rejection would end the process.
    if (wanted instanceof Promise) wanted.catch(() => undefined);
    return readPause(wanted);
  } catch (failure) {
    return { problem: `the function failed: ${describeError(failure).message}` };
  }
}
