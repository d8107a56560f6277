/**
 * How late the core's event loop is. Measured only while somebody looks: a timer 50 times a second would wake an idle
 * daemon, so the first look begins it, and it ends when none came for two minutes.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

export interface LoopDelay {
  /** Seconds beyond the moment that was asked for; null at the first look. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

const RESOLUTION_MS = 20;
const LOOKED_AT_MS = 120_000;
const NANOSECONDS = 1e9;

export class LoopDelayMeter {
  #histogram: IntervalHistogram | undefined;
  #end: NodeJS.Timeout | undefined;

  /** Since the look before. */
  read(): LoopDelay {
    const histogram = this.#histogram;
    if (histogram === undefined) {
      this.#begin();
      return { p50: null, p99: null, max: null };
    }
    this.#end?.refresh();
    const seconds = (nanoseconds: number): number =>
      Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS / 1_000);
    const isEmpty = histogram.count === 0;
    const delay = {
      p50: isEmpty ? null : seconds(histogram.percentile(50)),
      p99: isEmpty ? null : seconds(histogram.percentile(99)),
      max: isEmpty ? null : seconds(histogram.max),
    };
    histogram.reset();
    return delay;
  }

  stop(): void {
    clearTimeout(this.#end);
    this.#histogram?.disable();
    this.#histogram = undefined;
  }

  #begin(): void {
    this.#histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#histogram.enable();
    this.#end = setTimeout(() => this.stop(), LOOKED_AT_MS).unref();
  }
}
