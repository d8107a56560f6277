/** Holds attempts against the limits of their queues, types and groups. Pure. */

import type { ConcurrencyRule } from './engine-rules.ts';
import type { Evidence, StoredAttempt } from './evidence.ts';
import type { JobFacts } from './job-facts.ts';
import type { AttemptLine, JournalLine } from './journal.ts';

/** What rounding may take from a token. */
const ROUNDING = 1e-6;

/**
 * An attempt certainly ran from its first line in the journal to its last one. One that was killed wrote no
 * more after its last beat, so this can only find too little.
 */
export function findExcess(
  rule: ConcurrencyRule,
  journal: readonly JournalLine[],
  facts: ReadonlyMap<string, JobFacts>,
): { readonly peak: number; readonly violations: readonly string[] } {
  const lastLines = lastLinesOf(journal);
  const running = new Map<string, Set<string>>();
  const violations: string[] = [];
  let peak = 0;
  for (const [at, line] of journal.entries()) {
    if (!('attempt' in line)) continue;
    const key = keyOf(rule, facts.get(line.id));
    if (key === undefined) continue;
    const name = nameOf(line);
    const now = running.get(key) ?? new Set<string>();
    running.set(key, now);
    if (line.kind === 'start') {
      now.add(name);
      peak = Math.max(peak, now.size);
      if (now.size > rule.most) violations.push(`${rule.name}${key}: ${[...now].join(', ')} ran`);
    }
    if (lastLines.get(name) === at) now.delete(name);
  }
  return { peak, violations };
}

/** Undefined: the rule says nothing about this job. */
function keyOf(rule: ConcurrencyRule, job: JobFacts | undefined): string | undefined {
  if (job === undefined) return undefined;
  const { type = job.type, queue = job.queue } = rule;
  if (type !== job.type || queue !== job.queue) return undefined;
  if (rule.perGroup === undefined) return '';
  return job.group === null ? undefined : ` (${job.group})`;
}

function lastLinesOf(journal: readonly JournalLine[]): ReadonlyMap<string, number> {
  return new Map(
    journal.flatMap((line, at) => ('attempt' in line ? [[nameOf(line), at] as const] : [])),
  );
}

function nameOf({ id, attempt }: AttemptLine): string {
  return `${id}/${attempt}`;
}

/** Starts that no bucket of this size, full at first, could have given a token. */
export function findTooFast(
  rate: { readonly count: number; readonly perMs: number },
  attempts: readonly StoredAttempt[],
): readonly string[] {
  const intervalMs = rate.perMs / rate.count;
  let tokens: number = rate.count;
  let last = Number.NEGATIVE_INFINITY;
  const violations: string[] = [];
  for (const { id, attempt, startedAt } of attempts.toSorted(byStart)) {
    tokens = Math.min(rate.count, tokens + (startedAt - last) / intervalMs) - 1;
    last = startedAt;
    if (tokens >= -ROUNDING) continue;
    violations.push(`attempt ${attempt} of job ${id} began without a token: ${tokens.toFixed(3)}`);
  }
  return violations;
}

function byStart(a: StoredAttempt, b: StoredAttempt): number {
  return a.startedAt - b.startedAt;
}

/** Jobs of one key that were unfinished at once, by the order of the log. */
export function findTwins(
  log: Evidence['log'],
  facts: ReadonlyMap<string, JobFacts>,
): readonly string[] {
  const holders = new Map<string, string>();
  const violations: string[] = [];
  for (const { type, id, kind } of log) {
    const job = type === 'job' ? facts.get(id) : undefined;
    if (job === undefined || job.uniqueKey === null) continue;
    const key = `${job.type} ${job.uniqueKey}`;
    const holder = holders.get(key);
    if (kind === 'end') {
      if (holder === id) holders.delete(key);
      continue;
    }
    if (holder !== undefined && holder !== id) {
      violations.push(`job ${id} was there while job ${holder} held the key ${key}`);
    }
    holders.set(key, id);
  }
  return violations;
}
