/** Findings about limits, unique keys, flows, schedules, web hooks and what attempts were charged with. Pure. */
import {
  CONCURRENCY_RULES,
  PAUSES_MS,
  RATE,
  RATED_QUEUE,
  RETRIES,
  SCHEDULE_EVERY_MS,
  SCHEDULES,
} from './engine-rules.ts';
import type { Evidence, StoredAttempt, StoredJob } from './evidence.ts';
import type { Finding } from './finding.ts';
import { factsOfJobs, lastStates } from './job-facts.ts';
import { attemptsOf, judgeInFlight } from './journal.ts';
import { findExcess, findTooFast, findTwins } from './limit-checks.ts';

export function checkConcurrency(evidence: Evidence): Finding {
  const facts = factsOfJobs(evidence);
  const rules = Object.values(CONCURRENCY_RULES);
  const found = rules.map((rule) => ({ rule, ...findExcess(rule, evidence.journal, facts) }));
  return {
    name: 'concurrency',
    facts: found.map(({ rule, peak }) => `${rule.name} ${peak} <= ${rule.most}`).join(', '),
    violations: found.flatMap(({ violations }) => violations),
  };
}

export function checkRate({ jobs, attempts }: Evidence): Finding {
  const rated = new Set(jobs.flatMap(({ id, queue }) => (queue === RATED_QUEUE ? [id] : [])));
  const starts = attempts.filter(({ id }) => rated.has(id));
  const violations = findTooFast(RATE, starts);
  return { name: 'rate', facts: `${starts.length} starts`, violations };
}

export function checkUnique(evidence: Evidence): Finding {
  const facts = factsOfJobs(evidence);
  const keyed = [...facts.values()].filter(({ uniqueKey }) => uniqueKey !== null);
  const violations = [...findTwins(evidence.log, facts), ...findForgotten(evidence)];
  return { name: 'unique', facts: `${keyed.length} jobs with a key`, violations };
}

/**
 * What was accepted to run again did, or a newer payload of its key in its place. Of a key whose job was
 * cancelled and removed since, the newest payload may have gone with it.
 */
function findForgotten({ attempted, accepted, jobs, log }: Evidence): readonly string[] {
  const newest = new Map<string, number>();
  for (const { type, uniqueKey, n } of jobs) {
    const key = `${type} ${uniqueKey}`;
    if (n !== null) newest.set(key, Math.max(newest.get(key) ?? -1, n));
  }
  const asked = new Map(attempted.map((add) => [add.n, add]));
  const keyOf = (n: number): string => `${asked.get(n)?.type} ${asked.get(n)?.uniqueKey}`;
  const stored = new Set(jobs.map(({ id }) => id));
  const words = lastStates(log);
  const gone = accepted.filter(({ id }) => !stored.has(id) && words.get(id) === 'cancelled');
  const emptied = new Set(gone.map(({ n }) => keyOf(n)));
  return accepted.flatMap(({ n }) => {
    const add = asked.get(n);
    if (add === undefined || !add.replaceable || emptied.has(keyOf(n))) return [];
    const latest = newest.get(keyOf(n)) ?? -1;
    return latest >= n
      ? []
      : [`n ${n} of key ${add.uniqueKey} was forgotten: the last is ${latest}`];
  });
}

/** Each slot of the schedule that drops none has its job, and none has two. */
export function checkSchedules({ schedules, jobs }: Evidence): Finding {
  const violations: string[] = [];
  let runs = 0;
  for (const name of Object.values(SCHEDULES)) {
    const schedule = schedules.find((one) => one.name === name);
    const own = jobs.filter(({ type }) => type === name).map(({ createdAt }) => createdAt);
    runs += own.length;
    if (schedule === undefined) {
      violations.push(`schedule ${name} is gone`);
      continue;
    }
    const { createdAt, cursor } = schedule;
    const slots = Math.round((cursor - createdAt) / SCHEDULE_EVERY_MS);
    const exact = name === SCHEDULES.everyRun;
    if (own.length > slots || (exact && own.length < slots)) {
      violations.push(`schedule ${name} had ${slots} runs, its jobs are ${own.length}`);
    }
    const early = own.findIndex((at, index) => at < createdAt + (index + 1) * SCHEDULE_EVERY_MS);
    if (early !== -1) violations.push(`run ${early + 1} of schedule ${name} came before its time`);
  }
  return { name: 'schedules', facts: `${runs} runs`, violations };
}

export function checkHooks({ hookCalls, jobs }: Evidence): Finding {
  const answers = new Map<string, number | null>();
  const violations = hookCalls.flatMap(({ id, attempt, webhookId, isSigned, answered }) => {
    const name = `${id}/${attempt}`;
    const twice = answers.has(name) ? [`attempt ${attempt} of job ${id} called twice`] : [];
    answers.set(name, answered);
    const other = webhookId === `job_${id}` ? [] : [`job ${id} called with the id ${webhookId}`];
    return [...twice, ...other, ...(isSigned ? [] : [`a call of job ${id} is not signed`])];
  });
  for (const { type, state, id, attempt, n, resultN } of jobs) {
    if (type !== 'hook' || state !== 'succeeded') continue;
    const answered = answers.get(`${id}/${attempt}`);
    if (answered === 200 && resultN === n) continue;
    violations.push(`job ${id} succeeded, its call ${attempt} was answered ${answered}`);
  }
  return { name: 'hooks', facts: `${hookCalls.length} calls`, violations };
}

/** What an attempt ended as, and what it cost its job, must have a reason outside the engine. */
export function checkCharges(evidence: Evidence): Finding {
  const { attempts, jobs, journal, log, hookCalls } = evidence;
  const types = new Map([...factsOfJobs(evidence)].map(([id, { type }]) => [id, type]));
  const ran = attemptsOf(journal);
  const wasHit = judgeInFlight(journal);
  const refused = new Set(
    hookCalls.flatMap((call) => (call.answered === 200 ? [] : [`${call.id}/${call.attempt}`])),
  );
  const reasonOf = ({ id, attempt, outcome, error }: StoredAttempt): boolean => {
    const own = ran.get(id)?.find(({ start }) => start.attempt === attempt);
    const hit = own !== undefined && wasHit(own);
    switch (outcome) {
      case 'crash':
        return own === undefined || hit;
      case 'error':
        // A command that was killed before its first word left no line that its hit could be matched with.
        if (own === undefined && error?.includes('was ended by SIGKILL')) return true;
        return hit || own?.verbs.has('fail') === true || refused.has(`${id}/${attempt}`);
      case 'snoozed':
        return types.get(id) === 'patient' && own?.verbs.has('fail') === true;
      default:
        return ['succeeded', 'cancelled', 'interrupted'].includes(outcome);
    }
  };
  const wrong = attempts.flatMap((attempt) =>
    reasonOf(attempt)
      ? []
      : [
          `attempt ${attempt.attempt} of job ${attempt.id} (${types.get(attempt.id)}) ended as ${attempt.outcome}, for no reason: ${attempt.error?.slice(0, 300)}`,
        ],
  );
  const counts = new Map<string, number>();
  for (const { outcome } of attempts) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return {
    name: 'charges',
    facts: [...counts].map(([outcome, count]) => `${outcome} ${count}`).join(', '),
    violations: [
      ...wrong,
      ...findTooSoonFailed({ attempts, jobs, log }),
      ...findEarly(attempts, jobs),
    ],
  };
}

/** A job that failed by its errors had used up its retries; a snooze or an interruption uses none. */
function findTooSoonFailed({
  attempts,
  jobs,
  log,
}: Pick<Evidence, 'attempts' | 'jobs' | 'log'>): readonly string[] {
  const errors = countBy(attempts.filter(({ outcome }) => outcome === 'error'));
  const crashes = countBy(attempts.filter(({ outcome }) => outcome === 'crash'));
  const ends = countBy(log.filter(({ kind }) => kind === 'end'));
  return jobs.flatMap(({ id, type, state, reason, retries }) => {
    // One that was retried by hand began to count anew.
    if (state !== 'failed' || (ends.get(id) ?? 0) > 1 || reason === 'dependency') return [];
    const allowed = retries ?? (RETRIES as Readonly<Record<string, number>>)[type] ?? 3;
    const charged = (errors.get(id) ?? 0) + (crashes.get(id) ?? 0);
    const isSpent = reason === 'exhausted' || reason === 'error';
    if (isSpent && charged > allowed) return [];
    if (reason === 'crash' && (crashes.get(id) ?? 0) > 0) return [];
    return [
      `job ${id} (${type}) failed (${reason}) after ${charged} charged attempts of ${allowed} retries`,
    ];
  });
}

/** The pause that a handler asked for is over before the next attempt begins. */
function findEarly(
  attempts: readonly StoredAttempt[],
  jobs: readonly StoredJob[],
): readonly string[] {
  const patient = new Set(jobs.flatMap(({ id, type }) => (type === 'patient' ? [id] : [])));
  const starts = new Map(
    attempts.map(({ id, attempt, startedAt }) => [`${id}/${attempt}`, startedAt]),
  );
  return attempts.flatMap(({ id, attempt, outcome, endedAt }) => {
    if (!patient.has(id)) return [];
    const pauseMs = (PAUSES_MS as Readonly<Record<string, number>>)[outcome] ?? 0;
    const next = starts.get(`${id}/${attempt + 1}`);
    if (next === undefined || next >= endedAt + pauseMs) return [];
    return [`job ${id}: attempt ${attempt + 1} began ${next - endedAt} ms after it was ${outcome}`];
  });
}

function countBy(rows: readonly { readonly id: string }[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { id } of rows) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}
