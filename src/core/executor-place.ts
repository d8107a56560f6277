/**
 * Where an executor runs, as far as the core believes it. Pure.
 *
 * A pid means something on the core's own machine alone. Whoever comes by TCP may say any: it is dropped at
 * the door, so that nothing can look for it, wait for its death, or signal it.
 */
import type { HelloMessage, ProcessIdentity } from '../protocol/execute.ts';

/** It is nobody's process here: judged by its connection alone. */
export const ELSEWHERE: ProcessIdentity = { pid: -1, startTime: 'elsewhere' };

/** It never finished its hello: nothing of it can be alive. */
export const NOWHERE: ProcessIdentity = { pid: -1, startTime: 'none' };

export function isElsewhere({ pid, startTime }: ProcessIdentity): boolean {
  return pid === ELSEWHERE.pid && startTime === ELSEWHERE.startTime;
}

/** @param isRemote it came by TCP */
export function believedHello(hello: HelloMessage, isRemote: boolean): HelloMessage {
  if (hello.process !== null && !isRemote) return hello;
  // No other process can be put in its place from here.
  const { predecessor: _predecessor, replaceable: _replaceable, ...rest } = hello;
  return { ...rest, process: null, supervisorPid: null };
}

/** What is known of the executor that has the name already. */
interface Bearer {
  readonly process: ProcessIdentity;
  readonly ending: boolean;
}

/**
 * @param known the executor of this name, if one is known
 * @returns why the hello is refused; undefined: it is welcome
 */
export function refusalOf(known: Bearer | undefined, hello: HelloMessage): string | undefined {
  if (known === undefined || known.process === NOWHERE) return undefined;
  const elsewhere = isElsewhere(known.process);
  if (elsewhere !== (hello.process === null)) return 'another executor has this name';
  // Its process cannot be ended from here: it ends its attempts when it stays without a core.
  return elsewhere && known.ending ? 'an attempt did not end when it had to' : undefined;
}
