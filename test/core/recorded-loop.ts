/** A commit loop over a transaction that writes down what happens to it. */
import { CommitLoop } from '../../src/core/commit-loop.ts';
import type { TaskbellError } from '../../src/protocol/errors.ts';
import type { Durability } from '../../src/protocol/jobs.ts';
import type { Transaction } from '../../src/sqlite/commit.ts';

/** A transaction that writes down what it is told, and can be made to fail at a word. */
class Recorder implements Transaction {
  readonly said: string[] = [];
  readonly fatal: TaskbellError[] = [];
  failAt: { word: 'begin' | 'commit'; error: Error } | undefined;

  readonly begun: Durability[] = [];

  begin(durability: Durability): void {
    this.begun.push(durability);
    this.#say('begin');
  }

  touch(): void {
    this.said.push('touch');
  }

  commit(): void {
    this.#say('commit');
  }

  rollback(): void {
    this.said.push('rollback');
  }

  #say(word: 'begin' | 'commit'): void {
    this.said.push(word);
    if (this.failAt?.word === word) throw this.failAt.error;
  }
}

/** @param onFull what is done about a full disk */
export function start(onFull?: (transaction: Recorder) => boolean) {
  const transaction = new Recorder();
  const onFatal = (error: TaskbellError) => transaction.fatal.push(error);
  const loop = new CommitLoop({
    ...{ transaction, onFatal },
    ...(onFull && { onFull: () => onFull(transaction) }),
  });
  const note = (word: string) => loop.commit(() => transaction.said.push(word));
  return { transaction, loop, note, said: transaction.said };
}

export function storageError(code: string): Error {
  return Object.assign(new Error(`disk trouble: ${code}`), { code });
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
