/**
 * May this user see this object? Asks the core, which owns users and grants.
 *
 * Fails closed: while the core cannot be asked, the answer is no. Caches nothing, so that a grant or
 * its removal counts from the next request on.
 */
import pRetry, { AbortError } from 'p-retry';
import { ControlHttp } from '../client/control-http.ts';
import type { AccessSettings } from '../config/settings.ts';
import type { Logger } from '../process/logger.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { AccessAnswer, AccessQuestion } from '../protocol/status.ts';

export interface AccessCheck {
  /** Never rejects, except with the signal's reason. */
  check(question: AccessQuestion, signal: AbortSignal): Promise<AccessAnswer['code']>;
  close(): void;
}

/** How long a core that restarts is waited for, and how long one answer may take. */
const PATIENCE_MS = 5_000;
const ANSWER_TIMEOUT_MS = 2_000;

export function createAccessCheck(
  access: AccessSettings,
  socketPath: string,
  log: Logger,
): AccessCheck {
  if (access.users === 'any' && access.datasets === 'any') return openAccess;
  return new DirectoryAccess(socketPath, log);
}

const openAccess: AccessCheck = {
  check: () => Promise.resolve(0),
  close: () => {},
};

export class DirectoryAccess implements AccessCheck {
  readonly #http: ControlHttp;
  readonly #log: Logger;
  readonly #patienceMs: number;

  constructor(socketPath: string, log: Logger, patienceMs = PATIENCE_MS) {
    this.#http = new ControlHttp({ socketPath }, 0);
    this.#log = log;
    this.#patienceMs = patienceMs;
  }

  async check(question: AccessQuestion, signal: AbortSignal): Promise<AccessAnswer['code']> {
    try {
      return await pRetry(() => this.#ask(question, signal), {
        retries: 1_000,
        minTimeout: 50,
        maxTimeout: 500,
        maxRetryTime: this.#patienceMs,
        signal,
      });
    } catch (error) {
      signal.throwIfAborted();
      const { user, type, id } = question;
      this.#log.warn(
        { err: error, user, type, id },
        'access denied because the core gave no answer',
      );
      return 4;
    }
  }

  close(): void {
    this.#http.close();
  }

  async #ask(question: AccessQuestion, signal: AbortSignal): Promise<AccessAnswer['code']> {
    try {
      const answer = await this.#http.call({
        method: 'POST',
        path: '/v1/access/check',
        body: JSON.stringify(question),
        timeoutMs: ANSWER_TIMEOUT_MS,
        signal,
      });
      return codeOf(answer);
    } catch (error) {
      throw mayPass(error) ? error : new AbortError(error as Error);
    }
  }
}

function codeOf(answer: unknown): AccessAnswer['code'] {
  const code = (answer as Partial<AccessAnswer> | null | undefined)?.code;
  if (code === 0 || code === 3 || code === 4) return code;
  throw new TaskbellError(
    'E_INTERNAL',
    `The core answered an access question with ${JSON.stringify(answer)}; expected {"code":0|3|4}.`,
  );
}

/** True for what another try in a moment may cure: a core that restarts, is on standby or is busy. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof TaskbellError)) return false;
  return ['E_DAEMON_UNREACHABLE', 'E_UNAVAILABLE', 'E_OWNED', 'E_TIMEOUT'].includes(error.code);
}
