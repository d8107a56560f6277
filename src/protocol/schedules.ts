/**
 * Schedules as the control API takes and shows them. Times are ISO 8601 in UTC, unless they are called
 * local; durations are milliseconds.
 */
import type { JobState } from './jobs.ts';
import type { Json } from './json.ts';

/** When a schedule runs: exactly one of `cron` and `everyMs`. */
export interface TimingRequest {
  /** Five fields, or six with seconds. */
  readonly cron?: string;
  readonly everyMs?: number;
  /** IANA name of the zone that `cron` is read in; UTC when omitted. */
  readonly timezone?: string;
  /** A time that the clock jumps over; `after` when omitted. */
  readonly dstGap?: 'skip' | 'after';
  /** A time that the clock shows twice; `first` when omitted. */
  readonly dstOverlap?: 'first' | 'second' | 'both';
  /** Each run is put off by less than this; 0 when omitted. */
  readonly jitterMs?: number;
}

/** What `POST /v1/schedules` takes. */
export interface ScheduleRequest extends TimingRequest {
  readonly name: string;
  /** Type of the job. */
  readonly job: string;
  readonly payload?: Json;
  /** The queue of the type when omitted. */
  readonly queue?: string;
  readonly priority?: number;
  readonly userId?: string;
  /** Runs that fell into a time without a daemon; `last` when omitted. */
  readonly missed?: 'skip' | 'last' | 'all';
  /** With `missed` `all`: at most so many; 100 when omitted. */
  readonly missedLimit?: number;
  /** When the run before has not ended; `allow` when omitted. */
  readonly overlap?: 'allow' | 'skip' | 'queue' | 'cancel-previous';
  /** False: the schedule rests. */
  readonly enabled?: boolean;
}

export interface ScheduleView {
  readonly name: string;
  /** `config`: it stands in config.ini and is changed there. */
  readonly source: 'config' | 'api';
  readonly cron: string | null;
  readonly everyMs: number | null;
  readonly timezone: string;
  readonly dstGap: 'skip' | 'after';
  readonly dstOverlap: 'first' | 'second' | 'both';
  readonly jitterMs: number;
  readonly job: string;
  readonly payload: Json;
  readonly queue: string | null;
  readonly priority: number;
  readonly userId: string | null;
  readonly missed: 'skip' | 'last' | 'all';
  readonly missedLimit: number;
  readonly overlap: 'allow' | 'skip' | 'queue' | 'cancel-previous';
  readonly enabled: boolean;
  readonly paused: boolean;
  readonly createdAt: string;
  /** Null while it rests, or when it never runs again. */
  readonly nextRun: string | null;
  /** `overlap` `queue`: the run that waits for the end of the one before. */
  readonly waitingSince: string | null;
  readonly lastRun: string | null;
  /** State null: the job was removed since. */
  readonly lastJob: { readonly id: string; readonly state: JobState | null } | null;
}

/** Why a run is not where the expression alone would put it. */
export interface ShiftView {
  readonly reason: 'gap' | 'overlap' | 'jitter';
  /** What it is shifted from: a local time; for jitter, a time in UTC. */
  readonly from: string;
  /** In words. */
  readonly detail: string;
}

export interface RunView {
  /** When it starts. */
  readonly at: string;
  /** The same on the clocks of the zone, with the offset from UTC: `2026-03-29 03:00:00 +02:00`. */
  readonly local: string;
  /** Names the run: when it would start without jitter. */
  readonly slot: string;
  readonly shifts: readonly ShiftView[];
}

/** What `POST /v1/schedules/preview` takes: times that no schedule has yet. */
export interface PreviewRequest extends TimingRequest {
  /** Jitter differs from name to name. */
  readonly name?: string;
  /** Runs to show, 1 to 1000; 10 when omitted. */
  readonly count?: number;
  /** Runs after this time; now when omitted. */
  readonly after?: string;
}
