/**
 * Waits for the end of a job, whenever it was.
 *
 * The newest event of the job comes first, so an end that lies behind counts, and so does one during a lost connection.
 */
import type { JobEventData } from '../protocol/events.ts';
import { EventsError } from './events-error.ts';
import type { AttachOptions, Subscription } from './subscription.ts';

/** What a job's last event says. `state` is `succeeded`, `failed` or `cancelled`. */
export type JobEnd = JobEventData;

export interface WaitOptions {
  /** Ends the wait: the promise rejects with its reason. */
  readonly signal?: AbortSignal;
}

type Attach = (options: AttachOptions) => Subscription;

const ENDS = ['succeeded', 'failed', 'cancelled'];

export async function findJobEnd(
  attach: Attach,
  id: string,
  { signal }: WaitOptions,
): Promise<JobEnd> {
  for (;;) {
    signal?.throwIfAborted();
    const subscription = attach({ type: 'job', id, last: 1 });
    const stop = (): void => subscription.detach();
    signal?.addEventListener('abort', stop);
    try {
      for await (const { data } of subscription) {
        const [end] = data as unknown as readonly JobEnd[];
        if (end !== undefined && ENDS.includes(end.state)) return end;
      }
      signal?.throwIfAborted();
      throw new EventsError('E_UNAVAILABLE', `Closed before job ${id} had ended.`);
    } catch (error) {
      // A gap: the end may be among what is lost, and the newest event has it.
      if (!(error instanceof EventsError && error.code === 'E_NOT_FOUND')) throw error;
    } finally {
      stop();
      signal?.removeEventListener('abort', stop);
    }
  }
}
