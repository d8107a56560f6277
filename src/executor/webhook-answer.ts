/**
 * What a receiver's answer makes of the attempt. Pure.
 *
 *   2xx        success; a JSON body is the result
 *   410        fails for good
 *   429, 503   fails; Retry-After is kept to
 *   others     fails; redirects are not followed
 */
import { STATUS_CODES } from 'node:http';
import type { Ending } from './handler.ts';
import { cut } from './job-error.ts';
import { encodeResult } from './outcome.ts';

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  readonly location: string | undefined;
  /** Its beginning, if `truncated`. */
  readonly body: Buffer;
  readonly truncated: boolean;
}

export interface Judgement {
  readonly ending: Ending;
  /** For the job's log: what was left out of the result, and why. */
  readonly remark: string | null;
}

/** What a receiver asks for beyond this is taken for a mistake of its own. */
const MAX_RETRY_AFTER_MS = 86_400_000;
const GONE = 410;
const BUSY = new Set([429, 503]);
const SHOWN_BODY_LENGTH = 400;

/** @param now epoch milliseconds: Retry-After may be a date */
export function judgeAnswer(answer: Answer, now: number): Judgement {
  const { status } = answer;
  if (status >= 200 && status < 300) return success(answer);
  const error = { name: 'WebhookFailed', message: failureMessage(answer) };
  if (status === GONE) return { ending: { kind: 'failed', error, retryable: false }, remark: null };
  const retryAfterMs = BUSY.has(status) ? readRetryAfter(answer.retryAfter, now) : undefined;
  return { ending: { kind: 'failed', error, retryable: true, retryAfterMs }, remark: null };
}

/** @returns milliseconds; undefined where there is none that can be read. Seconds or a date: RFC 9110, 10.2.3 */
export function readRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  const delayMs = /^\d+$/.test(text) ? Number(text) * 1_000 : readDate(text) - now;
  if (Number.isNaN(delayMs)) return undefined;
  return Math.min(Math.max(delayMs, 0), MAX_RETRY_AFTER_MS);
}

/** Dates of HTTP end in GMT; `Date.parse` takes much that is no date at all. */
function readDate(text: string): number {
  return text.endsWith(' GMT') ? Date.parse(text) : Number.NaN;
}

// The work is done: a body that cannot be kept is no reason to have it done again.
function success({ contentType, body, truncated }: Answer): Judgement {
  const nothing: Ending = { kind: 'succeeded', result: null };
  if (!/^application\/(?:[^\s;]+\+)?json\s*(?:;|$)/i.test(contentType) || body.length === 0) {
    return { ending: nothing, remark: null };
  }
  if (truncated) return { ending: nothing, remark: 'the answer is too large to be the result' };
  try {
    const result: unknown = JSON.parse(body.toString('utf8'));
    const encoded = encodeResult(result);
    if ('json' in encoded) return { ending: { kind: 'succeeded', result }, remark: null };
    return { ending: nothing, remark: `the answer was not kept: ${encoded.problem}` };
  } catch {
    // Said in the remark.
    return { ending: nothing, remark: 'the answer says that it is JSON, but it is not' };
  }
}

function failureMessage({ status, location, body }: Answer): string {
  const how = `web hook answered ${status} ${STATUS_CODES[status] ?? ''}`.trim();
  if (status >= 300 && status < 400) {
    const place = location === undefined ? '' : ` to ${cut(location, SHOWN_BODY_LENGTH)}`;
    return `${how}${place}: redirects are not followed, configure the final url`;
  }
  const text = cut(body.toString('utf8').trim(), SHOWN_BODY_LENGTH);
  return text === '' ? how : `${how}\n${text}`;
}
