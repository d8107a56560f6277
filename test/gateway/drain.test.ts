import { describe, expect, it } from 'vitest';
import type { Closing } from '../../src/gateway/close-codes.ts';
import { drain, planDrain, SLICE, settledWithin } from '../../src/gateway/drain.ts';

describe('planDrain', () => {
  it('lets few clients go at once', () => {
    expect(planDrain(SLICE, 5_000)).toEqual({ slice: SLICE, stepMs: 0 });
    expect(planDrain(0, 5_000)).toEqual({ slice: 0, stepMs: 0 });
  });

  it.each([
    [SLICE + 1, 5_000],
    [1_000, 5_000],
    [10_000, 5_000],
    [1_000_000, 5_000],
    [10_000, 100],
  ])('spreads %i clients over %i ms in equal slices', (clients, withinMs) => {
    const { slice, stepMs } = planDrain(clients, withinMs);
    const steps = Math.ceil(clients / slice);
    expect(slice * steps).toBeGreaterThanOrEqual(clients);
    expect(slice * (steps - 1)).toBeLessThan(clients);
    expect((steps - 1) * stepMs).toBeLessThanOrEqual(withinMs);
    expect((steps - 1) * stepMs).toBeGreaterThan(withinMs / 2);
  });

  it('lets all of them go at once where there is no time', () => {
    expect(planDrain(10_000, 0)).toEqual({ slice: 10_000, stepMs: 0 });
  });
});

function clientsOf(count: number) {
  const closings: Closing[] = [];
  const client = { close: (closing: Closing) => void closings.push(closing) };
  return { closings, clients: Array.from({ length: count }, () => client) };
}

describe('drain', () => {
  it('lets those who can leave do so when they are answered, and closes them where it is in a hurry', async () => {
    const done: string[] = [];
    const client = { close: () => void done.push('closed'), leave: () => void done.push('leaves') };
    await drain([client], 60);
    const hurry = AbortSignal.abort();
    await drain([client], 60, hurry);
    expect(done).toEqual(['leaves', 'closed']);
  });

  it('closes every client with 1012, each with a hint of its own when to come back', async () => {
    const { closings, clients } = clientsOf(200);
    await drain(clients, 60);
    expect(closings).toHaveLength(200);
    expect(new Set(closings.map(({ code }) => code))).toEqual(new Set([1012]));
    expect(new Set(closings.map(({ reason }) => reason)).size).toBeGreaterThan(100);
  });

  it('closes a slice, and the others later', async () => {
    const { closings, clients } = clientsOf(3 * SLICE);
    const drained = drain(clients, 100);
    expect(closings).toHaveLength(SLICE);
    await drained;
    expect(closings).toHaveLength(3 * SLICE);
  });

  it('closes all that are left at once when it is told to hurry', async () => {
    const { closings, clients } = clientsOf(3 * SLICE);
    const hurry = new AbortController();
    const drained = drain(clients, 1_000_000, hurry.signal);
    hurry.abort();
    await drained;
    expect(closings).toHaveLength(3 * SLICE);
  });
});

describe('settledWithin', () => {
  it('does not wait for what never comes, nor after what came', async () => {
    await settledWithin(new Promise(() => undefined), 5);
    await settledWithin(Promise.resolve(), 1_000_000);
    await settledWithin(undefined, 1_000_000);
  });
});
