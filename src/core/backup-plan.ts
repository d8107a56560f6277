/** When the next backup comes, what it is called, and which ones go. Pure. */
import type { BackupSettings } from '../config/settings.ts';
import { nextRuns } from '../schedule/next-runs.ts';

/** After a failure, unless the next one comes sooner. */
const AGAIN_AFTER_FAILURE_MS = 600_000;

const NAME = /^taskbell-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.db$/;

/** When a file of this name was made; null for what is no backup of ours. */
export function timeOfBackup(name: string): number | null {
  const parts = NAME.exec(name)?.slice(1).map(Number);
  if (parts === undefined) return null;
  const [year = 0, month = 1, day = 0, hour = 0, minute = 0, second = 0] = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** The newest of the names; undefined where none is a backup. */
export function newestBackup(names: readonly string[]): string | undefined {
  return names
    .filter((name) => timeOfBackup(name) !== null)
    .sort()
    .at(-1);
}

/** The oldest beyond the number that is kept. @param keep 0: all stay */
export function surplusBackups(names: readonly string[], keep: number): readonly string[] {
  if (keep === 0) return [];
  const ours = names.filter((name) => timeOfBackup(name) !== null).sort();
  return ours.slice(0, Math.max(0, ours.length - keep));
}

export interface BackupHistory {
  /** Epoch milliseconds; null: none is known. */
  readonly lastAt: number | null;
  readonly lastFailedAt: number | null;
  /** Of this core: where nothing is known of an earlier backup. */
  readonly startedAt: number;
}

type BackupTimes = Pick<BackupSettings, 'every' | 'schedule' | 'timezone'>;

/** Epoch milliseconds; one that was missed comes at once. Null: none is to come. */
export function nextBackupAt(
  times: BackupTimes,
  { lastAt, lastFailedAt, startedAt }: BackupHistory,
): number | null {
  const regular = regularAt(times, lastAt, startedAt);
  if (regular === null || lastFailedAt === null) return regular;
  return Math.max(regular, lastFailedAt + AGAIN_AFTER_FAILURE_MS);
}

function regularAt(
  { every, schedule, timezone }: BackupTimes,
  lastAt: number | null,
  startedAt: number,
): number | null {
  if (schedule !== null) {
    const spec = { name: 'backup', cron: schedule, every: null, timezone, anchor: 0 };
    const how = { dstGap: 'after', dstOverlap: 'first', jitter: 0 } as const;
    return nextRuns({ ...spec, ...how }, lastAt ?? startedAt, 1)[0]?.at ?? null;
  }
  if (every === 0) return null;
  return lastAt === null ? startedAt : lastAt + every;
}
