import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { ELSEWHERE } from '../../src/core/executor-place.ts';
import { InHand } from '../../src/core/in-hand.ts';
import { type InFlight, RemoteExecutor } from '../../src/core/remote-executor.ts';
import { isAlive } from '../../src/process/process-identity.ts';
import { ScriptedExecutor } from './scripted-executor.ts';

const GRACE_MS = 10_000;

let stand: ScriptedExecutor;
let executor: RemoteExecutor;
let inHand: InHand;
beforeEach(() => {
  // Only its process is wanted: it never connects.
  stand = new ScriptedExecutor('/nowhere');
  executor = new RemoteExecutor('x', stand.identity, null);
  inHand = new InHand(pino({ level: 'silent' }));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await stand.dispose();
});

function attempt(over: Partial<InFlight> = {}): InFlight {
  return {
    ...{ id: '1', attempt: 1, type: 'mail', queue: 'default', startedMono: 0, timeoutMs: 0 },
    ...{ durability: 'disk', sent: true, group: null, backstop: undefined, verdict: undefined },
    ...over,
  };
}

describe('the last resort', () => {
  it('ends an executor whose attempt outlives its limit, and only then', async () => {
    const held = attempt({ timeoutMs: 1_000 });
    inHand.hold(executor, held);
    await vi.advanceTimersByTimeAsync(1_000 + GRACE_MS - 1);
    expect(executor.ending).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(executor.ending).toBe(true);
    expect(held.verdict).toBe('timeout');
    vi.useRealTimers();
    await expect.poll(() => isAlive(executor.process)).toBe(false);
  });

  it('cuts the connection of one that is judged by it alone, and signals nobody', async () => {
    const far = new RemoteExecutor('far', ELSEWHERE, null);
    const cut = vi.fn();
    far.connection = { terminate: cut } as unknown as WebSocket;
    inHand.hold(far, attempt({ timeoutMs: 1_000 }));
    await vi.advanceTimersByTimeAsync(1_000 + GRACE_MS);
    expect(cut).toHaveBeenCalledOnce();
    expect(far.ending).toBe(true);
  });

  it('is called off when the attempt ends', async () => {
    const held = attempt({ timeoutMs: 1_000 });
    inHand.hold(executor, held);
    expect(inHand.drop(executor, held)).toBe(held);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(executor.ending).toBe(false);
  });

  it('counts from the cancel when the attempt was cancelled', async () => {
    const held = attempt({ timeoutMs: 3_600_000 });
    inHand.hold(executor, held);
    inHand.expectCancel(executor, held);
    await vi.advanceTimersByTimeAsync(GRACE_MS);
    expect(held.verdict).toBe('cancelled');
    expect(executor.ending).toBe(true);
  });

  it.each([
    ['30 days', 30 * 86_400_000],
    ['the longest timer', 2 ** 31 - 1],
  ])('does not come early for a limit of %s, which no timer can hold', async (_name, timeoutMs) => {
    inHand.hold(executor, attempt({ timeoutMs }));
    await vi.advanceTimersByTimeAsync(86_400_000);
    expect(executor.ending).toBe(false);
  });
});

it('leaves the attempt where it is when the fence is not the current one', () => {
  inHand.hold(executor, attempt({ attempt: 2 }));
  expect(inHand.drop(executor, { id: '1', attempt: 1 })).toBeUndefined();
  expect(executor.inFlight.size).toBe(1);
});
