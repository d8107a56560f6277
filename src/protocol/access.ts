/** Who may see what, as gateways hear of it: what the directory holds of a user, and the news that it changed. */

/** The answer of `GET /v1/users/:id/access`. */
export interface UserAccess {
  /** The directory has the user, as active. */
  readonly known: boolean;
  /** In the order of types and ids; `id` may be `*` or a prefix that ends in `.*`. */
  readonly grants: readonly { readonly type: string; readonly id: string }[];
  /** False: the user holds more grants than these; what they do not cover has to be asked for. */
  readonly complete: boolean;
}

/** A user with more grants is asked about object by object. */
export const MAX_GRANTS_AT_ONCE = 1_000;

/** What rows of the type `access` about the directory hold, as the only element of `data`. */
export interface AccessNews {
  /** `user`: added, removed; `grant`: given, withdrawn; `recheck`: whatever was known of the user may be old. */
  readonly kind: 'user' | 'grant' | 'recheck';
  readonly user: string;
}

/** The id of all these rows: one topic, however many users there are. */
export const DIRECTORY_TOPIC_ID = 'directory';
