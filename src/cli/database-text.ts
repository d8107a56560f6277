/** What is said about work on the database file. Pure. */
import type {
  BackupDone,
  CompactionDone,
  DatabaseCheck,
  DatabaseFacts,
  RestoreDone,
} from '../protocol/database.ts';
import { formatMs } from './table.ts';

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `1.4 GiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 'bytes';
  for (const next of UNITS) {
    if (value < 1_024) break;
    value /= 1_024;
    unit = next;
  }
  const digits = unit === 'bytes' || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${unit}`;
}

function describeFacts(facts: DatabaseFacts): string {
  const { bytes, unfinishedJobs, endedJobs, schedules, top } = facts;
  const jobs = `${unfinishedJobs} unfinished and ${endedJobs} ended jobs`;
  return `${formatBytes(bytes)}: ${jobs}, ${schedules} schedules, events up to ${top}`;
}

export function describeBackup({ file, facts, durationMs }: BackupDone): readonly string[] {
  return [file, `${describeFacts(facts)}; verified in ${formatMs(durationMs)}`];
}

export function describeCheck(check: DatabaseCheck): readonly string[] {
  const { file, full, damage, contradictions, facts, durationMs } = check;
  const how = full ? 'every page, index and record' : 'every page and record';
  const verdict = check.ok ? 'sound' : damage.length > 0 ? 'damaged' : 'contradicts itself';
  return [
    `${file}: ${verdict}`,
    ...damage.map((line) => `  damage: ${line}`),
    ...contradictions.map((line) => `  contradiction: ${line}`),
    ...(facts === null ? [] : [describeFacts(facts), describeFree(facts)]),
    `looked at ${how} in ${formatMs(durationMs)}`,
  ];
}

function describeFree({ freeBytes }: DatabaseFacts): string {
  const words = `${formatBytes(freeBytes)} free inside the file`;
  return freeBytes === 0 ? words : `${words}: used again, or given back by \`taskbell db compact\``;
}

export function describeRestore({
  file,
  aside,
  facts,
  durationMs,
}: RestoreDone): readonly string[] {
  return [
    `${file} restored in ${formatMs(durationMs)}`,
    describeFacts(facts),
    aside === null ? 'there was no database before' : `what was there before: ${aside}`,
  ];
}

export function describeCompaction(done: CompactionDone): readonly string[] {
  const { file, before, after, durationMs } = done;
  const gained = formatBytes(Math.max(0, before - after));
  const sizes = `${formatBytes(before)} before, ${formatBytes(after)} now`;
  return [`${file}: ${gained} given back (${sizes}) in ${formatMs(durationMs)}`];
}
