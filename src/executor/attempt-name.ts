/**
 * How an attempt is named in stack traces, and read out of them again. Pure.
 *
 * V8 shows the functions that wait for the one that runs (`at async NAME`), so the name of the
 * outermost one tells which of many attempts the running code belongs to.
 */
import type { Fence } from '../protocol/execute.ts';

export function attemptName({ id, attempt }: Fence): string {
  return `attempt ${attempt} of job ${id}`;
}

/** Null where no attempt is on the stack, as in the callback of a timer. */
export function attemptInStack(stack: string): Fence | null {
  const found = /^\s*at (?:async )?(?:\w+\.)?attempt (\d+) of job (\S+)/m.exec(stack);
  const [, attempt, id] = found ?? [];
  return id === undefined ? null : { id, attempt: Number(attempt) };
}
