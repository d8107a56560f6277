/** /v1/jobs/retry, cancel, move, purge and export: many jobs at once. */
import {
  BULK_VERBS,
  type BulkRequest,
  type BulkVerb,
  type ExportRequest,
} from '../protocol/bulk.ts';
import { TaskbellError } from '../protocol/errors.ts';
import { check } from '../protocol/shapes.ts';
import type { ApiContext } from './api-context.ts';
import { BULK_REQUEST, EXPORT_REQUEST } from './requests.ts';
import { type ApiAnswer, type ApiRequest, ok, type Route } from './route.ts';

export function bulkRoutes(context: Pick<ApiContext, 'bulk'>): readonly Route[] {
  const changes = BULK_VERBS.map(
    (verb): Route => ({
      method: 'POST',
      path: `/v1/jobs/${verb}`,
      handle: (request) => change(context, verb, request),
    }),
  );
  return [
    ...changes,
    { method: 'POST', path: '/v1/jobs/export', handle: (request) => exportPage(context, request) },
  ];
}

async function change(
  { bulk }: Pick<ApiContext, 'bulk'>,
  verb: BulkVerb,
  request: ApiRequest,
): Promise<ApiAnswer> {
  const asked = check(
    BULK_REQUEST,
    await request.json(),
    'The request is not valid',
  ) as BulkRequest;
  if (asked.queue !== undefined && verb !== 'move') {
    throw new TaskbellError('E_INVALID_REQUEST', `queue says nothing to ${verb}.`, {
      hint: 'To choose jobs of one queue, put it into the filter.',
    });
  }
  return ok(await bulk.change(verb, asked, request.signal));
}

async function exportPage(
  { bulk }: Pick<ApiContext, 'bulk'>,
  request: ApiRequest,
): Promise<ApiAnswer> {
  const asked = check(EXPORT_REQUEST, await request.json(), 'The request is not valid');
  return ok(await bulk.exportPage(asked as ExportRequest, request.signal));
}
