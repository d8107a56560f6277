/** The words of the plain queue: a job, what an add asks for, an end, a row of the log. Knows no store. */
import type {
  AttemptOutcome,
  DependencyPolicy,
  FailReason,
  JobState,
  UniqueOutcome,
  UniquePolicy,
} from '../../src/protocol/jobs.ts';

/** What an add asks for. */
export interface PlainAsk {
  readonly type: string;
  readonly queue: string;
  readonly group: string | null;
  readonly priority: number;
  readonly payload: string;
  readonly retries: number;
  /** A moment, or with `after` a pause that counts from the release. */
  readonly runAt: number | null;
  readonly delayMs: number | null;
  readonly unique: PlainUnique | null;
  /** Places in the same request (earlier ones), and ids. */
  readonly afterMembers: readonly number[];
  readonly afterJobs: readonly number[];
  readonly onDependencyFailure: DependencyPolicy;
}

export interface PlainUnique {
  readonly key: string;
  readonly policy: UniquePolicy;
  readonly windowMs: number | null;
  /** Of `debounce`. */
  readonly waitMs: number;
  readonly maxWaitMs: number | null;
}

export interface PlainJob {
  readonly id: number;
  readonly createdAt: number;
  /** Those that it depends on, and how each has ended; null: not yet. */
  readonly parents: Map<number, JobState | null>;
  readonly attempts: [number, AttemptOutcome][];
  ask: PlainAsk;
  queue: string;
  state: JobState;
  reason: FailReason | null;
  runAt: number | null;
  attempt: number;
  failures: number;
  crashes: number;
  cancelRequested: boolean;
  executor: string | null;
  endedAt: number | null;
  /** What is added when it has ended. */
  follower: { ask: PlainAsk; since: number; runAt: number | null } | null;
}

/** A row of the log, less its place in it. */
export interface PlainRow {
  /** `job 7`, `queue slow` */
  readonly topic: string;
  readonly kind: 'state' | 'end' | 'event';
  readonly says: Readonly<Record<string, string | number>>;
}

export interface PlainEnd {
  readonly id: number;
  readonly attempt: number;
  readonly outcome: AttemptOutcome;
  /** Of a crash: it took nobody along. */
  readonly contained: boolean;
  readonly retryable: boolean;
  /** Of a success: it tells something. */
  readonly emits: boolean;
}

export interface PlainFilter {
  readonly states: readonly JobState[];
  readonly type: string | null;
}

export interface PlainAdded {
  readonly id: number;
  readonly duplicate: boolean;
  readonly unique?: UniqueOutcome;
}

/** The key that a job of this ask holds: its own text for each type. */
export function keyOf({ type, unique }: PlainAsk): string | null {
  return unique === null ? null : `${type} ${unique.key}`;
}

export function haveOneKey(a: PlainAsk, b: PlainAsk): boolean {
  return keyOf(a) !== null && keyOf(a) === keyOf(b);
}

export function waitsFor({ parents }: PlainJob): number {
  return [...parents.values()].filter((end) => end === null).length;
}

/** What becomes of a job whose dependencies stand as they do. */
export function verdictOn(job: PlainJob): 'run' | 'wait' | 'failed' | 'cancelled' {
  const bad = [...job.parents.values()].some((end) => end === 'failed' || end === 'cancelled');
  const policy = job.ask.onDependencyFailure;
  if (bad && policy === 'fail') return 'failed';
  if (bad && policy === 'cancel') return 'cancelled';
  return waitsFor(job) > 0 ? 'wait' : 'run';
}

/** The places of a request, each after those that it names, as they come: first those that name none. */
export function inOrder(asks: readonly PlainAsk[]): readonly number[] {
  const order = [...asks.keys()].filter((place) => asks[place]?.afterMembers.length === 0);
  // The list grows while it is walked.
  for (const [done, place] of order.entries()) {
    const placed = order.slice(0, done + 1);
    for (const [child, { afterMembers }] of asks.entries()) {
      const last = afterMembers.includes(place);
      if (last && afterMembers.every((member) => placed.includes(member))) order.push(child);
    }
  }
  return order;
}

/** Outcomes that count as failures of the job, beside a crash that took nobody along. */
const CHARGED: readonly AttemptOutcome[] = ['error', 'timeout', 'rejected'];

export function isCharged({ outcome, contained }: Pick<PlainEnd, 'outcome' | 'contained'>) {
  return outcome === 'crash' ? contained : CHARGED.includes(outcome);
}
