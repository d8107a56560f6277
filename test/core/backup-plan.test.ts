/** When backups come and which of them go. */
import { describe, expect, it } from 'vitest';
import {
  newestBackup,
  nextBackupAt,
  surplusBackups,
  timeOfBackup,
} from '../../src/core/backup-plan.ts';
import { backupName } from '../../src/protocol/database.ts';

const AT = Date.UTC(2026, 10, 22, 9, 33, 16);
const HOUR = 3_600_000;
const NONE = { schedule: null, every: 0, timezone: 'UTC' };
const fresh = { lastAt: null, lastFailedAt: null, startedAt: AT };

describe('the next backup', () => {
  it('never comes where nobody asked for it', () => {
    expect(nextBackupAt(NONE, fresh)).toBeNull();
  });

  it('comes an interval after the last one, and at once where there is none', () => {
    const every = { ...NONE, every: HOUR };
    expect(nextBackupAt(every, fresh)).toBe(AT);
    expect(nextBackupAt(every, { ...fresh, lastAt: AT - 10 })).toBe(AT - 10 + HOUR);
  });

  it('that was missed while nobody could make it is in the past, and so at once', () => {
    const daily = { ...NONE, schedule: '30 3 * * *' };
    const next = nextBackupAt(daily, { ...fresh, lastAt: AT - 48 * HOUR });
    expect(next).toBe(Date.UTC(2026, 10, 21, 3, 30));
  });

  it('comes at the time of the schedule in its zone', () => {
    const berlin = { ...NONE, schedule: '30 3 * * *', timezone: 'Europe/Berlin' };
    expect(nextBackupAt(berlin, fresh)).toBe(Date.UTC(2026, 10, 23, 2, 30));
  });

  it('comes ten minutes after a failure at the soonest', () => {
    const failed = { ...fresh, lastAt: AT - 2 * HOUR, lastFailedAt: AT };
    expect(nextBackupAt({ ...NONE, every: HOUR }, failed)).toBe(AT + 600_000);
    expect(nextBackupAt({ ...NONE, every: 4 * HOUR }, failed)).toBe(AT + 2 * HOUR);
  });
});

describe('names', () => {
  it('say when a backup was made, and sort by it', () => {
    expect(backupName(AT + 123)).toBe('taskbell-20261122T093316Z.db');
    expect(timeOfBackup(backupName(AT))).toBe(AT);
    expect(newestBackup([backupName(AT), backupName(AT + HOUR), 'zzz.db'])).toBe(
      backupName(AT + HOUR),
    );
  });

  it('of others are left alone', () => {
    const others = ['taskbell.db', 'mine.db', `${backupName(AT)}.1.partial`, `x${backupName(AT)}`];
    expect(others.map(timeOfBackup)).toEqual([null, null, null, null]);
    expect(surplusBackups(others, 1)).toEqual([]);
  });

  it('of the oldest go beyond the number that is kept, and none where all are', () => {
    const names = [3, 1, 2].map((n) => backupName(AT + n * HOUR));
    expect(surplusBackups([...names, 'mine.db'], 2)).toEqual([backupName(AT + HOUR)]);
    expect(surplusBackups(names, 3)).toEqual([]);
    expect(surplusBackups(names, 0)).toEqual([]);
  });
});
