/**
 * What jobs that depend on each other mean: the order in which one request's jobs can be added, and what
 * becomes of a job when those that it depends on end. Pure; knows no store.
 *
 *               ┌── all have ended ──→ queued, or scheduled while its time lies ahead
 *   waiting ────┤
 *               └── one failed or was cancelled ──→ fail: failed (dependency)
 *                                                   cancel: cancelled (dependency)
 *                                                   continue: waits for the rest, then runs
 */
import { TaskbellError } from '../protocol/errors.ts';
import { type DependencyPolicy, MAX_DEPENDENCIES_AT_ONCE } from '../protocol/jobs.ts';

/** What the jobs of one request say of each other. */
export interface FlowMember {
  readonly ref: string | null;
  readonly after: readonly string[];
}

/** What a job names in its `after`: another of the request, or a job that is there already. */
export type Parent =
  | { readonly kind: 'member'; readonly index: number; readonly ref: string }
  | { readonly kind: 'job'; readonly id: string };

export interface PlannedJob {
  /** Its place in the request. */
  readonly index: number;
  readonly parents: readonly Parent[];
}

/**
 * @returns the jobs in an order in which each comes after those that it depends on; null where none
 *   depends on another, and so any order will do; E_INVALID_REQUEST for a ref that is there twice, or a cycle;
 *   E_PAYLOAD_TOO_LARGE for more dependencies than one transaction should have
 */
export function planFlow(
  jobs: readonly FlowMember[],
): readonly PlannedJob[] | null | TaskbellError {
  if (jobs.every(({ ref, after }) => ref === null && after.length === 0)) return null;
  const count = jobs.reduce((sum, { after }) => sum + after.length, 0);
  if (count > MAX_DEPENDENCIES_AT_ONCE) return tooMany(count);
  const places = placesOf(jobs);
  if (places instanceof TaskbellError) return places;
  const planned = jobs.map(({ after }, index): PlannedJob => {
    return { index, parents: after.map((name) => parentOf(name, places)) };
  });
  const order = inOrder(planned);
  return order.length < jobs.length ? cycleError(jobs, planned, order) : order;
}

function tooMany(count: number): TaskbellError {
  return new TaskbellError(
    'E_PAYLOAD_TOO_LARGE',
    `The jobs of one request name at most ${MAX_DEPENDENCIES_AT_ONCE} others in all, got ${count}.`,
    {
      hint: 'Put a job between that waits for all of them, and have the others wait for that one.',
    },
  );
}

function placesOf(jobs: readonly FlowMember[]): ReadonlyMap<string, number> | TaskbellError {
  const places = new Map<string, number>();
  for (const [index, { ref }] of jobs.entries()) {
    if (ref === null) continue;
    const first = places.get(ref);
    if (first !== undefined) {
      return new TaskbellError(
        'E_INVALID_REQUEST',
        `The ref ${ref} names two jobs: number ${first + 1} and number ${index + 1} of the request.`,
        { hint: 'Give each job of a request a ref of its own.' },
      );
    }
    places.set(ref, index);
  }
  return places;
}

function parentOf(name: string, places: ReadonlyMap<string, number>): Parent {
  const index = places.get(name);
  return index === undefined ? { kind: 'job', id: name } : { kind: 'member', index, ref: name };
}

/** Kahn's order, the request's own where it is free to choose; what hangs in a cycle is left out. */
function inOrder(planned: readonly PlannedJob[]): readonly PlannedJob[] {
  const open = planned.map(({ parents }) => membersOf(parents).length);
  const children: number[][] = planned.map(() => []);
  for (const { index, parents } of planned) {
    for (const parent of membersOf(parents)) children[parent]?.push(index);
  }
  const order = planned.filter(({ index }) => open[index] === 0);
  // The list grows while it is walked.
  for (const { index } of order) {
    for (const child of children[index] ?? []) {
      const left = (open[child] ?? 0) - 1;
      open[child] = left;
      const next = planned[child];
      if (left === 0 && next !== undefined) order.push(next);
    }
  }
  return order;
}

function membersOf(parents: readonly Parent[]): readonly number[] {
  return parents.flatMap((parent) => (parent.kind === 'member' ? [parent.index] : []));
}

/** Walks from parent to parent among the jobs that have no place in the order, until one comes again. */
function cycleError(
  jobs: readonly FlowMember[],
  planned: readonly PlannedJob[],
  order: readonly PlannedJob[],
): TaskbellError {
  const placed = new Set(order.map(({ index }) => index));
  const path: number[] = [];
  let at = planned.findIndex(({ index }) => !placed.has(index));
  while (!path.includes(at)) {
    path.push(at);
    at = membersOf(planned[at]?.parents ?? []).find((parent) => !placed.has(parent)) ?? at;
  }
  const cycle = [...path.slice(path.indexOf(at)), at].map((index) => jobs[index]?.ref ?? '');
  return new TaskbellError(
    'E_INVALID_REQUEST',
    `The jobs depend on each other in a cycle: ${shorten(cycle).join(' after ')}.`,
    { hint: 'Take one of these out of the `after` of the one before it.' },
  );
}

function shorten(cycle: readonly string[]): readonly string[] {
  return cycle.length <= 12 ? cycle : [...cycle.slice(0, 10), '…', ...cycle.slice(-1)];
}

export type Release = 'wait' | 'run' | 'fail' | 'cancel';

export interface ParentsState {
  /** Those that have not ended. */
  readonly unfinished: number;
  /** Those that failed or were cancelled, and that the job has not been judged by yet. */
  readonly unsuccessful: number;
}

/** What becomes of a job that depends on others. */
export function decideRelease(policy: DependencyPolicy, parents: ParentsState): Release {
  if (parents.unsuccessful > 0 && policy !== 'continue') return policy;
  return parents.unfinished > 0 ? 'wait' : 'run';
}

/** When a job was to run, as it was added. */
export interface OwnTime {
  /** A moment of its own. */
  readonly runAt: number | null;
  /** A pause that counts from its release. */
  readonly delayMs: number | null;
}

/** @returns when a job may run that waits for no other any more; null: at once */
export function runAtOnRelease({ runAt, delayMs }: OwnTime, now: number): number | null {
  const at = delayMs === null ? runAt : now + delayMs;
  return at !== null && at > now ? at : null;
}
