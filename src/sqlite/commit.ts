/**
 * How the SQLite adapters take part in a group commit. They hand in work; whoever owns the
 * database decides when a transaction begins and ends.
 */

/** Runs synchronous work inside the next transaction; resolves with its value after the commit. */
export type Commit = <T>(work: () => T) => Promise<T>;

/** An adapter that keeps state beside the database and must follow what becomes of a transaction. */
export interface Participant {
  /** Last words inside the transaction. */
  beforeCommit?(): void;
  afterCommit?(): void;
  afterRollback?(): void;
}

/** What the owner of the database does around a group. */
export interface Transaction {
  begin(): void;
  commit(): void;
  rollback(): void;
}
