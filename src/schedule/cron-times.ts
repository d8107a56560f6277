/**
 * When a cron expression comes due in a time zone.
 *
 * Stretches of one offset are walked one by one: inside, a wall time is one moment. Between two of
 * them the clock jumps, and there the policies decide:
 *
 *   forward   a time that the clock jumps over runs at the moment of the jump (`after`) or not at all
 *   back      a time that the clock shows twice runs the first time, the second, or both
 *
 * An expression that names every hour means a pace: it neither makes up for what was jumped over nor
 * rests while the clock repeats itself.
 */
import type { CronExpression } from './cron-expression.ts';
import type { Timing } from './schedule-spec.ts';
import type { ClockChange, Zone } from './zone.ts';

export interface Shift {
  readonly reason: 'gap' | 'overlap' | 'jitter';
  /** What the run is shifted from: a reading of the local clock, for jitter the moment in UTC. */
  readonly from: string;
  /** In words. */
  readonly detail: string;
}

export interface Slot {
  /** Epoch milliseconds: names the run, and is never given to another one of its schedule. */
  readonly slot: number;
  readonly shifts: readonly Shift[];
}

/** The first slot after a moment; null when there is none. */
export type NextSlot = (after: number) => Slot | null;

const SECOND_MS = 1_000;
/** The longest that a clock was ever put back is a day (a zone that changed sides of the date line). */
const LONGEST_OVERLAP_MS = 26 * 3_600_000;

/** No day of a calendar is further away than the next 29 February on a given weekday: 40 years, around 2100. */
const FURTHEST_MS = 41 * 366 * 86_400_000;

type Policies = Pick<Timing, 'dstGap' | 'dstOverlap'>;

export function cronTimes(expression: CronExpression, zone: Zone, policies: Policies): NextSlot {
  const takes = policiesOf(expression, policies);
  return (after) => {
    let at = Math.floor(after / SECOND_MS) * SECOND_MS;
    let offset = zone.offsetAt(at);
    let wall = expression.after(at + offset);
    while (wall !== null && wall - after < FURTHEST_MS) {
      const change = zone.firstChange(at, wall - offset);
      if (change === null) {
        at = wall - offset;
        const passage = passageOf(zone, at);
        if (takes.passage(passage)) return { slot: at, shifts: overlapShifts(wall, passage) };
        wall = expression.after(wall);
        continue;
      }
      const resumed = change.at + change.after;
      const first = expression.after(resumed - SECOND_MS);
      if (wall < resumed && takes.gap) {
        return { slot: change.at, shifts: first === resumed ? [] : [gapShift(wall, change)] };
      }
      ({ at, after: offset } = change);
      wall = first;
    }
    return null;
  };
}

type Passage = 'only' | 'first' | 'second';

function policiesOf({ everyHour }: CronExpression, { dstGap, dstOverlap }: Policies) {
  return {
    gap: !everyHour && dstGap === 'after',
    passage: (passage: Passage) =>
      everyHour || passage === 'only' || dstOverlap === 'both' || dstOverlap === passage,
  };
}

/** Whether the local clock shows the same time twice, and which of the two this is. */
function passageOf(zone: Zone, instant: number): Passage {
  const before = zone.firstChange(instant - LONGEST_OVERLAP_MS, instant);
  if (before !== null && instant - before.at < before.before - before.after) return 'second';
  const next = zone.firstChange(instant, instant + LONGEST_OVERLAP_MS);
  if (next !== null && next.at - instant <= next.before - next.after) return 'first';
  return 'only';
}

function gapShift(wall: number, { at, before, after }: ClockChange): Shift {
  const jump = `${clockText(at + before)} to ${clockText(at + after)}`;
  return { reason: 'gap', from: wallText(wall), detail: `the clock jumps from ${jump}` };
}

function overlapShifts(wall: number, passage: Passage): readonly Shift[] {
  if (passage === 'only') return [];
  const detail = `the clock shows ${clockText(wall)} twice, this is the ${passage}`;
  return [{ reason: 'overlap', from: wallText(wall), detail }];
}

/** `2026-03-29 02:30:00` */
export function wallText(wall: number): string {
  return new Date(wall).toISOString().slice(0, 19).replace('T', ' ');
}

function clockText(wall: number): string {
  return wallText(wall).slice(11);
}
