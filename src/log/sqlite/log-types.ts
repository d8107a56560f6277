/**
 * How many rows of each type the log keeps, and which of them went before their time in the log was over.
 *
 * Changes with the transaction that it is told of: readers see what is committed. Jobs are not counted: they
 * are most of the rows, and no bound of their own holds for them.
 */
import type { Database } from '../../sqlite/database.ts';

interface TypeFacts {
  readonly kept: number;
  /** The last number that went by a bound of its type; 0: none did. */
  readonly gone: number;
}

interface TypeRow extends TypeFacts {
  readonly type: string;
}

const NOTHING: TypeFacts = { kept: 0, gone: 0 };

export class LogTypes {
  readonly #save;
  readonly #committed = new Map<string, TypeFacts>();
  readonly #staged = new Map<string, TypeFacts>();
  #anyGone = 0;

  constructor(db: Database) {
    this.#save = db.prepare<[string, number, number]>(
      `INSERT INTO log_types (type, kept, gone) VALUES (?, ?, ?)
       ON CONFLICT (type) DO UPDATE SET kept = excluded.kept, gone = excluded.gone`,
    );
    const rows = db.prepare<[], TypeRow>('SELECT type, kept, gone FROM log_types').all();
    for (const { type, kept, gone } of rows) this.#commit(type, { kept, gone });
  }

  /** Rows of the type, inside of the running transaction. */
  kept(type: string): number {
    return this.#now(type).kept;
  }

  /** The last row that went of these types, or of any where none are given; 0: none did. */
  gone(types?: readonly string[]): number {
    if (types === undefined || this.#anyGone === 0) return this.#anyGone;
    return Math.max(0, ...types.map((type) => this.#committed.get(type)?.gone ?? 0));
  }

  rowsByType(): ReadonlyMap<string, number> {
    return new Map([...this.#committed].map(([type, { kept }]) => [type, kept]));
  }

  add(type: string): void {
    const { kept, gone } = this.#now(type);
    this.#staged.set(type, { kept: kept + 1, gone });
  }

  /** @param through the last of them, where a bound of their type let them go; 0 where the log's own did */
  remove(type: string, count: number, through: number): void {
    const { kept, gone } = this.#now(type);
    this.#staged.set(type, { kept: kept - count, gone: Math.max(gone, through) });
  }

  beforeCommit(): void {
    for (const [type, { kept, gone }] of this.#staged) this.#save.run(type, kept, gone);
  }

  afterCommit(): void {
    if (this.#staged.size === 0) return;
    for (const [type, facts] of this.#staged) this.#commit(type, facts);
    this.#staged.clear();
  }

  afterRollback(): void {
    this.#staged.clear();
  }

  #now(type: string): TypeFacts {
    return this.#staged.get(type) ?? this.#committed.get(type) ?? NOTHING;
  }

  #commit(type: string, facts: TypeFacts): void {
    this.#committed.set(type, facts);
    this.#anyGone = Math.max(this.#anyGone, facts.gone);
  }
}
