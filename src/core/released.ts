/** Jobs that may run because another one ended: their lanes are marked, their times expected. */
import type { Released } from '../queue/job-store.ts';
import type { DueClock } from './due-clock.ts';
import type { Lanes } from './lanes.ts';

export interface ReleaseParts {
  readonly lanes: Lanes;
  readonly dueClock: Pick<DueClock, 'expect'>;
}

/** The caller nudges the commit loop. */
export function noteReleased(
  { lanes, dueClock }: ReleaseParts,
  released: readonly Released[] = [],
): void {
  for (const job of released) {
    if (job.runAt === null) lanes.mark([job]);
    else dueClock.expect(job.runAt);
  }
}
