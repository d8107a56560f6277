/**
 * How the SQLite adapters take part in a group commit. They hand in work; whoever owns the
 * database decides when a transaction begins and ends.
 */
import type { Durability } from '../protocol/jobs.ts';

/**
 * Runs synchronous work inside the next transaction; resolves with its value after the commit.
 *
 * `disk`, when omitted: it is then on disk, with all that was committed before. `os`: it survives the death of
 * the process, and is brought to the disk after `SYNC_WITHIN_MS`.
 */
export type Commit = <T>(work: () => T, durability?: Durability) => Promise<T>;

export const SYNC_WITHIN_MS = 200;

/** An adapter that keeps state beside the database and must follow what becomes of a transaction. */
export interface Participant {
  /** Last words inside the transaction. */
  beforeCommit?(): void;
  afterCommit?(): void;
  afterRollback?(): void;
}

/** What the owner of the database does around a group. */
export interface Transaction {
  /** @param durability what its commit promises */
  begin(durability: Durability): void;
  /** Changes something, so that the commit has a reason to write and wait for the disk. */
  touch(): void;
  commit(): void;
  rollback(): void;
}
