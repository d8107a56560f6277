/** Who asks with `?reveal=1` sees fields that are hidden from everybody else, and the log says so. */
import { NO_REDACTION, type Redaction } from '../privacy/redaction.ts';
import type { ApiContext } from './api-context.ts';
import type { ApiRequest } from './route.ts';

/** @param what is shown, such as `job 5` */
export function redactionFor(
  { privacy }: Pick<ApiContext, 'privacy'>,
  { query }: Pick<ApiRequest, 'query'>,
  what: string,
): Redaction {
  if (!isRevealing(query)) return privacy.redaction;
  privacy.noteReveal(what);
  return NO_REDACTION;
}

export function isRevealing(query: URLSearchParams): boolean {
  const asked = query.get('reveal');
  return asked === '1' || asked === 'true';
}
