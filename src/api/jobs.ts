/** /v1/jobs: add, list, show, wait, dependencies, cancel, retry. */
import { TaskbellError } from '../protocol/errors.ts';
import { type JobRequest, type JobView, MAX_DEPENDENCIES } from '../protocol/jobs.ts';
import { check, JOB_REQUEST } from '../protocol/shapes.ts';
import type { ApiContext } from './api-context.ts';
import { toAdded, toSummary, toView } from './job-view.ts';
import { limitOf, queryValue, waitMsOf } from './query.ts';
import { STATE } from './requests.ts';
import { redactionFor } from './reveal.ts';
import { type ApiAnswer, type ApiRequest, created, ok, type Route, required } from './route.ts';

export const MAX_JOBS_AT_ONCE = 10_000;

export function jobRoutes(context: ApiContext): readonly Route[] {
  return [
    { method: 'POST', path: '/v1/jobs', handle: (request) => addJobs(context, request) },
    { method: 'GET', path: '/v1/jobs', handle: (request) => listJobs(context, request) },
    { method: 'GET', path: '/v1/jobs/:id', handle: (request) => showJob(context, request) },
    { method: 'GET', path: '/v1/jobs/:id/wait', handle: (request) => waitForJob(context, request) },
    {
      method: 'GET',
      path: '/v1/jobs/:id/dependencies',
      handle: (request) => jobDependencies(context, request),
    },
    {
      method: 'POST',
      path: '/v1/jobs/:id/cancel',
      handle: (request) => cancelJob(context, request),
    },
    { method: 'POST', path: '/v1/jobs/:id/retry', handle: (request) => retryJob(context, request) },
  ];
}

async function addJobs(context: ApiContext, request: ApiRequest): Promise<ApiAnswer> {
  const body = await request.json();
  if (!Array.isArray(body)) {
    const job = check(JOB_REQUEST, body, 'The job is not valid') as JobRequest;
    const [outcome] = await context.jobs.add([job], request.idempotencyKey);
    return created(outcome && toAdded(outcome));
  }
  if (body.length > MAX_JOBS_AT_ONCE) {
    throw new TaskbellError(
      'E_PAYLOAD_TOO_LARGE',
      `One request takes at most ${MAX_JOBS_AT_ONCE} jobs, got ${body.length}.`,
      { hint: 'Send them in several requests.' },
    );
  }
  const jobs = body.map(
    (item, index) =>
      check(JOB_REQUEST, item, `Job ${index + 1} of the array is not valid`) as JobRequest,
  );
  return created((await context.jobs.add(jobs, request.idempotencyKey)).map(toAdded));
}

async function listJobs(context: ApiContext, { query }: ApiRequest): Promise<ApiAnswer> {
  const state = queryValue(query, 'state');
  const page = await context.store.list({
    state: state === undefined ? undefined : check(STATE, state, 'The state is not valid'),
    type: queryValue(query, 'type'),
    queue: queryValue(query, 'queue'),
    userId: queryValue(query, 'user'),
    group: queryValue(query, 'group'),
    cursor: cursorOf(query),
    limit: limitOf(query, { usual: 50, most: 1_000 }),
  });
  return ok({ jobs: page.jobs.map(toSummary), next: page.next });
}

/** One that is none would look like the last page. */
function cursorOf(query: URLSearchParams): string | undefined {
  const cursor = queryValue(query, 'cursor');
  if (cursor === undefined || /^\d{1,15}$/.test(cursor)) return cursor;
  const got = cursor.slice(0, 20);
  throw new TaskbellError('E_INVALID_REQUEST', `cursor: expected one of a page, got ${got}.`, {
    hint: 'Pass `next` of the page before, or leave it out for the first page.',
  });
}

async function showJob(context: ApiContext, request: ApiRequest): Promise<ApiAnswer> {
  const id = required(request, 'id');
  return ok({ ...(await viewOf(context, id, request)), ...(await context.seeing.origin(id)) });
}

async function waitForJob(context: ApiContext, request: ApiRequest): Promise<ApiAnswer> {
  const id = required(request, 'id');
  if ((await context.store.get(id)) === undefined) throw unknownJob(id);
  await context.jobs.waitForEnd(id, waitMsOf(request.query), request.signal);
  return ok(await viewOf(context, id, request));
}

async function jobDependencies(context: ApiContext, request: ApiRequest): Promise<ApiAnswer> {
  const id = required(request, 'id');
  if ((await context.store.get(id)) === undefined) throw unknownJob(id);
  return ok(await context.store.relatives(id, MAX_DEPENDENCIES));
}

async function cancelJob(context: ApiContext, request: ApiRequest): Promise<ApiAnswer> {
  const id = required(request, 'id');
  await context.jobs.cancel(id);
  return ok(await viewOf(context, id, request));
}

async function retryJob(context: ApiContext, request: ApiRequest): Promise<ApiAnswer> {
  const id = required(request, 'id');
  await context.jobs.retry(id, { dependents: request.query.get('dependents') === 'true' });
  return ok(await viewOf(context, id, request));
}

async function viewOf(context: ApiContext, id: string, request: ApiRequest): Promise<JobView> {
  const job = await context.store.get(id);
  if (job === undefined) throw unknownJob(id);
  const redaction = redactionFor(context, request, `job ${id}`);
  const view = toView(job, await context.store.attempts(id), redaction);
  const dependencies = job.hasDependencies ? await context.store.countDependencies(id) : undefined;
  return dependencies === undefined ? view : { ...view, dependencies };
}

export function unknownJob(id: string): TaskbellError {
  return new TaskbellError('E_NOT_FOUND', `There is no job ${id}.`, {
    hint: 'taskbell job list shows the jobs.',
  });
}
