import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DueClock } from '../../src/core/due-clock.ts';
import type { Lane } from '../../src/queue/job.ts';
import type { JobStore } from '../../src/queue/job-store.ts';

const LANE: Lane = { queue: 'default', type: 'mail', group: null };

/** The part of a store that the clock sees: times at which something is due. */
class DueTimes {
  readonly asked: number[] = [];
  due: number[] = [];
  problem: Error | undefined;

  async promote(now: number, limit: number): Promise<readonly Lane[]> {
    this.asked.push(now);
    if (this.problem !== undefined) throw this.problem;
    const ready = this.due.filter((at) => at <= now).slice(0, limit);
    this.due = this.due.filter((at) => !ready.includes(at));
    return ready.length === 0 ? [] : [LANE];
  }

  async nextDue(): Promise<number | null> {
    return this.due.length === 0 ? null : Math.min(...this.due);
  }
}

let store: DueTimes;
let woken: number[];
let failures: unknown[];
let clock: DueClock;
beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  store = new DueTimes();
  woken = [];
  failures = [];
  clock = new DueClock({
    store: store as unknown as JobStore,
    now: Date.now,
    onDue: () => void woken.push(Date.now() - 1_000_000),
    onFailure: (error) => void failures.push(error),
  });
});
afterEach(() => {
  clock.stop();
  vi.useRealTimers();
});

describe('the due clock', () => {
  it('sets no timer while nothing waits for a time', async () => {
    await clock.start();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('wakes at the time of what was there at the start, and of what is added', async () => {
    store.due = [1_005_000];
    await clock.start();
    store.due.push(1_002_000);
    clock.expect(1_002_000);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(woken).toEqual([2_000, 5_000]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps its time when something later is added', async () => {
    store.due = [1_002_000, 1_009_000];
    clock.expect(1_002_000);
    clock.expect(1_009_000);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(woken).toEqual([2_000, 9_000]);
  });

  it('looks at the wall clock at least once a minute, so that a jump of it is noticed', async () => {
    store.due = [1_000_000 + 3_600_000];
    await clock.start();
    await vi.advanceTimersByTimeAsync(59_999);
    expect(store.asked).toEqual([]);
    vi.setSystemTime(1_000_000 + 3_600_000);
    await vi.advanceTimersByTimeAsync(1);
    expect(woken).toHaveLength(1);
  });

  it('does not wake early because the wall clock was put back', async () => {
    store.due = [1_010_000];
    await clock.start();
    vi.setSystemTime(1_000_000 - 3_600_000);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(woken).toEqual([]);
    expect(store.due).toEqual([1_010_000]);
  });

  it('goes on at once while more is due than it takes in one turn', async () => {
    store.due = Array.from({ length: 2_500 }, (_, index) => 1_000_001 + index / 10_000);
    await clock.start();
    await vi.advanceTimersByTimeAsync(10);
    expect(store.due).toEqual([]);
    expect(woken.length).toBeGreaterThanOrEqual(3);
  });

  it('tries again after a second when the store refused, and says so', async () => {
    store.due = [1_001_000];
    store.problem = new Error('the disk is full');
    await clock.start();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(failures).toEqual([store.problem]);
    store.problem = undefined;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(woken).toEqual([2_000]);
  });

  it('leaves no timer after a stop, whatever it is told then', async () => {
    store.due = [1_001_000];
    await clock.start();
    clock.stop();
    clock.expect(1_000_500);
    clock.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
