/** /v1/jobs/retry, cancel, move, purge and export: many jobs at once. */

import { NO_REDACTION } from '../privacy/redaction.ts';
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
import { isRevealing } from './reveal.ts';
import { type ApiAnswer, type ApiRequest, ok, type Route } from './route.ts';

type Context = Pick<ApiContext, 'bulk' | 'privacy'>;

export function bulkRoutes(context: Context): readonly Route[] {
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

/** Whole or not at all: an import of what was hidden would run jobs with other payloads. */
async function exportPage({ bulk, privacy }: Context, request: ApiRequest): Promise<ApiAnswer> {
  if (privacy.redaction !== NO_REDACTION) {
    if (!isRevealing(request.query)) throw wouldReveal();
    privacy.noteReveal('an export of jobs');
  }
  const asked = check(EXPORT_REQUEST, await request.json(), 'The request is not valid');
  return ok(await bulk.exportPage(asked as ExportRequest, request.signal));
}

function wouldReveal(): TaskbellError {
  return new TaskbellError(
    'E_INVALID_REQUEST',
    'An export shows fields that [privacy] redact hides.',
    {
      hint: 'Ask for it with --reveal, or ?reveal=1 in a request; the log will say so.',
    },
  );
}
