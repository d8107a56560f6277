/**
 * The clocks of a time zone: how far they are from UTC at a moment, and when they are put forward or
 * back. Pure, save that what was looked up is remembered; the rules are those of Node's own tables.
 */

export interface ClockChange {
  /** The first moment of the new offset, epoch milliseconds. */
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

export interface Zone {
  readonly name: string;
  /** Local time minus UTC, in milliseconds. */
  offsetAt(instant: number): number;
  /** The first change after `from` and not after `to`. */
  firstChange(from: number, to: number): ClockChange | null;
}

/** Every offset since 1973 began at a quarter of an hour of UTC. */
const STEP_MS = 900_000;
/** No zone has two changes within a week: where both ends agree, nothing happened in between. */
const STRIDE_MS = 7 * 86_400_000;
const MAX_REMEMBERED = 10_000;

const zones = new Map<string, Zone>();

/** Undefined when there is no zone of this name. */
export function findZone(name: string): Zone | undefined {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const format = formatOf(name);
  if (format === undefined) return undefined;
  const zone = zoneWith(name, format);
  zones.set(name, zone);
  return zone;
}

function formatOf(name: string): Intl.DateTimeFormat | undefined {
  // An offset such as +02:00 is a zone to Node, but has no name and no clock changes.
  if (!/^[A-Za-z]/.test(name)) return undefined;
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    // RangeError: no such zone. The caller says so in words.
    return undefined;
  }
}

function zoneWith(name: string, format: Intl.DateTimeFormat): Zone {
  const remembered = new Map<number, number>();
  const offsetAt = (instant: number): number => {
    const step = Math.floor(instant / STEP_MS);
    let offset = remembered.get(step);
    if (offset === undefined) {
      if (remembered.size >= MAX_REMEMBERED) remembered.clear();
      offset = readOffset(format, step * STEP_MS);
      remembered.set(step, offset);
    }
    return offset;
  };
  return { name, offsetAt, firstChange: (from, to) => firstChange(offsetAt, from, to) };
}

function readOffset(format: Intl.DateTimeFormat, instant: number): number {
  const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  const [year, month, day] = [part('year'), part('month'), part('day')];
  return Date.UTC(year, month - 1, day, part('hour'), part('minute'), part('second')) - instant;
}

function firstChange(
  offsetAt: (instant: number) => number,
  from: number,
  to: number,
): ClockChange | null {
  const before = offsetAt(from);
  for (let low = from; low < to; ) {
    const high = Math.min(low + STRIDE_MS, to);
    if (offsetAt(high) !== before) return narrow(offsetAt, low, high);
    low = high;
  }
  return null;
}

function narrow(offsetAt: (instant: number) => number, low: number, high: number): ClockChange {
  const before = offsetAt(low);
  let same = Math.floor(low / STEP_MS);
  let other = Math.floor(high / STEP_MS);
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2);
    if (offsetAt(middle * STEP_MS) === before) same = middle;
    else other = middle;
  }
  const at = other * STEP_MS;
  return { at, before, after: offsetAt(at) };
}
