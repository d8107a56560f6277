/**
 * Whose connection it is, and until when: decided by the tokens that its client showed.
 *
 *   nobody ─first valid token▶ a user ─later tokens of the same user▶ the same, for longer
 *
 * Knows nothing of what the user may see.
 */
import type { TokenVerifier, ValidToken } from '../auth/token-verifier.ts';

/** Whose identity it is. */
export interface Claimant {
  /** Counts the connection for its user; false: there are too many, and it is being closed. */
  claim(user: string): boolean;
}

export class ConnectionIdentity {
  readonly #verifier: TokenVerifier;
  readonly #claimant: Claimant;
  #token: ValidToken | undefined;

  constructor(verifier: TokenVerifier, claimant: Claimant) {
    this.#verifier = verifier;
    this.#claimant = claimant;
  }

  /** Undefined before the first valid token. */
  get user(): string | undefined {
    return this.#token?.user;
  }

  /** Of the valid ones that which lasts longest: the connection stands on it. */
  get token(): ValidToken | undefined {
    return this.#token;
  }

  /** @returns the user; undefined for a token that is not valid, or of another user than before */
  async show(token: string, signal: AbortSignal): Promise<string | undefined> {
    const verdict = await this.#verifier.verify(token);
    if (signal.aborted || verdict.kind === 'invalid') return undefined;
    const isMine =
      this.#token === undefined ? this.#claimant.claim(verdict.user) : this.user === verdict.user;
    if (!isMine) return undefined;
    if (verdict.expiresAt >= (this.#token?.expiresAt ?? 0)) this.#token = verdict;
    return verdict.user;
  }
}
