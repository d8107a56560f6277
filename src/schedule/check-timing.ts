/** What is wrong with the times of a schedule, in words; asked before one is accepted. Pure. */
import { readCron } from './cron-expression.ts';
import { cronTimes } from './cron-times.ts';
import type { Timing } from './schedule-spec.ts';
import { findZone } from './zone.ts';

export interface TimingProblem {
  readonly field: 'cron' | 'every' | 'timezone';
  /** Begins with what was expected. */
  readonly text: string;
}

const YEARS = 5;
const HORIZON_MS = YEARS * 366 * 86_400_000;

export function findTimingProblem(timing: Timing, now: number): TimingProblem | null {
  const { cron, every, timezone } = timing;
  const zone = findZone(timezone);
  if (zone === undefined) {
    const text = `expected an IANA time zone such as Europe/Berlin, got "${timezone}"`;
    return { field: 'timezone', text };
  }
  if (cron !== null && every !== null) {
    return { field: 'every', text: 'expected either cron or every, got both' };
  }
  if (cron === null) {
    return every === null
      ? { field: 'cron', text: 'expected cron or every, got neither of them' }
      : null;
  }
  const reading = readCron(cron);
  if (!reading.ok) {
    const expected = 'expected a cron expression of five fields, or of six with seconds';
    return { field: 'cron', text: `${expected}, got "${cron}": ${reading.problem}` };
  }
  const first = cronTimes(reading.expression, zone, timing)(now);
  if (first !== null && first.slot - now <= HORIZON_MS) return null;
  const expected = `expected an expression that comes due within ${YEARS} years`;
  const got = first === null ? 'which never does' : `next on ${new Date(first.slot).toISOString()}`;
  return { field: 'cron', text: `${expected}, got "${cron}", ${got}` };
}
