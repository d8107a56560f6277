/**
 * Which tokens are revoked, as one gateway knows it: in memory, told by the core, asked for every token
 * that is shown. Each question costs three look-ups, however many revocations there are.
 *
 * Knows no connection and fetches nothing; whoever owns it fills it and closes what it refuses.
 */
import type { RevocationNews, RevocationView } from '../protocol/tokens.ts';
import type { ValidToken } from './token-verifier.ts';

interface Revocation {
  readonly id: string;
  readonly key: string;
  /** Epoch milliseconds; infinite: whenever it was issued. */
  readonly issuedBefore: number;
  readonly expiresAt: number;
}

const EVERYBODY = 'all';

export class RevocationList {
  readonly #byKey = new Map<string, Revocation>();
  readonly #keys = new Map<string, string>();

  get size(): number {
    return this.#byKey.size;
  }

  /** @param nowMs what has expired is not looked at any more */
  refuses(token: ValidToken, nowMs: number): boolean {
    if (this.#byKey.size === 0) return false;
    return [`token:${token.tokenId}`, `user:${token.user}`, EVERYBODY].some((key) => {
      const revocation = this.#byKey.get(key);
      return revocation !== undefined && covers(revocation, token, nowMs);
    });
  }

  note(news: RevocationNews): void {
    if (news.kind === 'revoked') this.#put(toRevocation(news));
    else this.#remove(news.id);
  }

  /** From now on these, and nothing else. */
  replace(views: readonly RevocationView[]): void {
    this.#byKey.clear();
    this.#keys.clear();
    for (const view of views) this.#put(toRevocation(view));
  }

  /** Lets go of what can concern no token any more. */
  forgetExpired(nowMs: number): void {
    for (const { id, expiresAt } of this.#byKey.values()) {
      if (expiresAt <= nowMs) this.#remove(id);
    }
  }

  #put(revocation: Revocation): void {
    this.#remove(revocation.id);
    this.#byKey.set(revocation.key, revocation);
    this.#keys.set(revocation.id, revocation.key);
  }

  #remove(id: string): void {
    const key = this.#keys.get(id);
    if (key === undefined) return;
    this.#keys.delete(id);
    this.#byKey.delete(key);
  }
}

function covers(revocation: Revocation, { issuedAt }: ValidToken, nowMs: number): boolean {
  if (revocation.expiresAt <= nowMs) return false;
  // Who does not say when it was issued cannot show that it was afterwards. A token knows its second
  // only: one from the second of the revocation counts as issued before.
  return issuedAt === undefined || issuedAt < revocation.issuedBefore;
}

function toRevocation({ id, tokenId, user, issuedBefore, expiresAt }: RevocationView): Revocation {
  const key = tokenId === null ? (user === null ? EVERYBODY : `user:${user}`) : `token:${tokenId}`;
  return {
    ...{ id, key, expiresAt: Date.parse(expiresAt) },
    issuedBefore: issuedBefore === null ? Number.POSITIVE_INFINITY : Date.parse(issuedBefore),
  };
}
