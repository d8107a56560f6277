/**
 * Revokes tokens for the control API, and lets go of revocations when the tokens that they are about have expired.
 * Verifies no token: that is the gateways' part.
 */
import { decideRevocation } from '../access/decide-revocation.ts';
import type { TokenRevocations } from '../access/token-revocations.ts';
import type { TokenService } from '../api/api-context.ts';
import type { NewRow } from '../log/event-log.ts';
import type { Logger } from '../process/logger.ts';
import { ACCESS_EVENT_TYPE } from '../protocol/events.ts';
import {
  REVOCATION_TOPIC_ID,
  type RevocationNews,
  type RevocationPage,
  type RevocationRequest,
  type RevocationView,
} from '../protocol/tokens.ts';
import { DeadlineTimer } from './deadline-timer.ts';

export interface TokenServiceParts {
  readonly revocations: TokenRevocations;
  readonly log: Logger;
  readonly now: () => number;
}

/** How gateways are told. */
export function revocationRow(news: RevocationNews): NewRow {
  const data = JSON.stringify([news]);
  return { type: ACCESS_EVENT_TYPE, id: REVOCATION_TOPIC_ID, kind: 'event', data };
}

const AGAIN_AFTER_FAILURE_MS = 60_000;

export class CoreTokenService implements TokenService {
  readonly #parts: TokenServiceParts;
  readonly #timer: DeadlineTimer;
  #stopped = false;

  constructor(parts: TokenServiceParts) {
    this.#parts = parts;
    this.#timer = new DeadlineTimer({ now: parts.now, onWake: () => void this.#prune() });
  }

  async start(): Promise<void> {
    this.#expectNext();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer.stop();
  }

  async revoke(request: RevocationRequest): Promise<RevocationView> {
    const { revocations, log, now } = this.#parts;
    const view = await revocations.revoke(decideRevocation(request, now()));
    const { tokenId, user, issuedBefore } = view;
    log.info({ tokenId, user, issuedBefore }, 'tokens were revoked');
    this.#expectNext();
    return view;
  }

  page(after: string | undefined, limit: number): RevocationPage {
    return this.#parts.revocations.page(after, limit, this.#parts.now());
  }

  async restore(id: string): Promise<boolean> {
    const { revocations, log, now } = this.#parts;
    const wasThere = await revocations.restore(id, now());
    if (wasThere) log.info({ id }, 'a revocation of tokens was taken back');
    return wasThere;
  }

  #expectNext(): void {
    const next = this.#parts.revocations.nextExpiry();
    if (next !== undefined) this.#timer.expect(next);
  }

  /** Never rejects. */
  async #prune(): Promise<void> {
    const { revocations, log, now } = this.#parts;
    try {
      await revocations.prune(now());
      if (!this.#stopped) this.#expectNext();
    } catch (err) {
      // While the daemon stops, the store refuses everything; what is left goes after the next start.
      if (this.#stopped) return;
      log.error({ err }, 'expired revocations could not be removed');
      this.#timer.expect(now() + AGAIN_AFTER_FAILURE_MS);
    }
  }
}
