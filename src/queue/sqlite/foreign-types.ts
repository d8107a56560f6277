/**
 * Job types that only executors of other makes offer. No file and no configuration tells of them, so they are
 * kept: an add must be accepted also when the core is back before the executor is.
 */
import type { TypeManifest } from '../../protocol/execute.ts';
import type { Commit } from '../../sqlite/commit.ts';
import type { Database } from '../../sqlite/database.ts';

/** A type that nobody has offered for so long does not exist any more. */
const KEPT_MS = 365 * 86_400_000;

type Statements = ReturnType<typeof prepareStatements>;

export class ForeignTypes {
  readonly #sql: Statements;
  readonly #commit: Commit;

  constructor(db: Database, commit: Commit) {
    this.#sql = prepareStatements(db);
    this.#commit = commit;
  }

  /** @param now epoch milliseconds: they are offered at this moment */
  remember(types: readonly TypeManifest[], now: number): Promise<void> {
    return this.#commit(() => {
      for (const type of types) this.#sql.remember.run(type.name, JSON.stringify(type), now);
      this.#sql.forget.run(now - KEPT_MS);
    });
  }

  /** By name. */
  all(): readonly TypeManifest[] {
    return this.#sql.all.all().map(({ manifest }) => JSON.parse(manifest) as TypeManifest);
  }
}

function prepareStatements(db: Database) {
  return {
    remember: db.prepare<[string, string, number]>(
      'INSERT OR REPLACE INTO foreign_types (name, manifest, seen_at) VALUES (?, ?, ?)',
    ),
    forget: db.prepare<[number]>('DELETE FROM foreign_types WHERE seen_at < ?'),
    all: db.prepare<[], { manifest: string }>('SELECT manifest FROM foreign_types ORDER BY name'),
  };
}
