/** What the end of a job lets run: lanes are marked, times expected. */
import type { EndAnswer, Released } from '../queue/job-store.ts';
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

/** Attempts have ended: what they held is free, and some of their jobs wait again. */
export function noteSettled(
  { lanes, dueClock }: ReleaseParts,
  answers: readonly EndAnswer[],
): void {
  for (const answer of answers) {
    if (!answer.accepted) continue;
    lanes.release(answer.job);
    noteReleased({ lanes, dueClock }, answer.released);
    if (answer.next.kind === 'retry') dueClock.expect(answer.next.runAt);
    if (answer.next.kind === 'return') lanes.mark([answer.job]);
  }
}
