/**
 * Moves the report cursor: at most once per turn of the event loop, one write at a time, however
 * many acknowledgements a turn brings. Decides nothing about what was delivered.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ReportSource } from './report-source.ts';
import { sleep } from './wake.ts';

/** Rows that tell nothing are passed at most so often: each write costs a commit. */
const SKIP_INTERVAL_MS = 1_000;

export interface CursorKeeperParts {
  readonly source: Pick<ReportSource, 'advance'>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** How long to wait after a failed write. */
  readonly delayOnErrorMs: number;
  readonly onError: (error: unknown) => void;
}

export class CursorKeeper {
  readonly #parts: CursorKeeperParts;
  readonly #giveUp = new AbortController();
  #wanted: string;
  #written: string;
  #writtenAtMono: number;
  #writing: Promise<void> | null = null;

  constructor(position: string, parts: CursorKeeperParts) {
    this.#parts = parts;
    this.#wanted = position;
    this.#written = position;
    this.#writtenAtMono = parts.now();
  }

  /** Reports up to `position` are delivered. */
  moveTo(position: string): void {
    this.#wanted = position;
    this.#start();
  }

  /** Rows up to `position` tell nothing: written with the next report, after a while, or at the end. */
  skipTo(position: string): void {
    this.#wanted = position;
    if (this.#parts.now() - this.#writtenAtMono >= SKIP_INTERVAL_MS) this.#start();
  }

  /** Writes what is left, within so many milliseconds. What could not be written is reported again. */
  async close(withinMs: number): Promise<void> {
    this.#start();
    // A write under way cannot be called back; past the time it is left to itself.
    if (this.#writing !== null) {
      const given = sleep(withinMs, this.#giveUp.signal);
      await Promise.race([this.#writing, given]);
    }
    this.#giveUp.abort();
  }

  #start(): void {
    if (this.#writing !== null || this.#wanted === this.#written) return;
    this.#writing = this.#write().finally(() => {
      this.#writing = null;
    });
  }

  async #write(): Promise<void> {
    const { signal } = this.#giveUp;
    while (this.#wanted !== this.#written && !signal.aborted) {
      await nextTurn();
      const to = this.#wanted;
      try {
        await this.#parts.source.advance(to);
        this.#written = to;
        this.#writtenAtMono = this.#parts.now();
      } catch (error) {
        this.#parts.onError(error);
        await sleep(this.#parts.delayOnErrorMs, signal);
      }
    }
  }
}
