/**
 * Decides what to do about a key set by its age: use it, fetch it beside, or fetch it first. Pure.
 *
 *   fresh ─5 min▶ fetched anew beside its use ─10 min▶ fetched before its use ─24 h▶ not used any more
 */

export interface KeySetAge {
  /** How old the keys are, by the wall clock; undefined: there are none. */
  readonly ageMs: number | undefined;
  /** Since the last attempt to fetch them began; undefined: there was none. */
  readonly sinceAttemptMs: number | undefined;
  /** Failed attempts since one succeeded. */
  readonly failures: number;
  /** A token was shown whose key is not among them. */
  readonly keyMissing: boolean;
}

export interface KeyDecision {
  readonly fetch: 'no' | 'beside' | 'first';
  /** Whether the keys that are there may still verify. */
  readonly usable: boolean;
}

const REFRESH_AFTER_MS = 5 * 60_000;
const STALE_AFTER_MS = 10 * 60_000;
export const MAX_STALE_MS = 24 * 3_600_000;
/** Tokens with keys that nobody knows cost the issuer one request in this time, however many there are. */
export const COOLDOWN_MS = 30_000;
const FIRST_COOLDOWN_MS = 1_000;

export function decideKeyUse({
  ageMs,
  sinceAttemptMs,
  failures,
  keyMissing,
}: KeySetAge): KeyDecision {
  // Keys from the future are from a clock that was wrong: how old they are, nobody knows.
  const usable = ageMs !== undefined && ageMs >= -COOLDOWN_MS && ageMs <= MAX_STALE_MS;
  const mayFetch = sinceAttemptMs === undefined || sinceAttemptMs >= cooldownMs(failures);
  if (!mayFetch) return { fetch: 'no', usable };
  if (!usable || keyMissing) return { fetch: 'first', usable };
  // An issuer that was away a moment ago is not waited for again.
  if (ageMs > STALE_AFTER_MS) return { fetch: failures > 0 ? 'beside' : 'first', usable };
  return { fetch: ageMs > REFRESH_AFTER_MS ? 'beside' : 'no', usable };
}

/** After failures it begins short: an issuer that restarts is back within seconds. */
function cooldownMs(failures: number): number {
  return failures === 0
    ? COOLDOWN_MS
    : Math.min(COOLDOWN_MS, FIRST_COOLDOWN_MS * 2 ** Math.min(failures - 1, 16));
}
