/**
 * Many jobs at once, by a filter: queue again, cancel, move, purge, export. The daemon changes some at a time;
 * what is done when a call is broken off stays done, and a repeat does the rest.
 */
import type { BulkAnswer, BulkRequest, BulkVerb, ExportPage, JobFilter } from '../protocol/bulk.ts';
import type { JobRequest } from '../protocol/jobs.ts';
import type { ControlHttp } from './control-http.ts';

export interface BulkOptions {
  /** Counts and shows examples, and changes nothing. */
  readonly dryRun?: boolean;
  /** Breaks it off. */
  readonly signal?: AbortSignal;
  /** Called about once a second with what was done so far; not of a dry run. */
  readonly onProgress?: (done: Pick<BulkAnswer, 'matched' | 'changed' | 'failed'>) => void;
}

/** How long the daemon works before it is asked to go on, where somebody wants to hear of it. */
const STEP_MS = 1_000;
/** As many failures as one answer shows. */
const SHOWN_FAILURES = 100;

export class BulkClient {
  readonly #http: ControlHttp;

  constructor(http: ControlHttp) {
    this.#http = http;
  }

  /** Failed jobs, and cancelled ones where the filter says so. */
  retry(filter: JobFilter, options: BulkOptions = {}): Promise<BulkAnswer> {
    return this.#change('retry', { filter }, options);
  }

  cancel(filter: JobFilter, options: BulkOptions = {}): Promise<BulkAnswer> {
    return this.#change('cancel', { filter }, options);
  }

  /** Jobs that wait, to another queue. */
  move(filter: JobFilter, queue: string, options: BulkOptions = {}): Promise<BulkAnswer> {
    return this.#change('move', { filter, queue }, options);
  }

  /** Cancels those that wait; where the filter names finished states, removes their records. */
  purge(filter: JobFilter, options: BulkOptions = {}): Promise<BulkAnswer> {
    return this.#change('purge', { filter }, options);
  }

  /**
   * Jobs as one would add them again; those that wait, unless the filter names states.
   *
   * @param reveal with the fields that `[privacy] redact` hides; where it hides any, an export needs it
   */
  async *export(
    filter: JobFilter,
    signal?: AbortSignal,
    reveal = false,
  ): AsyncGenerator<JobRequest, void> {
    const path = reveal ? '/v1/jobs/export?reveal=1' : '/v1/jobs/export';
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const body = JSON.stringify({ filter, ...(cursor === undefined ? {} : { cursor }) });
      const call = { method: 'POST', path, body, signal, timeoutMs: 0 } as const;
      const page = (await this.#http.call(call)) as ExportPage;
      yield* page.jobs;
      cursor = page.next;
    }
  }

  async #change(
    verb: BulkVerb,
    request: BulkRequest,
    { dryRun = false, signal, onProgress }: BulkOptions,
  ): Promise<BulkAnswer> {
    const ask = async (asked: BulkRequest): Promise<BulkAnswer> => {
      const path = `/v1/jobs/${verb}`;
      const body = JSON.stringify(asked);
      // Millions of jobs may take minutes.
      return (await this.#http.call({
        ...{ method: 'POST', path, body, signal, timeoutMs: 0 },
      })) as BulkAnswer;
    };
    if (dryRun || onProgress === undefined) return ask({ ...request, dryRun });
    let done: BulkAnswer = { matched: 0, changed: 0, failed: 0, failures: [] };
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const from = cursor === undefined ? {} : { cursor };
      const { next = null, ...step } = await ask({ ...request, forMs: STEP_MS, ...from });
      done = added(done, step);
      cursor = next;
      onProgress(done);
    }
    return done;
  }
}

function added(one: BulkAnswer, other: BulkAnswer): BulkAnswer {
  return {
    matched: one.matched + other.matched,
    changed: one.changed + other.changed,
    failed: one.failed + other.failed,
    failures: [...one.failures, ...other.failures].slice(0, SHOWN_FAILURES),
  };
}
