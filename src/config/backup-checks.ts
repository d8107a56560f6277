/** Checks of `[backup]` that take more than one value, or more than the text: its times. Pure. */
import { findTimingProblem } from '../schedule/check-timing.ts';
import type { ConfigProblem } from './origin.ts';
import type { ResolvedSection } from './resolve.ts';

/** @param now epoch milliseconds */
export function checkBackup(
  sections: readonly ResolvedSection[],
  now: number,
): readonly ConfigProblem[] {
  const entries = sections.find(({ section }) => section.label === 'backup')?.entries ?? [];
  const valueAt = (key: string) => entries.find((entry) => entry.key === key)?.value;
  const cron = valueAt('schedule');
  // What cannot be read is told elsewhere.
  if (typeof cron !== 'string') return [];
  const every = Number(valueAt('every') ?? 0);
  const problem = findTimingProblem(
    {
      ...{ cron, every: every === 0 ? null : every, timezone: String(valueAt('timezone')) },
      ...{ dstGap: 'after', dstOverlap: 'first', jitter: 0 },
    },
    now,
  );
  if (problem === null) return [];
  const key = problem.field === 'cron' ? 'schedule' : problem.field;
  const origin = entries.find((entry) => entry.key === key)?.origin ?? { kind: 'default' };
  return [
    { origin, text: `[backup] ${key}: ${problem.text.replace('either cron', 'either schedule')}` },
  ];
}
