/**
 * Holds the evidence of a run against the promises of docs/guarantees.md. Pure: every line is a
 * named finding that holds when it has no violation.
 */
import {
  checkCharges,
  checkConcurrency,
  checkHooks,
  checkRate,
  checkSchedules,
  checkUnique,
} from './engine-checks.ts';
import type { Evidence, FollowedLog, StoredJob, StoredRow } from './evidence.ts';
import type { Finding } from './finding.ts';
import { checkFlows } from './flow-checks.ts';
import { lastStates } from './job-facts.ts';
import { attemptsOf, findOverlaps, findReRuns, findUncancelled } from './journal.ts';

type Check = (evidence: Evidence) => Finding;

const CHECKS: readonly Check[] = [
  checkLost,
  checkUnexpected,
  checkRefusals,
  checkLostEnds,
  checkHalf,
  checkHollow,
  checkChain,
  checkUnreported,
  checkReportOrder,
  checkOverlap,
  checkReRuns,
  checkCancelled,
  checkRepeats,
  checkMissed,
  checkConcurrency,
  checkRate,
  checkUnique,
  checkFlows,
  checkSchedules,
  checkHooks,
  checkCharges,
  checkContradictions,
  checkSurvivors,
  checkTroubles,
];

export function checkEvidence(evidence: Evidence): readonly Finding[] {
  return CHECKS.map((check) => check(evidence));
}

/** Accepted, but nowhere to be found, or found as another job. Retention may have taken a cancelled one. */
function checkLost({ accepted, attempted, jobs, log }: Evidence): Finding {
  const stored = new Map(jobs.map((job) => [job.id, job]));
  const asked = new Map(attempted.map((add) => [add.n, add]));
  const words = lastStates(log);
  let removed = 0;
  const violations = accepted.flatMap(({ n, id, duplicate }) => {
    const job = stored.get(id);
    const add = asked.get(n);
    if (job === undefined) {
      if (words.get(id) !== 'cancelled') return [`job ${id} (n ${n}) was accepted and has no row`];
      removed += 1;
      return [];
    }
    const byKey = duplicate || add?.replaceable === true;
    const same = byKey ? job.uniqueKey === add?.uniqueKey : job.n === n;
    return same ? [] : [`job ${id} was accepted with n ${n}, its row has n ${job.n}`];
  });
  return {
    name: 'lost',
    facts: `${accepted.length} accepted, ${removed} removed since`,
    violations,
  };
}

function checkUnexpected({ attempted, jobs }: Evidence): Finding {
  const open = new Set(attempted.map(({ n }) => n));
  const violations = jobs.flatMap(({ id, n }) =>
    n === null || open.delete(n)
      ? []
      : [`job ${id} with n ${n} was never asked for, or asked for once only`],
  );
  return { name: 'unexpected', facts: `${jobs.length} rows`, violations };
}

function checkRefusals({ refusals }: Evidence): Finding {
  return { name: 'refusals', facts: 'of good requests', violations: refusals };
}

/** Somebody was told of an end; or everything was drained, and so everything must have ended. */
function checkLostEnds({ told, jobs, log }: Evidence): Finding {
  const ends = new Map(log.flatMap((row) => (row.kind === 'end' ? [[row.seq, row]] : [])));
  const taken = told.flatMap(({ id, seq, state, by }) => {
    const end = ends.get(seq);
    if (end?.id === id && end.state === state) return [];
    return [`job ${id}: ${by} was told ${state}, the log says ${end?.state ?? 'nothing'}`];
  });
  const open = jobs.flatMap(({ id, state, finished }) =>
    finished ? [] : [`job ${id} never ended: it is ${state}`],
  );
  return { name: 'lost end', facts: `${told.length} told`, violations: [...taken, ...open] };
}

/** An end is one commit: row, one log row that is the job's last until somebody retries it, and the emitted events. */
function checkHalf({ jobs, log }: Evidence): Finding {
  const rows = new Map<string, StoredRow[]>();
  const events = new Map<string, number>();
  for (const row of log) {
    if (row.type !== 'job') events.set(row.id, (events.get(row.id) ?? 0) + 1);
    else if (rows.has(row.id)) rows.get(row.id)?.push(row);
    else rows.set(row.id, [row]);
  }
  const known = new Set(jobs.map(({ id }) => id));
  const violations = [
    ...jobs.flatMap((job) => halvesOf(job, rows.get(job.id) ?? [], events.get(`n${job.n}`) ?? 0)),
    ...[...rows].flatMap(([id, own]) =>
      known.has(id) || own.at(-1)?.state === 'cancelled' ? [] : [`job ${id} is in the log alone`],
    ),
  ];
  return { name: 'half', facts: `${log.length} log rows`, violations };
}

function halvesOf(job: StoredJob, rows: readonly StoredRow[], events: number): readonly string[] {
  const last = rows.at(-1);
  if (last?.state !== job.state || (last.kind === 'end') !== job.finished) {
    return [`job ${job.id} is ${job.state}, the log's last word is ${last?.state ?? 'missing'}`];
  }
  const twice = rows.some(({ kind }, at) => kind === 'end' && rows[at + 1]?.kind === 'end');
  if (twice) return [`job ${job.id} is ${job.state} with two ends in a row`];
  const emitted = job.state === 'succeeded' ? job.emits : 0;
  return events === emitted
    ? []
    : [`job ${job.id} is ${job.state} with ${events} events, expected ${emitted}`];
}

/** A success must have run to its end, as the attempt that the row names, and no attempt comes after an end. */
function checkHollow({ jobs, journal }: Evidence): Finding {
  const attempts = attemptsOf(journal);
  const violations = jobs.flatMap((job) => {
    const own = attempts.get(job.id) ?? [];
    const beyond = own.find(({ start }) => start.attempt > job.attempt);
    if (beyond !== undefined) {
      return [`job ${job.id} ended with attempt ${job.attempt}, but ${beyond.start.attempt} ran`];
    }
    // The receiver of web hooks keeps no journal: checkHooks.
    if (job.state !== 'succeeded' || job.type === 'hook') return [];
    const last = own.find(({ start }) => start.attempt === job.attempt);
    return last?.verbs.has('end') && job.resultN === job.n
      ? []
      : [`job ${job.id} succeeded, but its attempt ${job.attempt} did not run to its end`];
  });
  return { name: 'hollow', facts: `${attempts.size} jobs ran`, violations };
}

function checkChain({ log }: Evidence): Finding {
  const last = new Map<string, number>();
  let top = 0;
  const violations = log.flatMap(({ seq, prev, type, id }) => {
    const topic = `${type} ${id}`;
    const expected = last.get(topic) ?? null;
    const fits = seq > top && prev === expected;
    last.set(topic, seq);
    top = seq;
    return fits ? [] : [`row ${seq} of ${topic} has prev ${prev}, expected ${expected}`];
  });
  return { name: 'chain', facts: `${last.size} topics`, violations };
}

function checkUnreported({ log, receipts }: Evidence): Finding {
  const received = new Map(receipts.map((receipt) => [receipt.seq, receipt]));
  const ends = log.filter(({ kind }) => kind === 'end');
  const violations = ends.flatMap(({ seq, id, state }) => {
    const receipt = received.get(seq);
    if (receipt === undefined) return [`the end of job ${id} (row ${seq}) was never reported`];
    const same = receipt.jobId === id && receipt.success === (state === 'succeeded');
    return same ? [] : [`the report of row ${seq} tells of job ${receipt.jobId}, expected ${id}`];
  });
  const known = new Set(ends.map(({ seq }) => seq));
  const invented = [...received.keys()].filter((seq) => !known.has(seq));
  return {
    name: 'unreported',
    facts: `${ends.length} ends, ${received.size} reported`,
    violations: [...violations, ...invented.map((seq) => `row ${seq} was reported and is no end`)],
  };
}

/** What arrives for the first time comes after all that arrived before. */
function checkReportOrder({ receipts }: Evidence): Finding {
  let furthest = 0;
  const seen = new Set<number>();
  const violations: string[] = [];
  for (const { seq } of receipts) {
    if (!seen.has(seq) && seq < furthest) violations.push(`row ${seq} came after row ${furthest}`);
    seen.add(seq);
    furthest = Math.max(furthest, seq);
  }
  return { name: 'order', facts: `${receipts.length} reports`, violations };
}

function checkOverlap({ journal }: Evidence): Finding {
  return {
    name: 'overlap',
    facts: `${journal.length} journal lines`,
    violations: findOverlaps(journal),
  };
}

function checkReRuns({ journal }: Evidence): Finding {
  const { count, inFlight, unexplained } = findReRuns(journal);
  return { name: 're-runs', facts: `${count} <= ${inFlight} in flight`, violations: unexplained };
}

function checkCancelled({ journal }: Evidence): Finding {
  const count = journal.filter(({ kind }) => kind === 'cancel').length;
  return {
    name: 'uncancelled',
    facts: `${count} cancels answered`,
    violations: findUncancelled(journal),
  };
}

/** A report may come again after a fault, unless its cursor was seen to have passed it. */
function checkRepeats({ receipts, unacknowledged }: Evidence): Finding {
  const bound = unacknowledged.reduce((sum, count) => sum + count, 0);
  const seen = new Set<number>();
  let repeats = 0;
  const violations: string[] = [];
  for (const { seq, knownCursor } of receipts) {
    if (seen.has(seq)) {
      repeats += 1;
      if (seq <= knownCursor)
        violations.push(`row ${seq} came again, the cursor is ${knownCursor}`);
    }
    seen.add(seq);
  }
  if (repeats > bound) violations.push(`${repeats} repeats, expected at most ${bound}`);
  return { name: 'repeats', facts: `${repeats} <= ${bound} unacknowledged`, violations };
}

function checkMissed({ log, followers }: Evidence): Finding {
  return {
    name: 'missed',
    facts: followers.map(({ name, seen }) => `${name} ${seen.length}`).join(', '),
    violations: followers.flatMap((follower) => missesOf(follower, log)),
  };
}

/** It saw each row after its start once, in order, with the row's own `prev`, and nothing else. */
function missesOf({ name, from, seen, gaps }: FollowedLog, log: readonly StoredRow[]) {
  const owed = log.filter(({ seq }) => seq > from);
  const had = new Set(seen.map(({ seq }) => seq));
  const missed = owed.filter(({ seq }) => !had.has(seq)).map(({ seq }) => `${name} missed ${seq}`);
  const wrong = seen.findIndex(
    ({ seq, prev }, index) => owed[index]?.seq !== seq || owed[index]?.prev !== prev,
  );
  if (missed.length === 0 && wrong !== -1) {
    const { seq, prev } = seen[wrong] ?? {};
    missed.push(`${name} saw ${seq} (prev ${prev}) where the log has ${owed[wrong]?.seq}`);
  }
  return gaps === 0 ? missed : [...missed, `${name} was told of ${gaps} gaps`];
}

function checkContradictions({ contradictions }: Evidence): Finding {
  return { name: 'database', facts: 'counts, leftovers, damage', violations: contradictions };
}

function checkSurvivors({ survivors }: Evidence): Finding {
  return { name: 'survivors', facts: '5 s after their supervisor', violations: survivors };
}

function checkTroubles({ troubles }: Evidence): Finding {
  return { name: 'service', facts: 'starts, stops, subscriber', violations: troubles };
}
