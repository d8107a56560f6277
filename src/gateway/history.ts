/**
 * Reads the log for subscribers that come back, a page at a time, from the core.
 *
 * A few reads at once, whoever asks, each in its turn: thousands that come back together must not keep the
 * core from its work, and one with a long history none of the others. Keeps nothing.
 */
import pRetry, { AbortError } from 'p-retry';
import type { ControlHttp } from '../client/control-http.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { HistoryPage, HistoryRequest } from '../protocol/history.ts';
import { Turns } from './turns.ts';

export interface HistoryOptions {
  readonly http: ControlHttp;
  readonly readsAtOnce: number;
  /** How long a core that restarts is waited for; 30 s when omitted. */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 30_000;
const ANSWER_TIMEOUT_MS = 15_000;
const MAY_PASS: readonly string[] = [
  'E_DAEMON_UNREACHABLE',
  'E_UNAVAILABLE',
  'E_OWNED',
  'E_TIMEOUT',
];

export class HistoryReader {
  readonly #options: HistoryOptions;
  readonly #turns: Turns;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#turns = new Turns(options.readsAtOnce);
  }

  /** Rejects with the signal's reason, and when the core stays away. */
  read(request: HistoryRequest, signal: AbortSignal): Promise<HistoryPage> {
    const body = JSON.stringify(request);
    return this.#turns.take(signal, () =>
      pRetry(() => this.#ask(body, signal), {
        retries: 1_000,
        minTimeout: 50,
        maxTimeout: 1_000,
        maxRetryTime: this.#options.patienceMs ?? PATIENCE_MS,
        signal,
      }),
    );
  }

  async #ask(body: string, signal: AbortSignal): Promise<HistoryPage> {
    try {
      const path = '/v1/events/history';
      const call = { method: 'POST', path, body, signal, timeoutMs: ANSWER_TIMEOUT_MS } as const;
      return (await this.#options.http.call(call)) as HistoryPage;
    } catch (error) {
      throw mayPass(error) ? error : new AbortError(error as Error);
    }
  }
}

function mayPass(error: unknown): boolean {
  return error instanceof TaskbellError && MAY_PASS.includes(error.code);
}
