/** /v1/batches: jobs with a callback. */
import { TaskbellError } from '../protocol/errors.ts';
import type { AddedBatch, BatchRequest } from '../protocol/jobs.ts';
import { check } from '../protocol/shapes.ts';
import { batchJobs } from '../queue/batch.ts';
import type { ApiContext } from './api-context.ts';
import { toAdded } from './job-view.ts';
import { MAX_JOBS_AT_ONCE } from './jobs.ts';
import { BATCH_REQUEST } from './requests.ts';
import { type ApiAnswer, type ApiRequest, created, type Route } from './route.ts';

export function batchRoutes(context: ApiContext): readonly Route[] {
  return [{ method: 'POST', path: '/v1/batches', handle: (request) => addBatch(context, request) }];
}

async function addBatch(context: ApiContext, request: ApiRequest): Promise<ApiAnswer> {
  const batch = check(
    BATCH_REQUEST,
    await request.json(),
    'The batch is not valid',
  ) as BatchRequest;
  if (batch.jobs.length > MAX_JOBS_AT_ONCE) {
    throw new TaskbellError(
      'E_PAYLOAD_TOO_LARGE',
      `A batch takes at most ${MAX_JOBS_AT_ONCE} jobs, got ${batch.jobs.length}.`,
      { hint: 'Make several batches, and a last job after their callbacks.' },
    );
  }
  const outcomes = await context.jobs.add(batchJobs(batch), request.idempotencyKey);
  const added = outcomes.map(toAdded);
  const [callback] = added.slice(-1);
  if (callback === undefined) throw new TaskbellError('E_INTERNAL', 'The batch was not added.');
  const answer: AddedBatch = { callback, jobs: added.slice(0, -1).map(({ id }) => id) };
  return created(answer);
}
