/** What the log and errors say of the processes of a place. Pure. */
import { TaskbellError } from '../protocol/errors.ts';
import type { ChildEnd } from './child-fork.ts';
import { describeSlot, type SlotName } from './slot-plan.ts';
import type { SlotProcess } from './slot-process.ts';

/** Why a process ended, as fields of the log. */
export function endFacts(
  { fatal }: Pick<SlotProcess, 'fatal'>,
  end: ChildEnd,
): Readonly<Record<string, unknown>> {
  const { code, message: problem, hint } = fatal ?? {};
  const { exitCode, signal, error } = end;
  return { exitCode, signal, code, problem, hint, ...(error && { err: error }) };
}

export function notUp(name: SlotName): TaskbellError {
  return new TaskbellError('E_UNAVAILABLE', `${describeSlot(name)} is not up.`, {
    hint: 'It is being started: ask again when it works.',
  });
}

/** @param readyMs how long the successor of the process had */
export function successorFailed(
  name: SlotName,
  former: Pick<SlotProcess, 'pid'>,
  { fatal }: Pick<SlotProcess, 'fatal'>,
  readyMs: number,
): { readonly error: TaskbellError; readonly why: string } {
  const who = `The successor of ${describeSlot(name)} (pid ${former.pid})`;
  const why = fatal?.message ?? `ended or was not ready within ${readyMs / 1_000} s`;
  const error = new TaskbellError(fatal?.code ?? 'E_UNAVAILABLE', `${who} cannot work: ${why}`, {
    hint: fatal?.hint ?? 'The log of the service says more; the former process goes on.',
  });
  return { error, why };
}
