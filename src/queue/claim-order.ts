/**
 * Which waiting jobs an executor gets. Pure: candidates in, ids out.
 */
import { MAX_CRASHES } from './transitions.ts';

export interface Candidate {
  readonly id: number;
  readonly type: string;
  readonly priority: number;
  readonly crashes: number;
}

export interface ClaimBounds {
  readonly limit: number;
  /** Most further attempts of a type; a type that is not named has no bound. */
  readonly typeLimits: ReadonlyMap<string, number>;
  /** True when the executor runs nothing now. */
  readonly idle: boolean;
}

/**
 * Higher priority first, then older first.
 *
 * A job one crash short of quarantine runs alone: its executor's neighbours would otherwise be
 * charged with a crash that is not theirs, and the verdict would be a guess. So when it is next
 * and the executor is busy, nothing more is handed out until the executor is idle.
 */
export function pickClaims<C extends Candidate>(
  candidates: readonly C[],
  bounds: ClaimBounds,
): readonly C[] {
  const left = new Map(bounds.typeLimits);
  const picked: C[] = [];
  for (const candidate of candidates.toSorted(byTurn)) {
    if (picked.length >= bounds.limit) break;
    const room = left.get(candidate.type);
    if (room !== undefined && room <= 0) continue;
    if (candidate.crashes >= MAX_CRASHES - 1) {
      return bounds.idle && picked.length === 0 ? [candidate] : picked;
    }
    if (room !== undefined) left.set(candidate.type, room - 1);
    picked.push(candidate);
  }
  return picked;
}

function byTurn(a: Candidate, b: Candidate): number {
  return b.priority - a.priority || a.id - b.id;
}
