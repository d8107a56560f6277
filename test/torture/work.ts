/** Draws what a job of a run has to do. Pure. */
import type { Work } from './add-book.ts';
import { NARROW_QUEUE, RATED_QUEUE } from './engine-rules.ts';
import type { Draws } from './random.ts';

type Kind = (draws: Draws) => Pick<Work, 'type' | 'payload'> & Partial<Pick<Work, 'options'>>;

const KINDS: readonly (readonly [number, Kind])[] = [
  [24, () => ({ type: 'quick', payload: {} })],
  [14, (draws) => ({ type: 'work', payload: { ms: draws.between(50, 300) } })],
  [3, longWork],
  [1, (draws) => ({ type: 'block', payload: { ms: draws.between(200, 2_500) } })],
  [9, flaky],
  [11, (draws) => ({ type: 'emitter', payload: { emits: draws.between(1, 5) } })],
  [8, command],
  [12, limited],
  [4, (draws) => ({ ...narrow(draws), type: 'work', payload: { ms: draws.between(20, 150) } })],
  [5, patient],
  [6, (draws) => ({ type: 'hook', payload: { ms: draws.between(1, 200) } })],
  [2, (draws) => ({ type: 'isolated', payload: { ms: draws.between(10, 400) } })],
];

export function drawWork(draws: Draws): Work {
  const total = KINDS.reduce((sum, [weight]) => sum + weight, 0);
  let left = draws.next() * total;
  const kind = KINDS.find(([weight]) => {
    left -= weight;
    return left < 0;
  });
  const work = kind?.[1](draws) ?? { type: 'quick', payload: {} };
  return { options: {}, ...work };
}

/** More at once than its bucket holds. */
export function drawBurst(draws: Draws): readonly Work[] {
  const options = { queue: RATED_QUEUE };
  const count = draws.between(8, 16);
  return Array.from({ length: count }, () => ({ type: 'quick', payload: {}, options }));
}

function longWork(draws: Draws) {
  const payload = { ms: draws.between(500, 2_500), stubborn: draws.chance(0.5) };
  return { type: 'work', payload };
}

/** Four failures are more than its retries: such a job ends as failed. */
function flaky(draws: Draws) {
  const fails = draws.pick([0, 1, 2, 4]) ?? 0;
  return { type: 'flaky', payload: { fails, ms: draws.between(1, 60) } };
}

function command(draws: Draws) {
  const leaves = draws.chance(0.15) ? 1 : 0;
  const fails = draws.chance(0.3) ? 1 : 0;
  return { type: 'command', payload: { beats: draws.between(1, 10), fails, leaves } };
}

function narrow(draws: Draws) {
  const group = draws.chance(0.8) ? { group: `tenant-${draws.between(1, 3)}` } : {};
  return { options: { queue: NARROW_QUEUE, ...group } };
}

/** A few are there still when the core has died and come back: it must know of them then. */
function limited(draws: Draws) {
  const ms = draws.chance(0.06) ? draws.between(2_000, 5_000) : draws.between(10, 150);
  return { ...narrow(draws), type: 'limited', payload: { ms } };
}

/** Its retries are as many as the pauses that are charged: one more charge, and it fails. */
function patient(draws: Draws) {
  const snoozes = draws.between(0, 2);
  const retryAfters = draws.between(0, 1);
  return { type: 'patient', payload: { snoozes, retryAfters }, options: { retries: retryAfters } };
}
