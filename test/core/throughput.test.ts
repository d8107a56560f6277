/** Ends counted by second, type and duration, on a clock of the test's own. */
import { describe, expect, it } from 'vitest';
import { DurationHistogram } from '../../src/core/duration-histogram.ts';
import { type EndFact, ThroughputMeter } from '../../src/core/throughput.ts';

const MINUTE = 60_000;

function stand() {
  const clock = { nowMono: 1_000_000 };
  return { clock, meter: new ThroughputMeter(() => clock.nowMono) };
}

function ends(n: number, over: Partial<EndFact> = {}): readonly EndFact[] {
  const end = { type: 'mail', queue: 'default', state: 'succeeded', hasFailed: false } as const;
  return Array(n).fill({ ...end, durationMs: 10, hasReturned: true, ...over });
}

describe('throughput', () => {
  it('is what ended in the last minute and the last five, a second', () => {
    const { clock, meter } = stand();
    clock.nowMono += 10 * MINUTE;
    meter.note(ends(240));
    clock.nowMono += 2 * MINUTE;
    meter.note(ends(60));
    expect(meter.ofQueue('default')).toEqual({ lastMinute: 1, lastFiveMinutes: 1 });
    clock.nowMono += MINUTE;
    expect(meter.ofQueue('default')).toEqual({ lastMinute: 0, lastFiveMinutes: 1 });
    clock.nowMono += 5 * MINUTE;
    expect(meter.ofQueue('default')).toEqual({ lastMinute: 0, lastFiveMinutes: 0 });
  });

  it('counts over the life of a core that is younger', () => {
    const { clock, meter } = stand();
    clock.nowMono += 10_000;
    meter.note(ends(20));
    expect(meter.ofQueue('default')).toEqual({ lastMinute: 2, lastFiveMinutes: 2 });
  });

  it('is kept by queue, and does not count an attempt that goes on', () => {
    const { clock, meter } = stand();
    clock.nowMono += 10_000;
    meter.note([...ends(10, { queue: 'slow' }), ...ends(10, { state: null, hasFailed: true })]);
    expect(meter.ofQueue('slow').lastMinute).toBe(1);
    expect(meter.ofQueue('default').lastMinute).toBe(0);
    expect(meter.ofQueue('unknown').lastMinute).toBe(0);
  });

  it('takes a second again after a ring of them without the count of before', () => {
    const { clock, meter } = stand();
    clock.nowMono += 10 * MINUTE;
    meter.note(ends(600));
    clock.nowMono += 5 * MINUTE;
    meter.note(ends(60));
    expect(meter.ofQueue('default')).toEqual({ lastMinute: 1, lastFiveMinutes: 0.2 });
  });
});

describe('by type', () => {
  it('tells jobs from attempts, and failures from successes', () => {
    const { meter } = stand();
    meter.note([
      ...ends(3),
      ...ends(2, { state: null, hasFailed: true }),
      ...ends(1, { state: 'failed', hasFailed: true }),
      ...ends(1, { state: 'cancelled' }),
    ]);
    const counts = { succeeded: 3, failed: 1, cancelled: 1, attempts: 7, failedAttempts: 3 };
    expect(meter.ofType('mail').sinceStart).toEqual(counts);
    expect(meter.ofType('mail').lastHour).toMatchObject(counts);
    expect(meter.types()).toEqual(['mail']);
  });

  it('forgets after an hour, but not what there was since the start', () => {
    const { clock, meter } = stand();
    meter.note(ends(1));
    clock.nowMono += 54 * MINUTE;
    expect(meter.ofType('mail').lastHour.succeeded).toBe(1);
    clock.nowMono += 7 * MINUTE;
    meter.note(ends(2));
    expect(meter.ofType('mail').lastHour.succeeded).toBe(2);
    expect(meter.ofType('mail').sinceStart.succeeded).toBe(3);
  });

  it('has no durations where there was no attempt', () => {
    const { meter } = stand();
    expect(meter.ofType('mail').lastHour).toMatchObject({ p50Ms: null, p95Ms: null, attempts: 0 });
  });
});

describe('a histogram of durations', () => {
  it.each([0.02, 1, 37, 1_000, 3_600_000])('tells %d ms within a tenth', (ms) => {
    const histogram = new DurationHistogram();
    histogram.add(ms);
    const told = histogram.quantile(0.5) ?? 0;
    expect(Math.abs(told - ms) / ms).toBeLessThan(0.1);
  });

  it('tells the middle from the slow end', () => {
    const histogram = new DurationHistogram();
    for (let n = 0; n < 90; n += 1) histogram.add(10);
    for (let n = 0; n < 10; n += 1) histogram.add(1_000);
    expect(histogram.quantile(0.5)).toBeCloseTo(10, -1);
    expect(histogram.quantile(0.95)).toBeGreaterThan(900);
  });

  it('takes what is no duration at all', () => {
    const histogram = new DurationHistogram();
    for (const ms of [0, -1, Number.POSITIVE_INFINITY]) histogram.add(ms);
    expect(histogram.quantile(0.5)).toBeLessThan(0.02);
  });
});
