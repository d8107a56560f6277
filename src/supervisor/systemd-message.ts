/**
 * What is said to a service manager: the assignments of sd_notify(3), and how those that wait become fewer. Pure.
 */

/** One message, a NAME=VALUE each. */
export type NotifyFields = Readonly<Record<string, string>>;

/** What moves the unit from one state to the next: two of them are never one message, and never change places. */
const MOVES = ['READY', 'RELOADING', 'STOPPING'];

/** The messages that wait, with one more: the last of them takes it in where its own state is not lost by that. */
export function queueMessage(
  waiting: readonly NotifyFields[],
  message: NotifyFields,
): readonly NotifyFields[] {
  const last = waiting.at(-1);
  if (last === undefined || (isMove(last) && isMove(message))) return [...waiting, message];
  return [...waiting.slice(0, -1), { ...last, ...message }];
}

export function toArguments(message: NotifyFields): readonly string[] {
  return Object.entries(message).map(([name, value]) => `${name}=${oneLine(value)}`);
}

export function readyMessage(status: string): NotifyFields {
  return { READY: '1', STATUS: status };
}

/** @param nowUsec of CLOCK_MONOTONIC, which tells this reload from a former one */
export function reloadingMessage(nowUsec: bigint): NotifyFields {
  return { RELOADING: '1', MONOTONIC_USEC: String(nowUsec), STATUS: 'Reloading the configuration' };
}

/** @param extendMs more time from now on, beyond what the unit allows */
export function stoppingMessage(status: string, extendMs: number): NotifyFields {
  return { STOPPING: '1', ...extendMessage(status, extendMs) };
}

export function extendMessage(status: string, extendMs: number): NotifyFields {
  return { EXTEND_TIMEOUT_USEC: String(Math.round(extendMs * 1_000)), STATUS: status };
}

function isMove(message: NotifyFields): boolean {
  return MOVES.some((name) => message[name] !== undefined);
}

/** A line break would begin another assignment. */
function oneLine(value: string): string {
  return value.replace(/\s+/g, ' ');
}
