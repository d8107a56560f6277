/**
 * Asks the services that the configuration names whether they are there: the report server by the first request of
 * its protocol, key sets by fetching them. Says nothing of credentials: none is sent, and none is shown.
 */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { fetchKeySet } from '../../auth/key-set-fetch.ts';
import type { Settings, WebSocketSettings } from '../../config/settings.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const WITHIN_MS = 5_000;
const MAX_KEY_SET_BYTES = 1_048_576;

export async function judgeReceiver({ url, path }: WebSocketSettings): Promise<Finding> {
  const name = 'report server';
  if (url === null) return ok(name, 'none is named: ends are not reported');
  const origin = originOf(url);
  if (origin === null) {
    const text = '[webSocket] url is no address';
    return fail(name, { text, remedy: 'correct it in the configuration', code: 'E_CONFIG' });
  }
  const asked = `${origin}${path.replace(/\/*$/, '/')}?EIO=4&transport=polling`;
  try {
    const { status, text } = await get(asked);
    if (status === 200 && text.startsWith('0{')) return ok(name, `${origin} answers`);
    return warn(
      name,
      `${origin} answers with ${status}, not as a Socket.IO server at ${path}`,
      'look at [webSocket] url and path; a server that takes WebSockets alone answers so, too',
    );
  } catch (error) {
    return fail(name, {
      text: `${origin} cannot be reached: ${reasonOf(error)}`,
      remedy: 'start it, or correct [webSocket] url; ends wait in the log until then',
      code: 'E_DAEMON_UNREACHABLE',
    });
  }
}

function originOf(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { protocol, host } = new URL(url);
  const scheme = { 'ws:': 'http:', 'wss:': 'https:' }[protocol] ?? protocol;
  return scheme === 'http:' || scheme === 'https:' ? `${scheme}//${host}` : null;
}

function get(url: string): Promise<{ readonly status: number; readonly text: string }> {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest;
  const signal = AbortSignal.timeout(WITHIN_MS);
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, signal }, (response) => {
      response.once('error', reject);
      // The first bytes say what it is.
      response.once('readable', () => {
        const text = String(response.read() ?? '');
        resolve({ status: response.statusCode ?? 0, text });
        response.destroy();
      });
    });
    asked.once('error', reject);
    asked.end();
  });
}

function reasonOf(error: unknown): string {
  const { code, message, name } = error as NodeJS.ErrnoException;
  if (name === 'TimeoutError' || name === 'AbortError')
    return `no answer in ${WITHIN_MS / 1_000} s`;
  return code ?? message ?? String(error);
}

/** One finding for each key set that is fetched. */
export async function judgeKeySets({ auth, issuers }: Settings): Promise<readonly Finding[]> {
  const urls = [auth, ...issuers].flatMap(({ jwksUrl }) => (jwksUrl === null ? [] : [jwksUrl]));
  return Promise.all([...new Set(urls)].map(judgeKeySet));
}

async function judgeKeySet(url: string): Promise<Finding> {
  const name = 'key set';
  const remedy =
    'start the service that issues tokens, or correct jwksUrl: without keys no token holds';
  try {
    const bounds = { timeoutMs: WITHIN_MS, maxBytes: MAX_KEY_SET_BYTES };
    const text = await fetchKeySet(url, bounds, new AbortController().signal);
    const { keys } = JSON.parse(text) as { readonly keys?: unknown };
    if (Array.isArray(keys) && keys.length > 0) return ok(name, `${url}: ${keys.length} keys`);
    return fail(name, { text: `${url} holds no keys`, remedy, code: 'E_UNAVAILABLE' });
  } catch (error) {
    const text = error instanceof SyntaxError ? `${url} is no JSON` : (error as Error).message;
    return fail(name, { text, remedy, code: 'E_DAEMON_UNREACHABLE' });
  }
}
