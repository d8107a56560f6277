/**
 * Waits for the end of a job, whenever it was.
 *
 * The newest event of the job comes first, so an end that lies behind counts, and so does one during a lost connection.
 */
import type { JobEventData } from '../protocol/events.ts';
import { EventsError } from './events-error.ts';
import type { AttachOptions, EventCallback, Subscription } from './subscription.ts';

/** What a job's last event says. `state` is `succeeded`, `failed` or `cancelled`. */
export type JobEnd = JobEventData;

export interface WaitOptions {
  /** Ends the wait: the promise rejects with its reason. */
  readonly signal?: AbortSignal;
}

export type Attach = (options: AttachOptions, callback: EventCallback) => Subscription;

const ENDS = ['succeeded', 'failed', 'cancelled'];

export function waitForJob(attach: Attach, id: string, { signal }: WaitOptions): Promise<JobEnd> {
  return new Promise((resolve, reject) => {
    let subscription: Subscription | undefined;
    let isOver = false;
    const stop = (): void => {
      isOver = true;
      signal?.removeEventListener('abort', onAbort);
      subscription?.detach();
    };
    const onAbort = (): void => {
      stop();
      reject(signal?.reason);
    };
    const onEvent: EventCallback = ({ data: [end] }) => {
      const job = end as unknown as JobEnd | undefined;
      if (job === undefined || !ENDS.includes(job.state)) return;
      stop();
      resolve(job);
    };
    const onEnd = (error: Error | undefined): void => {
      if (isOver) return;
      stop();
      reject(error ?? new EventsError('E_UNAVAILABLE', `Closed before job ${id} had ended.`));
    };
    const begin = (): void => {
      subscription = attach({ type: 'job', id, last: 1, onGap, onEnd }, onEvent);
    };
    /** The end may be among what is lost: the newest event has it. */
    const onGap = (): void => {
      isOver = true;
      subscription?.detach();
      isOver = false;
      begin();
    };
    if (signal?.aborted) onAbort();
    else {
      signal?.addEventListener('abort', onAbort);
      begin();
    }
  });
}
