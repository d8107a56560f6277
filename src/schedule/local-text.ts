/** Moments as the clocks of a zone show them, for people. Pure. */
import { wallText } from './cron-times.ts';
import { findZone } from './zone.ts';

/** `2026-03-29 03:00:00 +02:00`; in UTC where the zone is unknown. */
export function localText(instant: number, timezone: string): string {
  const offset = findZone(timezone)?.offsetAt(instant) ?? 0;
  const minutes = Math.abs(offset) / 60_000;
  const hours = Math.floor(minutes / 60);
  return `${wallText(instant + offset)} ${offset < 0 ? '-' : '+'}${two(hours)}:${two(minutes % 60)}`;
}

function two(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}
