/** Why a change of many left one of them as it was. Pure. */
import type { BulkFailure } from '../protocol/bulk.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import type { BulkChangeAnswer } from '../queue/job-store.ts';

/** @returns undefined when it was changed */
export function failureOf(id: string, answer: BulkChangeAnswer): BulkFailure | undefined {
  const because = (code: ErrorCode, message: string) => ({ id, code, message });
  switch (answer.kind) {
    case 'unknown':
      return because('E_NOT_FOUND', `There is no job ${id}.`);
    case 'finished':
      return because('E_CONFLICT', `Job ${id} has ended already: ${answer.state}.`);
    case 'not-failed':
      return because('E_CONFLICT', `Job ${id} is ${answer.state}, not failed or cancelled.`);
    case 'key-taken':
      return because('E_CONFLICT', `Job ${answer.by} has the unique key of job ${id}.`);
    case 'running':
      return because('E_CONFLICT', `Job ${id} is running.`);
    case 'needed':
      return because('E_CONFLICT', `Unfinished jobs depend on job ${id}.`);
    case 'queued':
    case 'waiting':
    case 'cancelled':
    case 'requested':
    case 'moved':
    case 'removed':
    case 'passed':
      return undefined;
  }
}
