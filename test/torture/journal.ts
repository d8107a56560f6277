/**
 * Reads the journal of attempts, and finds in it what no attempt may do. Pure.
 *
 * Every line is one append, so the file's order is the order of events over all processes. A line of
 * attempt 1 behind the start of attempt 2 proves that both lived at once; an attempt that lives writes
 * every 20 to 50 ms.
 */

/** `fail`: it said itself that there is to be another attempt, by an error, a snooze or a pause. */
export type AttemptVerb = 'start' | 'beat' | 'end' | 'fail' | 'stop';

export interface AttemptLine {
  readonly kind: AttemptVerb;
  readonly id: string;
  readonly attempt: number;
  /** Pid of the executor. */
  readonly host: number;
  /** Pid of the process that ran the handler; the executor's own for a module. */
  readonly pid: number;
}

/** Written by the killer before it acts: this process was killed, or stopped, or lost its supervisor. */
export interface HitLine {
  readonly kind: 'hit';
  readonly pid: number;
}

/** Written when a reader of the log was told that the job has ended: from then on nothing is in flight. */
export interface ToldLine {
  readonly kind: 'told';
  readonly id: string;
}

/** Written when a cancel was answered: from then on no further attempt may begin. */
export interface CancelLine {
  readonly kind: 'cancel';
  readonly id: string;
}

export type JournalLine = AttemptLine | HitLine | ToldLine | CancelLine;

export function parseJournal(text: string): readonly JournalLine[] {
  return text.split('\n').flatMap((line) => (line === '' ? [] : [parseLine(line)]));
}

function parseLine(line: string): JournalLine {
  const hit = /^hit (\d+)$/.exec(line);
  if (hit !== null) return { kind: 'hit', pid: Number(hit[1]) };
  const word = /^(told|cancel) (\d+)$/.exec(line);
  if (word !== null) return { kind: word[1] as 'told' | 'cancel', id: word[2] ?? '' };
  const match = /^(start|beat|end|fail|stop) (\d+) (\d+) (\d+) (\d+)$/.exec(line);
  if (match === null) throw new Error(`expected a line of the journal, got "${line}"`);
  const [, kind, id = '', attempt, host, pid] = match;
  return {
    ...{ kind: kind as AttemptVerb, id },
    ...{ attempt: Number(attempt), host: Number(host), pid: Number(pid) },
  };
}

function isAttempt(line: JournalLine): line is AttemptLine {
  return line.kind !== 'hit' && line.kind !== 'told' && line.kind !== 'cancel';
}

export function findOverlaps(journal: readonly JournalLine[]): readonly string[] {
  const current = new Map<string, AttemptLine>();
  const found = new Set<string>();
  for (const line of journal) {
    if (!isAttempt(line)) continue;
    const latest = current.get(line.id);
    if (line.kind === 'start') {
      if (latest !== undefined && latest.attempt >= line.attempt) {
        found.add(`job ${line.id}: attempt ${line.attempt} began after attempt ${latest.attempt}`);
      }
      current.set(line.id, line);
    } else if (latest?.attempt !== line.attempt) {
      const later = latest === undefined ? 'nothing' : `attempt ${latest.attempt}`;
      const who = `attempt ${line.attempt} (pid ${line.pid}, executor ${line.host})`;
      found.add(`job ${line.id}: ${who} still lived after ${later} began`);
    }
  }
  return [...found];
}

export interface Attempt {
  readonly start: AttemptLine;
  readonly verbs: ReadonlySet<AttemptVerb>;
}

/** By job, in the order of their starts. */
export function attemptsOf(
  journal: readonly JournalLine[],
): ReadonlyMap<string, readonly Attempt[]> {
  const jobs = new Map<string, { start: AttemptLine; verbs: Set<AttemptVerb> }[]>();
  for (const line of journal) {
    if (!isAttempt(line)) continue;
    let attempts = jobs.get(line.id);
    if (attempts === undefined) {
      attempts = [];
      jobs.set(line.id, attempts);
    }
    if (line.kind === 'start') attempts.push({ start: line, verbs: new Set() });
    else attempts.findLast(({ start }) => start.attempt === line.attempt)?.verbs.add(line.kind);
  }
  return jobs;
}

export interface ReRuns {
  /** Starts beyond the first of a job, those after a failure that its handler reported left out. */
  readonly count: number;
  /** Attempts that were running, or whose end nobody knew yet, when their process, executor or supervisor was hit. */
  readonly inFlight: number;
  readonly unexplained: readonly string[];
}

export function findReRuns(journal: readonly JournalLine[]): ReRuns {
  const wasInFlight = judgeInFlight(journal);
  let count = 0;
  let inFlight = 0;
  const unexplained: string[] = [];
  for (const [id, attempts] of attemptsOf(journal)) {
    for (const [index, attempt] of attempts.entries()) {
      if (attempt.verbs.has('fail')) continue;
      const hit = wasInFlight(attempt);
      if (hit) inFlight += 1;
      const next = attempts[index + 1];
      if (next === undefined) continue;
      count += 1;
      if (!hit) unexplained.push(describeReRun(id, attempt, next));
    }
  }
  return { count, inFlight, unexplained };
}

/** Pids come back after a while, so the first hit after or before the attempt counts, whichever it was. */
export function judgeInFlight(journal: readonly JournalLine[]): (attempt: Attempt) => boolean {
  const firstHit = new Map<number, number>();
  const told = new Map<string, number>();
  for (const [at, line] of journal.entries()) {
    if (line.kind === 'told') told.set(line.id, at);
    if (line.kind === 'hit' && !firstHit.has(line.pid)) firstHit.set(line.pid, at);
  }
  const never = Number.POSITIVE_INFINITY;
  return ({ start: { id, host, pid } }) =>
    Math.min(firstHit.get(host) ?? never, firstHit.get(pid) ?? never) < (told.get(id) ?? never);
}

function describeReRun(id: string, { start, verbs }: Attempt, next: Attempt): string {
  const how = [...verbs].filter((verb) => verb !== 'beat').join(', ') || 'no end';
  return `job ${id}: attempt ${next.start.attempt} began although nothing hit attempt ${start.attempt} (${how}; pid ${start.pid}, executor ${start.host})`;
}

/** One attempt may begin after the answer: it was on its way to an executor when the cancel was taken. */
export function findUncancelled(journal: readonly JournalLine[]): readonly string[] {
  const starts = new Map<string, number>();
  for (const line of journal) {
    if (line.kind === 'cancel' && !starts.has(line.id)) starts.set(line.id, 0);
    const count = line.kind === 'start' ? starts.get(line.id) : undefined;
    if (line.kind === 'start' && count !== undefined) starts.set(line.id, count + 1);
  }
  return [...starts].flatMap(([id, count]) =>
    count > 1 ? [`job ${id} began ${count} times after its cancel was answered`] : [],
  );
}
