/**
 * Changes of many jobs: finds those that fit and has the store change them, some in each commit, so that
 * nobody waits long. Decides nothing about a single job; what is done when it stops half-way stays done, and
 * a repeat does the rest.
 */
import type { BulkService } from '../api/api-context.ts';
import { toSummary } from '../api/job-view.ts';
import type {
  BulkAnswer,
  BulkFailure,
  BulkRequest,
  BulkVerb,
  ExportPage,
  ExportRequest,
} from '../protocol/bulk.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { JobSummary } from '../protocol/jobs.ts';
import { type JobCriteria, resolveFilter } from '../queue/job-filter.ts';
import type { BulkChange, BulkChangeAnswer, JobStore } from '../queue/job-store.ts';
import { failureOf } from './bulk-failure.ts';
import type { DueClock } from './due-clock.ts';
import type { ExecutorPool } from './executor-pool.ts';
import { exportJobs } from './job-export.ts';
import { stoppedHalfWay, walkJobs } from './job-walk.ts';
import type { Lanes } from './lanes.ts';
import { nextSize, type PaceBounds } from './pace.ts';
import { noteReleased } from './released.ts';

export interface JobBulkParts {
  readonly store: JobStore;
  readonly lanes: Lanes;
  readonly pool: Pick<ExecutorPool, 'cancel'>;
  readonly dueClock: Pick<DueClock, 'expect'>;
  readonly now: () => number;
  /** Milliseconds that only go up. */
  readonly nowMono: () => number;
  /** Asks for a flush of the commit loop in this turn. */
  readonly nudge: () => void;
}

const CHANGE: PaceBounds = { least: 10, most: 500, targetMs: 20 };
const EXAMPLES = 10;
const SHOWN_FAILURES = 100;

interface Tally {
  matched: number;
  changed: number;
  failed: number;
  readonly failures: BulkFailure[];
}

export class CoreBulkService implements BulkService {
  readonly #parts: JobBulkParts;

  constructor(parts: JobBulkParts) {
    this.#parts = parts;
  }

  async change(verb: BulkVerb, request: BulkRequest, signal: AbortSignal): Promise<BulkAnswer> {
    const now = this.#parts.now();
    const criteria = resolveFilter(verb, request.filter, now);
    const queue = await this.#targetOf(verb, request);
    if (request.dryRun) return this.#preview(criteria, signal);
    const tally: Tally = { matched: 0, changed: 0, failed: 0, failures: [] };
    const change: BulkChange =
      verb === 'move' ? { verb, queue, criteria, now } : { verb, criteria, now };
    const { nowMono } = this.#parts;
    const { forMs, cursor = null } = request;
    const untilMono = nowMono() + (forMs ?? Number.POSITIVE_INFINITY);
    for await (const { found, next } of walkJobs({ ...this.#parts, signal }, criteria, cursor)) {
      const ids = found.map(({ id }) => id);
      await this.#changeSome(ids, change, { tally, signal });
      if (next !== null && nowMono() >= untilMono) return { ...tally, next };
    }
    return forMs === undefined ? tally : { ...tally, next: null };
  }

  exportPage({ filter, cursor }: ExportRequest, signal: AbortSignal): Promise<ExportPage> {
    const { store, now } = this.#parts;
    const criteria = resolveFilter('export', filter, now());
    const walk = walkJobs({ ...this.#parts, signal }, criteria, cursor ?? null);
    return exportJobs(store, walk);
  }

  async #preview(criteria: JobCriteria, signal: AbortSignal): Promise<BulkAnswer> {
    const examples: JobSummary[] = [];
    let matched = 0;
    for await (const { found } of walkJobs({ ...this.#parts, signal }, criteria)) {
      matched += found.length;
      for (const { id } of found) {
        if (examples.length === EXAMPLES) break;
        const job = await this.#parts.store.get(id);
        if (job !== undefined) examples.push(toSummary(job));
      }
    }
    return { matched, changed: 0, failed: 0, failures: [], examples };
  }

  async #changeSome(
    ids: readonly string[],
    change: BulkChange,
    { tally, signal }: { readonly tally: Tally; readonly signal: AbortSignal },
  ): Promise<void> {
    const { store, now, nowMono } = this.#parts;
    let size = CHANGE.least;
    for (let start = 0; start < ids.length; ) {
      if (signal.aborted) throw stoppedHalfWay();
      const some = ids.slice(start, start + size);
      const startedMono = nowMono();
      const answers = await store.changeMany(some, { ...change, now: now() });
      start += some.length;
      size = nextSize(size, nowMono() - startedMono, CHANGE);
      for (const [index, answer] of answers.entries()) {
        this.#carryOn(answer);
        note(tally, some[index] as string, answer);
      }
      this.#parts.nudge();
    }
  }

  /** What the rest of the core has to do about it. */
  #carryOn(answer: BulkChangeAnswer): void {
    const { lanes, pool } = this.#parts;
    if (answer.kind === 'queued') lanes.mark([answer.lane]);
    if (answer.kind === 'moved' && answer.lane !== null) lanes.mark([answer.lane]);
    if (answer.kind === 'cancelled') noteReleased(this.#parts, answer.released);
    if (answer.kind === 'requested') pool.cancel(answer.fence, answer.executor);
  }

  async #targetOf(verb: BulkVerb, { queue }: BulkRequest): Promise<string> {
    if (verb !== 'move') return '';
    if (queue === undefined) {
      throw new TaskbellError('E_INVALID_REQUEST', 'move: expected the queue to move to.', {
        hint: 'Name it as `queue`, beside the filter.',
      });
    }
    const queues = await this.#parts.store.queues();
    if (queues.find(({ name }) => name === queue)?.mode !== 'draining') return queue;
    throw new TaskbellError('E_CONFLICT', `The queue ${queue} is drained: it takes no jobs.`, {
      hint: `Open it again with \`taskbell queue resume ${queue}\`.`,
    });
  }
}

function note(tally: Tally, id: string, answer: BulkChangeAnswer): void {
  // Seen by the walk, and another one by the time of the change: as if it had never fitted.
  if (answer.kind === 'passed') return;
  tally.matched += 1;
  const failure = failureOf(id, answer);
  if (failure === undefined) {
    tally.changed += 1;
    return;
  }
  tally.failed += 1;
  if (tally.failures.length < SHOWN_FAILURES) tally.failures.push(failure);
}
