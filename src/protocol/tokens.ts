/**
 * Revocations of access tokens as they travel: over the control API, and to gateways as rows of the log.
 */
import * as v from 'valibot';
import { MAX_EVENT_ID_BYTES } from './events.ts';
import { ISO_TIME, shortText } from './shapes.ts';

/** Tokens that are valid for longer are refused. */
export const MAX_TOKEN_LIFETIME_MS = 24 * 3_600_000;
/** How far an issuer's clock may run ahead of ours. */
export const CLOCK_SKEW_MS = 30_000;

/** Longer token ids count as none: such a token is known by its hash. */
export const MAX_TOKEN_ID_BYTES = 256;

/** Exactly one of: the tokens of one id, those of a user, those of everybody. */
export const REVOCATION_REQUEST = v.pipe(
  v.strictObject({
    tokenId: v.optional(shortText(MAX_TOKEN_ID_BYTES)),
    user: v.optional(shortText(MAX_EVENT_ID_BYTES)),
    /** Tokens that were issued before; with a user alone, before now. */
    issuedBefore: v.optional(ISO_TIME),
  }),
  v.check(
    ({ tokenId, user, issuedBefore }) =>
      tokenId === undefined
        ? user !== undefined || issuedBefore !== undefined
        : user === undefined && issuedBefore === undefined,
    'expected a tokenId alone, or a user, issuedBefore or both',
  ),
);

export interface RevocationRequest {
  readonly tokenId?: string;
  readonly user?: string;
  /** ISO 8601. */
  readonly issuedBefore?: string;
}

export interface RevocationView {
  readonly id: string;
  readonly tokenId: string | null;
  /** Null with `issuedBefore`: of every user. */
  readonly user: string | null;
  /** ISO 8601, UTC; null with a token id. */
  readonly issuedBefore: string | null;
  readonly createdAt: string;
  /** When the last token that it may concern has expired anyway; then it is forgotten. */
  readonly expiresAt: string;
}

export interface RevocationPage {
  readonly revocations: readonly RevocationView[];
  /** Pass it as `after` for the next page; null: there is none. */
  readonly next: string | null;
}

/** What rows of the type `access` about tokens hold, as the only element of `data`. */
export type RevocationNews =
  | ({ readonly kind: 'revoked' } & RevocationView)
  | { readonly kind: 'restored'; readonly id: string };

/** The id of all these rows: one topic, however many tokens are revoked. */
export const REVOCATION_TOPIC_ID = 'tokens';

/** Revocations of one page. */
export const MAX_REVOCATION_PAGE = 1_000;
