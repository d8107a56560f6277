/**
 * Turns whatever a handler threw into a bounded, serialisable error. Pure; never throws itself.
 */
import type { JobError } from '../protocol/jobs.ts';

export const MAX_STACK_LENGTH = 16 * 1024;
const MAX_MESSAGE_LENGTH = 8 * 1024;
const MAX_CAUSES = 5;

export function describeError(thrown: unknown): JobError {
  try {
    if (!isErrorLike(thrown)) return { name: 'NonError', message: nonErrorMessage(thrown) };
    return {
      name: cut(String(thrown.name ?? 'Error'), 200),
      message: cut(messageOf(thrown), MAX_MESSAGE_LENGTH),
      stack: cut(stackOf(thrown), MAX_STACK_LENGTH),
    };
  } catch {
    // A getter or toString of the thrown object threw: there is nothing more to learn from it.
    return { name: 'NonError', message: 'the handler threw an object that cannot be described' };
  }
}

/** False only when the error says so itself: `error.retryable = false`. */
export function isRetryable(thrown: unknown): boolean {
  try {
    return (thrown as { readonly retryable?: unknown } | null | undefined)?.retryable !== false;
  } catch {
    // A throwing getter says nothing about retrying; the policy decides.
    return true;
  }
}

export function cut(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`;
}

interface ErrorLike {
  readonly name?: unknown;
  readonly message: unknown;
  readonly stack?: unknown;
  readonly cause?: unknown;
  readonly code?: unknown;
  readonly errors?: unknown;
}

// By shape, not by instanceof: an error may come from another realm (node:vm).
function isErrorLike(thrown: unknown): thrown is ErrorLike {
  return typeof thrown === 'object' && thrown !== null && 'message' in thrown;
}

function messageOf(error: ErrorLike): string {
  if (error.message !== '') return String(error.message);
  // An AggregateError of failed connection attempts has an empty message; its parts tell.
  const parts = Array.isArray(error.errors) ? error.errors.filter(isErrorLike).map(messageOf) : [];
  return parts.join('; ') || String(error.code ?? error.name ?? 'unknown error');
}

function stackOf(error: ErrorLike): string {
  const stacks: string[] = [];
  let current: unknown = error;
  while (isErrorLike(current) && stacks.length < MAX_CAUSES) {
    stacks.push(String(current.stack ?? `${String(current.name)}: ${messageOf(current)}`));
    current = current.cause;
  }
  return stacks.join('\nCaused by: ');
}

function nonErrorMessage(thrown: unknown): string {
  const shown = typeof thrown === 'object' ? JSON.stringify(thrown) : String(thrown);
  return `the handler threw ${typeof thrown}, not an Error: ${cut(shown ?? 'undefined', 1_000)}`;
}
