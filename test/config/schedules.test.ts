import { describe, expect, test } from 'vitest';
import { load, problemsOf } from './loading.ts';

const GOOD = '[schedule:nightly]\njob = archive\ncron = 30 2 * * *\n';

describe('schedules', () => {
  test('are read with their defaults', () => {
    const ini = `${GOOD}timezone = Europe/Berlin\npayload = {"a": 1}\n\n[schedule:often]\nevery = 15m\njob = poll\n`;
    expect(load({ ini }).settings.schedules).toMatchObject([
      {
        ...{ name: 'nightly', cron: '30 2 * * *', every: null, timezone: 'Europe/Berlin' },
        ...{ job: 'archive', payload: '{"a": 1}', queue: null, priority: 0, missed: 'last' },
        ...{ overlap: 'allow', dstGap: 'after', dstOverlap: 'first', jitter: 0, enabled: true },
      },
      { name: 'often', cron: null, every: 900_000, timezone: 'UTC', payload: 'null' },
    ]);
  });

  test.each([
    ['cron = 0 0 30 2 *', 3, 'cron: expected an expression that comes due within 5 years'],
    ['cron = 61 * * * *', 3, 'cron: expected a cron expression of five fields'],
    ['cron = * * * * *\ntimezone = Mars', 4, 'timezone: expected an IANA time zone'],
    ['cron = * * * * *\nevery = 5m', 4, 'every: expected either cron or every, got both'],
    ['priority = 1', 2, 'cron: expected cron or every, got neither of them'],
    ['every = 5m\nqueue = a b', 4, 'queue: expected a queue'],
    ['every = 5m\npayload = {a}', 4, 'payload: expected JSON'],
  ])('with %j are refused in line %i', (lines, line, words) => {
    const [problem, ...others] = problemsOf({ ini: `[schedule:x]\njob = archive\n${lines}\n` });
    expect(problem).toContain(`config.ini:${line}: [schedule:x] ${words}`);
    expect(others).toEqual([]);
  });

  test('without a job are refused', () => {
    expect(problemsOf({ ini: '[schedule:x]\nevery = 5m\n' })).toEqual([
      expect.stringContaining('config.ini:2: [schedule:x] job: expected the type of a job'),
    ]);
  });

  test('whose value cannot be read are not told what follows from that', () => {
    expect(problemsOf({ ini: '[schedule:x]\njob = a\nevery = often\n' })).toEqual([
      expect.stringContaining('config.ini:3: [schedule:x] every: expected a duration'),
    ]);
  });

  test('that never come due again are found by the clock', () => {
    expect(problemsOf({ ini: '[schedule:x]\njob = a\ncron = 0 0 29 2 +MON\n' })).toEqual([
      expect.stringContaining('comes due within 5 years'),
    ]);
  });
});
