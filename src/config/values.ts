/**
 * Durations and sizes: text to number and back. Pure.
 *
 * Refuses nothing but what it cannot read; ranges belong to the key that uses the value.
 */
import { TaskbellError } from '../protocol/errors.ts';
import { expected, type Reading, read } from './reading.ts';

const MS_PER_UNIT = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const BYTES_PER_UNIT = { b: 1, kib: 1_024, mib: 1_048_576, kb: 1_000, mb: 1_000_000 } as const;

const DURATION_WORDS = 'a duration such as 500ms, 30s, 15m, 2h or 1d';
const SIZE_WORDS = 'a size such as 512, 64KiB, 1MiB, 64kB or 1MB';

/**
 * Milliseconds of a text such as `1.5s`; a bare number is milliseconds.
 * @throws TaskbellError E_USAGE that says what a duration looks like
 */
export function parseDurationMs(text: string): number {
  const reading = readDuration(text);
  if (reading.ok) return reading.value;
  throw new TaskbellError('E_USAGE', `expected ${reading.expected}, got "${text}"`, {
    hint: 'Write a number and a unit: ms, s, m, h or d. A bare number means milliseconds.',
  });
}

export function readDuration(text: string): Reading<number> {
  const scaled = scale(text, MS_PER_UNIT, 'ms');
  return scaled === undefined ? expected(DURATION_WORDS) : read(scaled);
}

export function readSize(text: string): Reading<number> {
  const scaled = scale(text, BYTES_PER_UNIT, 'b');
  return scaled === undefined ? expected(SIZE_WORDS) : read(scaled);
}

/** The shortest text that `readDuration` reads as the same number. */
export function formatDuration(ms: number): string {
  const unit = (['d', 'h', 'm', 's'] as const).find(
    (name) => ms > 0 && ms % MS_PER_UNIT[name] === 0,
  );
  return unit === undefined ? `${ms}ms` : `${ms / MS_PER_UNIT[unit]}${unit}`;
}

export function formatSize(bytes: number): string {
  if (bytes > 0 && bytes % 1_048_576 === 0) return `${bytes / 1_048_576}MiB`;
  if (bytes > 0 && bytes % 1_024 === 0) return `${bytes / 1_024}KiB`;
  return String(bytes);
}

function scale(
  text: string,
  units: Readonly<Record<string, number>>,
  bareUnit: string,
): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  if (match === null) return undefined;
  const [, amount = '', unit = ''] = match;
  const name = unit === '' ? bareUnit : unit.toLowerCase();
  if (!Object.hasOwn(units, name)) return undefined;
  const scaled = Math.round(Number(amount) * (units[name] ?? Number.NaN));
  return Number.isSafeInteger(scaled) ? scaled : undefined;
}
