/**
 * Decides whose fault it is when an executor has to be ended because an attempt does not end. Pure.
 *
 * An event loop that stands still keeps every attempt of its process from ending in time. Only the one
 * whose code holds it up has done wrong; a neighbour whose limit passed meanwhile is given back.
 */
import type { BlockedMessage, Fence } from '../protocol/execute.ts';
import type { InFlight, RemoteExecutor, Verdict } from './remote-executor.ts';
import type { Suspects } from './type-breaker.ts';

/** The attempt that holds up the loop; undefined where the report does not tell it from its neighbours. */
export function blockerOf(
  report: Pick<BlockedMessage, 'fence' | 'stack'> | undefined,
  attempts: readonly InFlight[],
): InFlight | undefined {
  if (report === undefined) return undefined;
  const { fence, stack } = report;
  if (fence !== null) return attempts.find((one) => isSame(one, fence));
  // A timer's callback has lost its attempt, but it stands in the file of its type.
  const ofFile = attempts.filter(({ type }) =>
    ['js', 'mjs', 'ts'].some((extension) => stack.includes(`/${type}.${extension}:`)),
  );
  return ofFile.length === 1 ? ofFile[0] : undefined;
}

/**
 * @param overdue the attempt that did not end, with what it was told to end as
 * @returns what the attempts end as; those that are not named were interrupted
 */
export function verdictsFor(
  overdue: { readonly attempt: InFlight; readonly verdict: 'timeout' | 'cancelled' },
  blocker: InFlight | undefined,
  nowMono: number,
): ReadonlyMap<InFlight, Verdict> {
  const { attempt, verdict } = overdue;
  if (blocker === undefined || blocker === attempt) return new Map([[attempt, verdict]]);
  return new Map([
    // It was to be cancelled and now is. Whether it would have kept its limit nobody knows.
    [attempt, verdict === 'cancelled' ? 'cancelled' : 'interrupted'],
    [blocker, ownVerdict(blocker, nowMono)],
  ]);
}

/**
 * @param left the attempts of an executor that has died, with what each ends as
 * @returns those that may have done it; what has a process of its own takes only that one along
 */
export function suspectsOf(
  { types, blocked }: Pick<RemoteExecutor, 'types' | 'blocked'>,
  left: ReadonlyMap<InFlight, string>,
): Suspects {
  const blocker = blockerOf(blocked, [...left.keys()]);
  const suspects = [...left].filter(
    ([{ type, group }, outcome]) =>
      (outcome === 'crash' || outcome === 'timeout') &&
      group === null &&
      types.get(type)?.kind === 'module',
  );
  const blamed = suspects.filter(([attempt]) => attempt === blocker);
  const jobs = new Map<string, string[]>();
  for (const [{ type, id }] of blamed.length > 0 ? blamed : suspects) {
    jobs.set(type, [...(jobs.get(type) ?? []), id]);
  }
  return jobs;
}

/** Within its own limit it has still taken its process down: that is what a crash is. */
function ownVerdict(blocker: InFlight, nowMono: number): Verdict {
  if (blocker.verdict === 'cancelled') return 'cancelled';
  const { timeoutMs, startedMono } = blocker;
  return timeoutMs > 0 && nowMono - startedMono >= timeoutMs ? 'timeout' : 'crash';
}

function isSame(one: Fence, other: Fence): boolean {
  return one.id === other.id && one.attempt === other.attempt;
}
