/**
 * The runs of a schedule in order: its slots, each with the time at which it really starts. Pure: the
 * same schedule gives the same runs to a preview, to the clock, and after a restart.
 */
import { readCron } from './cron-expression.ts';
import { cronTimes, type NextSlot, type Slot } from './cron-times.ts';
import type { Timing } from './schedule-spec.ts';
import { findZone } from './zone.ts';

export interface Run extends Slot {
  /** When it starts: the slot, or later by its jitter. Before the next slot in any case. */
  readonly at: number;
}

/** What the times of a schedule follow from. */
export interface TimesOf extends Timing {
  readonly name: string;
  /** Where intervals are counted from, so that they keep their phase over restarts. */
  readonly anchor: number;
}

/** The next `count` runs whose slot lies after a moment; fewer when there are no more. */
export function nextRuns(spec: TimesOf, after: number, count: number): readonly Run[] {
  const runs: Run[] = [];
  for (const run of runsAfter(spec, after)) {
    if (runs.length >= count) break;
    runs.push(run);
  }
  return runs;
}

export interface Stretch {
  readonly after: number;
  readonly until: number;
  /** Only so many of the newest. */
  readonly keep: number;
}

/** The newest runs whose slots lie in a stretch of time. Costs what it returns, however long the stretch is. */
export function newestRuns(spec: TimesOf, { after, until, keep }: Stretch): readonly Run[] {
  for (let reachMs = keep * 1_000; ; reachMs *= 4) {
    const from = Math.max(after, until - reachMs);
    const runs: Run[] = [];
    for (const run of runsAfter(spec, from)) {
      if (run.slot > until) break;
      runs.push(run);
    }
    if (runs.length >= keep || from === after) return runs.slice(-keep);
  }
}

function* runsAfter(spec: TimesOf, after: number): Generator<Run> {
  const next = slotsOf(spec);
  let slot = next(after);
  while (slot !== null) {
    const following = next(slot.slot);
    yield jittered(spec, slot, following);
    slot = following;
  }
}

function slotsOf(spec: TimesOf): NextSlot {
  const { cron, every, anchor } = spec;
  if (every !== null) return (after) => ({ slot: intervalSlot(anchor, every, after), shifts: [] });
  const reading = readCron(cron ?? '');
  const zone = findZone(spec.timezone);
  // Both were checked when the schedule was made; a zone may be missing from the tables of another Node.
  if (!reading.ok || zone === undefined) return () => null;
  return cronTimes(reading.expression, zone, spec);
}

function intervalSlot(anchor: number, every: number, after: number): number {
  return anchor + Math.max(1, Math.floor((after - anchor) / every) + 1) * every;
}

function jittered({ name, jitter }: TimesOf, slot: Slot, following: Slot | null): Run {
  const room = following === null ? jitter : Math.min(jitter, following.slot - slot.slot);
  const delayMs = Math.floor(fractionOf(`${name} ${slot.slot}`) * room);
  if (delayMs === 0) return { ...slot, at: slot.slot };
  const from = new Date(slot.slot).toISOString();
  const detail = `put off by ${delayMs / 1_000} s of at most ${jitter / 1_000} s`;
  const shifts = [...slot.shifts, { reason: 'jitter' as const, from, detail }];
  return { slot: slot.slot, shifts, at: slot.slot + delayMs };
}

/** From 0 to less than 1, the same for the same text: FNV-1a, then the finalizer of MurmurHash3. */
function fractionOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
