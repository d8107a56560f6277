/**
 * Proves that the service can take work: a transaction that changes something, and waits for the disk.
 *
 * Shared: whoever asks while one is under way, or just after it, is answered with it, so that however many ask, the
 * disk sees one a second at the most. Asks for nothing by itself.
 */
import { TaskbellError } from '../protocol/errors.ts';

export interface CommitProofParts {
  /** Resolves when a change is on the disk. */
  readonly commit: () => Promise<unknown>;
  readonly nowMono: () => number;
  /** How long one is waited for; 5 s when omitted. */
  readonly withinMs?: number;
}

export interface Proof {
  /** How long the commit took. */
  readonly commitMs: number;
}

/** An answer holds for so long. */
const FRESH_MS = 1_000;
const WITHIN_MS = 5_000;

export class CommitProof {
  readonly #parts: CommitProofParts;
  #shared: Promise<Proof> | undefined;
  #endedMono: number | undefined;

  constructor(parts: CommitProofParts) {
    this.#parts = parts;
  }

  /** Rejects with what keeps the store from committing. */
  prove(): Promise<Proof> {
    if (this.#shared === undefined || this.#isOld()) {
      this.#endedMono = undefined;
      this.#shared = this.#attempt().finally(() => {
        this.#endedMono = this.#parts.nowMono();
      });
    }
    return this.#shared;
  }

  #isOld(): boolean {
    return this.#endedMono !== undefined && this.#parts.nowMono() - this.#endedMono >= FRESH_MS;
  }

  async #attempt(): Promise<Proof> {
    const { commit, nowMono, withinMs = WITHIN_MS } = this.#parts;
    const startedMono = nowMono();
    let late: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      late = setTimeout(() => reject(slowStore(withinMs)), withinMs);
    });
    try {
      await Promise.race([commit(), tooLate]);
      return { commitMs: nowMono() - startedMono };
    } finally {
      clearTimeout(late);
    }
  }
}

function slowStore(withinMs: number): TaskbellError {
  return new TaskbellError('E_UNAVAILABLE', `No commit was done within ${withinMs / 1_000} s.`, {
    hint: 'Look at the disk of the data directory: `taskbell doctor` measures it.',
  });
}
