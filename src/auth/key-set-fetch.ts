/**
 * Fetches a key set: one GET, no redirects, a bounded answer in a bounded time.
 *
 * Trusts nothing that the other end says of itself. The URL comes from the configuration, which lets only https
 * and this machine through. Says nothing about what the text means.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { TaskbellError } from '../protocol/errors.ts';

export interface FetchBounds {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

const HEADERS = {
  accept: 'application/jwk-set+json, application/json',
  // A compressed answer would be larger than the bytes that are counted.
  'accept-encoding': 'identity',
};

/** @throws TaskbellError `E_UNAVAILABLE`; the signal's reason when that aborts */
export async function fetchKeySet(
  url: string,
  { timeoutMs, maxBytes }: FetchBounds,
  signal: AbortSignal,
): Promise<string> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await open(url, AbortSignal.any([signal, timeout]));
    try {
      return await readText(response, maxBytes);
    } finally {
      response.destroy();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (timeout.aborted) throw unavailable(url, `did not come within ${timeoutMs} ms`, error);
    if (error instanceof UnfitAnswer) throw unavailable(url, error.message, error);
    throw unavailable(url, `cannot be fetched: ${(error as Error).message}`, error);
  }
}

/** What came is an answer, and not one to take. */
class UnfitAnswer extends Error {}

function open(url: string, signal: AbortSignal): Promise<IncomingMessage> {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    // Without an agent: nothing stays open until the next fetch, minutes later.
    const asked = request(url, { agent: false, headers: HEADERS, signal });
    asked.on('error', reject);
    asked.on('response', resolve);
    asked.end();
  });
}

async function readText(response: IncomingMessage, maxBytes: number): Promise<string> {
  const { statusCode = 0 } = response;
  if (statusCode >= 300 && statusCode < 400) {
    throw new UnfitAnswer(`was answered with a redirect (${statusCode}), which is not followed`);
  }
  if (statusCode !== 200) throw new UnfitAnswer(`was answered with status ${statusCode}`);
  const chunks: Buffer[] = [];
  let size = 0;
  // Throws where the connection closes before the answer is whole.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new UnfitAnswer(`is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function unavailable(url: string, what: string, cause: unknown): TaskbellError {
  return new TaskbellError('E_UNAVAILABLE', `The key set at ${url} ${what}.`, {
    hint: 'Correct jwksUrl, or look at what answers there; keys that were fetched before serve for up to 24 hours.',
    cause,
  });
}
