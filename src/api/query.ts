/** Values of a query string, checked. */
import { TaskbellError } from '../protocol/errors.ts';

/** Undefined when it is missing or empty. */
export function queryValue(query: URLSearchParams, name: string): string | undefined {
  return query.get(name) || undefined;
}

export function limitOf(
  query: URLSearchParams,
  bounds: { readonly usual: number; readonly most: number; readonly name?: string },
): number {
  const { name = 'limit' } = bounds;
  const text = queryValue(query, name);
  if (text === undefined) return bounds.usual;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > bounds.most) {
    throw new TaskbellError(
      'E_INVALID_REQUEST',
      `${name}: expected a whole number from 1 to ${bounds.most}, got ${text.slice(0, 20)}.`,
    );
  }
  return limit;
}

const USUAL_WAIT_S = 30;
const LONGEST_WAIT_S = 60;

/** How long a request may wait for something to happen: its `timeout` in seconds. */
export function waitMsOf(query: URLSearchParams): number {
  const asked = Number(query.get('timeout') ?? USUAL_WAIT_S);
  const seconds = Number.isFinite(asked) ? asked : USUAL_WAIT_S;
  return Math.min(Math.max(seconds, 0), LONGEST_WAIT_S) * 1_000;
}
