/**
 * Group commit without a disk: work of one turn runs together and is answered together. A piece
 * that throws is undone and fails alone.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Commit } from '../../src/sqlite/commit.ts';

export interface MemoryState {
  /** Returns the way back to how things are now. */
  save(): () => void;
  committed?(): void;
}

interface Answer {
  readonly settle: () => void;
}

export class MemoryCommit {
  readonly #states: MemoryState[] = [];
  #waiting: (() => Answer)[] = [];

  join(state: MemoryState): void {
    this.#states.push(state);
  }

  readonly commit: Commit = <T>(work: () => T): Promise<T> => {
    if (this.#waiting.length === 0) void this.#flushNextTurn();
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push(() => this.#try(work, resolve, reject));
    });
  };

  async #flushNextTurn(): Promise<void> {
    await nextTurn();
    const answers = this.#waiting.splice(0).map((run) => run());
    for (const state of this.#states) state.committed?.();
    for (const { settle } of answers) settle();
  }

  #try<T>(work: () => T, resolve: (value: T) => void, reject: (error: unknown) => void): Answer {
    const undo = this.#states.map((state) => state.save());
    try {
      const value = work();
      return { settle: () => resolve(value) };
    } catch (error) {
      for (const back of undo) back();
      return { settle: () => reject(error) };
    }
  }
}
