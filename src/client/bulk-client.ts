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
}

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
    { dryRun = false, signal }: BulkOptions,
  ): Promise<BulkAnswer> {
    const body = JSON.stringify({ ...request, dryRun });
    // Millions of jobs may take minutes.
    const call = { method: 'POST', path: `/v1/jobs/${verb}`, body, signal, timeoutMs: 0 } as const;
    return (await this.#http.call(call)) as BulkAnswer;
  }
}
