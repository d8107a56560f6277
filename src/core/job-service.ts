/**
 * Jobs from the outside: accepts, cancels, retries, waits. Turns requests into the store's words
 * and tells the executors; every answer comes after the commit.
 */
import type { JobService } from '../api/api-context.ts';
import { unknownJob } from '../api/jobs.ts';
import { didYouMean } from '../config/did-you-mean.ts';
import type { EventLog } from '../log/event-log.ts';
import type { Fingerprint } from '../privacy/fingerprint.ts';
import type { Logger } from '../process/logger.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { JobRequest } from '../protocol/jobs.ts';
import type { NewJob } from '../queue/job.ts';
import type { AddGuard, AddOutcome, JobStore, RetryOptions } from '../queue/job-store.ts';
import type { DueClock } from './due-clock.ts';
import type { ExecutorPool } from './executor-pool.ts';
import { checkKey } from './idempotency-key.ts';
import type { JobTypes } from './job-types.ts';
import type { Lanes } from './lanes.ts';
import { toNewJob } from './new-job.ts';
import type { PayloadCheck } from './payload-check.ts';
import { noteReleased } from './released.ts';

export interface JobServiceParts {
  readonly store: JobStore;
  readonly log: EventLog;
  readonly types: JobTypes;
  readonly lanes: Lanes;
  readonly pool: ExecutorPool;
  readonly payloadCheck: PayloadCheck;
  readonly dueClock: DueClock;
  readonly logger: Logger;
  readonly fingerprint: Fingerprint;
  readonly now: () => number;
  /** Asks for a flush of the commit loop in this turn. */
  readonly nudge: () => void;
  /** Throws while nothing new is accepted. */
  readonly mustAccept?: () => void;
}

export class CoreJobService implements JobService {
  readonly #parts: JobServiceParts;
  readonly #unserved = new Set<string>();
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(parts: JobServiceParts) {
    this.#parts = parts;
    parts.log.onAppended((rows) => {
      if (this.#waiting.size === 0) return;
      for (const row of rows) {
        if (row.kind !== 'end') continue;
        for (const wake of this.#waiting.get(row.id) ?? []) wake();
      }
    });
  }

  async add(
    requests: readonly JobRequest[],
    idempotencyKey?: string,
  ): Promise<readonly AddOutcome[]> {
    this.#parts.mustAccept?.();
    const { lanes, now } = this.#parts;
    const at = now();
    const jobs = requests.map((request) => this.#toJob(request, at));
    await this.#checkPayloads(requests);
    // Marked before the commit: the claim that rides in the same transaction must find them.
    lanes.mark(jobs.filter(({ runAt }) => runAt === null || runAt <= at));
    const key = idempotencyKey;
    const guard =
      key === undefined
        ? undefined
        : { key: checkKey(key), fingerprint: this.#fingerprintOf(requests) };
    const outcomes = await this.#store(jobs, at, guard);
    this.#expectRuns(outcomes);
    this.#remarkUnserved(jobs);
    return outcomes;
  }

  /** Throws what an add of these would throw before it adds anything. */
  async check(requests: readonly JobRequest[]): Promise<void> {
    const at = this.#parts.now();
    for (const request of requests) this.#toJob(request, at);
    await this.#checkPayloads(requests);
  }

  #expectRuns(outcomes: readonly AddOutcome[]): void {
    const { lanes, dueClock, nudge } = this.#parts;
    for (const { job, unique } of outcomes) {
      if (job.runAt !== null && job.state !== 'waiting') dueClock.expect(job.runAt);
      // Put off as often as it may be: queued at once, though it asked for a delay and was not marked.
      if (unique === 'postponed' && job.state === 'queued') {
        lanes.mark([job]);
        nudge();
      }
    }
  }

  /** A handler file that came after the start is known, and yet nobody runs it: said once a type. */
  #remarkUnserved(jobs: readonly NewJob[]): void {
    for (const { type } of jobs) {
      if (this.#parts.pool.mayRun(type)) this.#unserved.delete(type);
      else if (!this.#unserved.has(type)) {
        this.#unserved.add(type);
        this.#parts.logger.warn({ type }, 'no executor runs this job type: its jobs wait');
      }
    }
  }

  async #store(
    jobs: readonly NewJob[],
    at: number,
    guard: AddGuard | undefined,
  ): Promise<readonly AddOutcome[]> {
    const { store } = this.#parts;
    if (guard === undefined) return store.add(jobs, at);
    const outcomes = await store.addOnce(jobs, guard, at);
    if (outcomes !== 'other-jobs') return outcomes;
    throw new TaskbellError(
      'E_CONFLICT',
      `The Idempotency-Key ${guard.key} was used for other jobs.`,
      {
        hint: 'Choose a new key for each add, and repeat it only with the same jobs.',
      },
    );
  }

  /** Of what was asked for, not of what it came to: a delay counts from another moment in the repeat. */
  #fingerprintOf(requests: readonly JobRequest[]): string {
    // Nor does the trace count: the repeat of an add may be part of another one.
    const isTraced = requests.some(({ traceparent }) => traceparent !== undefined);
    const untraced = isTraced ? requests.map(({ traceparent: _, ...rest }) => rest) : requests;
    return this.#parts.fingerprint([JSON.stringify(untraced)]);
  }

  #toJob(request: JobRequest, at: number): NewJob {
    const { types, fingerprint } = this.#parts;
    if (!types.isKnown(request.type)) throw unknownType(request.type, types.names());
    return toNewJob(request, { queue: types.policyOf(request.type).queue, at, fingerprint });
  }

  async #checkPayloads(requests: readonly JobRequest[]): Promise<void> {
    const { payloadCheck } = this.#parts;
    // Few types have a schema, and a promise for each of many jobs costs more than to ask about its type.
    if (!requests.some(({ type }) => payloadCheck.isNeeded(type))) return;
    const problems = await Promise.all(
      requests.map(({ type, payload }) => payloadCheck.problemWith(type, payload ?? null)),
    );
    const index = problems.findIndex((problem) => problem !== null);
    if (index === -1) return;
    const which = requests.length === 1 ? '' : ` (job ${index + 1} of the array)`;
    throw new TaskbellError(
      'E_PAYLOAD_INVALID',
      `The payload does not fit the schema of ${requests[index]?.type}${which}: ${problems[index]}.`,
      { hint: 'Correct the payload; nothing was added.' },
    );
  }

  async cancel(id: string): Promise<void> {
    const { store, pool, now, nudge } = this.#parts;
    const answer = await store.cancel(id, now());
    switch (answer.kind) {
      case 'unknown':
        throw unknownJob(id);
      case 'finished':
        throw new TaskbellError('E_CONFLICT', `Job ${id} has ended already: ${answer.state}.`, {
          hint: `taskbell job show ${id} shows how.`,
        });
      case 'requested':
        pool.cancel(answer.fence, answer.executor);
        return;
      case 'cancelled':
        noteReleased(this.#parts, answer.released);
        nudge();
        return;
    }
  }

  async retry(id: string, options: RetryOptions = {}): Promise<void> {
    const { store, lanes, now } = this.#parts;
    const job = await store.get(id);
    if (job !== undefined) lanes.mark([job]);
    const answer = await store.retry(id, now(), options);
    switch (answer.kind) {
      case 'unknown':
        throw unknownJob(id);
      case 'not-failed':
        throw new TaskbellError(
          'E_CONFLICT',
          `Job ${id} is ${answer.state}, not failed or cancelled.`,
          {
            hint: 'Only a failed or cancelled job can be retried.',
          },
        );
      case 'key-taken':
        throw new TaskbellError(
          'E_CONFLICT',
          `Job ${id} cannot be retried: job ${answer.by} has its unique key and is unfinished.`,
          { hint: `Wait for job ${answer.by} or cancel it.` },
        );
      case 'queued':
      case 'waiting':
        return;
    }
  }

  async waitForEnd(id: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        this.#forget(id, finish);
        resolve();
      };
      const timer = setTimeout(finish, timeoutMs);
      signal.addEventListener('abort', finish);
      this.#remember(id, finish);
      // Asked after the listener is in place: an end in between is heard by one of the two.
      this.#parts.store.get(id).then((job) => {
        if (job === undefined || job.endedAt !== null || signal.aborted) finish();
      }, finish);
    });
  }

  #remember(id: string, wake: () => void): void {
    const wakes = this.#waiting.get(id);
    if (wakes === undefined) this.#waiting.set(id, new Set([wake]));
    else wakes.add(wake);
  }

  #forget(id: string, wake: () => void): void {
    const wakes = this.#waiting.get(id);
    wakes?.delete(wake);
    if (wakes?.size === 0) this.#waiting.delete(id);
  }
}

function unknownType(type: string, known: readonly string[]): TaskbellError {
  return new TaskbellError(
    'E_UNKNOWN_TYPE',
    `There is no job type ${type}${didYouMean(type, known) || '.'}`,
    {
      hint: 'Put a handler file of this name into [worker] handlersDirectory, or add [job:NAME] command = … to config.ini.',
    },
  );
}
