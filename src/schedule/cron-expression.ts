/**
 * A cron expression without any zone: which readings of a wall clock it names. Croner reads the
 * expression; what the clock does in spring and autumn is decided in cron-times.ts.
 *
 * Wall times are numbers: the milliseconds that the same reading would be in UTC.
 */
import { Cron, CronPattern } from 'croner';

export interface CronExpression {
  /** True when no hour is left out: the expression means a pace, not times of the day. */
  readonly everyHour: boolean;
  /** The first wall time after this one; null when there is none. */
  after(wall: number): number | null;
}

export type CronReading =
  | { readonly ok: true; readonly expression: CronExpression }
  | { readonly ok: false; readonly problem: string };

// Five fields, or six with seconds first; no years.
const MODE = '5-or-6-parts';

export function readCron(text: string): CronReading {
  try {
    const pattern = new CronPattern(text, undefined, { mode: MODE });
    // Never started: paused and without a function, it holds no timer. A fixed offset spares it the zones.
    const cron = new Cron(text, { mode: MODE, utcOffset: 0, paused: true });
    const everyHour = pattern.hour.every((hour) => hour === 1);
    return { ok: true, expression: { everyHour, after: (wall) => nextOf(cron, wall) } };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return { ok: false, problem: words.replace(/^CronPattern: /, '').replace(/\.$/, '') };
  }
}

function nextOf(cron: Cron, wall: number): number | null {
  try {
    return cron.nextRun(new Date(wall))?.getTime() ?? null;
  } catch (error) {
    // Croner recurses from month to month: it overflows only where there is no match for centuries.
    if (error instanceof RangeError) return null;
    throw error;
  }
}
