/**
 * Lets the clients of a gateway go a slice at a time: thousands that come back in one moment would meet gateways that
 * have nothing to spare for anybody else.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Closing, restartClosing } from './close-codes.ts';

export interface Leaving {
  close(closing: Closing): void;
  /** As `close`, when what it asked is answered; who has only just come may ask once. */
  leave?(closing: Closing): void;
}

/** What one moment can take: up to so many, there is no reason to wait. */
export const SLICE = 50;
const LEAST_STEP_MS = 20;

export interface DrainPlan {
  /** Clients that are closed at once. */
  readonly slice: number;
  readonly stepMs: number;
}

/** Pure. @param withinMs from the first slice to the last */
export function planDrain(clients: number, withinMs: number): DrainPlan {
  const wanted = Math.ceil(clients / SLICE);
  const possible = Math.max(1, Math.floor(withinMs / LEAST_STEP_MS));
  const steps = Math.max(1, Math.min(wanted, possible));
  const stepMs = steps === 1 ? 0 : Math.floor(withinMs / (steps - 1));
  return { slice: Math.ceil(clients / steps), stepMs };
}

/** Closes all of them, the last at `withinMs` at the latest, or when the signal aborts. */
export async function drain(
  clients: readonly Leaving[],
  withinMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const { slice, stepMs } = planDrain(clients.length, withinMs);
  for (let first = 0; first < clients.length; first += slice) {
    if (first > 0) await pause(stepMs, signal);
    const isHurried = signal?.aborted === true;
    const end = isHurried ? clients.length : first + slice;
    for (const client of clients.slice(first, end)) letGo(client, isHurried);
    if (end >= clients.length) return;
  }
}

function letGo(client: Leaving, isHurried: boolean): void {
  const closing = restartClosing(Math.random());
  if (isHurried || client.leave === undefined) client.close(closing);
  else client.leave(closing);
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  } catch {
    // Only an abort ends the delay early, and the loop looks at the signal itself.
  }
}

/** Waits for something that may never come. */
export async function settledWithin(
  settled: Promise<void> | undefined,
  withinMs: number,
): Promise<void> {
  const enough = new AbortController();
  const late = pause(withinMs, enough.signal);
  await Promise.race([settled, late]);
  enough.abort();
  await late;
}
