/** Counts what a worker does, in the worker's own process, at the cost of an addition a job. */
import { monotonicMs } from '../harness/clock.mjs';

export class Recorder {
  #ended = 0;
  #target = Number.POSITIVE_INFINITY;
  #resolve = () => {};
  #firstStart;
  #latencies = [];

  /** The handler begins. */
  started(payload) {
    this.#firstStart ??= monotonicMs();
    if (payload.sentMono !== undefined) this.#latencies.push(monotonicMs() - payload.sentMono);
  }

  /** The queue has recorded that the job is done. */
  ended() {
    this.#ended += 1;
    if (this.#ended >= this.#target) this.#finish();
  }

  /** Counts from zero again. */
  mark() {
    this.#ended = 0;
    this.#firstStart = undefined;
    this.#latencies = [];
    this.#target = Number.POSITIVE_INFINITY;
  }

  /** Resolves when so many jobs have ended since the mark. */
  whenEnded(count) {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#target = count;
      if (this.#ended >= count) this.#finish();
    });
  }

  latencies() {
    return this.#latencies;
  }

  #finish() {
    this.#target = Number.POSITIVE_INFINITY;
    this.#resolve({ firstStart: this.#firstStart, lastEnd: monotonicMs() });
  }
}
