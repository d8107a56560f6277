/** The adds that the in-memory store remembers, by the key of their guard. */
import type { JobRecord } from '../../src/queue/job.ts';
import { type AddGuard, type AddOutcome, GUARD_LIFETIME_MS } from '../../src/queue/job-store.ts';

export interface RememberedAdd {
  readonly fingerprint: string;
  readonly at: number;
  readonly answers: readonly (Omit<AddOutcome, 'job'> & { readonly id: string })[];
}

export type Guards = Map<string, RememberedAdd>;

/** What the add of this guard is answered with; undefined when it is the first one. */
export function recall(
  guards: Guards,
  guard: AddGuard,
  find: (id: string) => JobRecord | undefined,
): readonly AddOutcome[] | 'other-jobs' | undefined {
  const known = guards.get(guard.key);
  if (known === undefined) return undefined;
  if (known.fingerprint !== guard.fingerprint) return 'other-jobs';
  return known.answers.flatMap(({ id, ...answer }) => {
    const job = find(id);
    return job === undefined ? [] : [{ job, ...answer }];
  });
}

export function remember(
  guards: Guards,
  guard: AddGuard,
  { outcomes, now }: { readonly outcomes: readonly AddOutcome[]; readonly now: number },
): void {
  const answers = outcomes.map(({ job, ...answer }) => ({ id: job.id, ...answer }));
  for (const [key, { at }] of guards) if (at < now - GUARD_LIFETIME_MS) guards.delete(key);
  guards.set(guard.key, { fingerprint: guard.fingerprint, at: now, answers });
}
