/** Decides from a seed who is killed, when, and whether the service may recover before that. Pure. */
import { type Draws, drawsOf } from './random.ts';

export type FaultKind =
  | 'core'
  | 'executor'
  | 'gateway'
  | 'guardian'
  | 'handler'
  | 'core and executor'
  | 'supervisor'
  | 'everything'
  | 'rolling restart'
  | 'core while removing'
  | 'SIGTERM'
  | 'SIGTERM at start'
  | 'killed while stopping';

export interface Fault {
  readonly kind: FaultKind;
  /** Time since the service was ready, or, without waiting for that, since the fault before. */
  readonly afterMs: number;
  readonly awaitsReady: boolean;
  /** Chooses among several processes of a kind. */
  readonly pick: number;
  /**
   * With everything: the processes of commands too, instead of leaving them to be found. With a rolling restart:
   * nothing else happens until it is over.
   */
  readonly withHandlers: boolean;
}

/** Supervisors die often enough that no other process is restarted ten times a minute, when restarts are held back. */
const WEIGHTS: readonly (readonly [FaultKind, number])[] = [
  ['core', 20],
  ['executor', 20],
  ['gateway', 7],
  ['guardian', 5],
  ['handler', 10],
  ['core and executor', 5],
  ['supervisor', 12],
  ['everything', 7],
  ['rolling restart', 8],
  ['core while removing', 7],
  ['SIGTERM', 7],
  ['SIGTERM at start', 5],
  ['killed while stopping', 6],
];

/** What a short run is not to miss by chance. */
const SURE: Readonly<Record<number, FaultKind>> = {
  4: 'rolling restart',
  12: 'core while removing',
};

export function planFaults(seed: number, count: number): readonly Fault[] {
  const draws = drawsOf(seed, 'faults');
  return Array.from({ length: count }, (_, index) => {
    const awaitsReady = draws.chance(0.75);
    const kind = drawKind(draws);
    return {
      kind: SURE[index] ?? kind,
      awaitsReady,
      afterMs: awaitsReady ? draws.between(100, 1_500) : draws.between(10, 600),
      pick: draws.next(),
      withHandlers: draws.chance(0.5),
    };
  });
}

function drawKind(draws: Draws): FaultKind {
  const total = WEIGHTS.reduce((sum, [, weight]) => sum + weight, 0);
  let left = draws.next() * total;
  for (const [kind, weight] of WEIGHTS) {
    left -= weight;
    if (left < 0) return kind;
  }
  return 'core';
}
