/** What [backup] takes, and what it refuses with the line that is wrong. */
import { expect, it } from 'vitest';
import { load, problemsOf } from './loading.ts';

it('reads a schedule or an interval, and where backups go', () => {
  const { settings } = load({ ini: '[backup]\nevery = 6h\ndirectory = /b\nkeep = 3\n' });
  expect(settings.backup).toMatchObject({ every: 6 * 3_600_000, directory: '/b', keep: 3 });
  const daily = load({ ini: '[backup]\nschedule = 30 3 * * *\ntimezone = Europe/Berlin\n' });
  expect(daily.settings.backup).toMatchObject({ schedule: '30 3 * * *', directory: null });
});

it.each([
  ['schedule = 61 * * * *', /^config\.ini:2: \[backup\] schedule: expected a cron expression/],
  [
    'schedule = 0 0 30 2 *',
    /^config\.ini:2: \[backup\] schedule: expected an expression that comes/,
  ],
  [
    'schedule = 0 3 * * *\nevery = 1h',
    /^config\.ini:3: \[backup\] every: expected either schedule or/,
  ],
  [
    'schedule = 0 3 * * *\ntimezone = Nowhere',
    /^config\.ini:3: \[backup\] timezone: expected an IANA/,
  ],
])('refuses %j', (lines, problem) => {
  expect(problemsOf({ ini: `[backup]\n${lines}\n` })).toEqual([expect.stringMatching(problem)]);
});
