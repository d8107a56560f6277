/**
 * What a schedule is: when it runs, what it adds, and what holds when time or the run before gets in
 * its way. Plain data, serialisable as JSON; a `[schedule:NAME]` section of the configuration is one.
 */

export const MISSED_POLICIES = ['skip', 'last', 'all'] as const;
export const OVERLAP_POLICIES = ['allow', 'skip', 'queue', 'cancel-previous'] as const;
export const DST_GAP_POLICIES = ['skip', 'after'] as const;
export const DST_OVERLAP_POLICIES = ['first', 'second', 'both'] as const;

/** When it runs: exactly one of `cron` and `every`. */
export interface Timing {
  readonly cron: string | null;
  /** Milliseconds. */
  readonly every: number | null;
  /** IANA name of the zone that `cron` is read in. */
  readonly timezone: string;
  readonly dstGap: (typeof DST_GAP_POLICIES)[number];
  readonly dstOverlap: (typeof DST_OVERLAP_POLICIES)[number];
  /** Milliseconds; each run is put off by less than this. */
  readonly jitter: number;
}

export interface ScheduleSpec extends Timing {
  readonly name: string;
  /** Type of the job. */
  readonly job: string;
  /** JSON text. */
  readonly payload: string;
  readonly queue: string | null;
  readonly priority: number;
  readonly userId: string | null;
  readonly missed: (typeof MISSED_POLICIES)[number];
  /** `missed = all`: at most so many. */
  readonly missedLimit: number;
  readonly overlap: (typeof OVERLAP_POLICIES)[number];
  readonly enabled: boolean;
}

/** Whether two specs run at the same times. */
export function sameTimes(a: Timing, b: Timing): boolean {
  return (
    a.cron === b.cron &&
    a.every === b.every &&
    a.timezone === b.timezone &&
    a.dstGap === b.dstGap &&
    a.dstOverlap === b.dstOverlap &&
    a.jitter === b.jitter
  );
}
