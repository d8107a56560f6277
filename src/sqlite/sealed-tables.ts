/**
 * Walks past every text that may be sealed, some rows at a time: counts by which keys, or seals anew with
 * the current one. The adapters say which columns those are.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sealingKeyOf } from '../protocol/sealed-text.ts';
import type { Commit } from './commit.ts';
import type { Database } from './database.ts';
import type { TextCipher } from './text-cipher.ts';

export interface SealedColumn {
  /** The name that it is sealed with. */
  readonly name: string;
  /** SQL: the text. */
  readonly read: string;
  /** SQL: an assignment with one parameter. */
  readonly write: string;
  /** SQL: what it is sealed as the text of. */
  readonly subject: string;
}

export interface SealedTable {
  readonly table: string;
  /** Columns of the primary key, each of them a number or each a text. */
  readonly key: readonly string[];
  readonly columns: readonly SealedColumn[];
}

export function sealedColumn(name: string, subject: string): SealedColumn {
  return { name, read: name, write: `${name} = ?`, subject };
}

type Value = string | number;
/** The key, and of each column its text and its subject. */
type Row = readonly (Value | null)[];

/** Rows of a chunk: of texts that may be large, and of their beginnings. */
const RESEALED_AT_ONCE = 50;
const COUNTED_AT_ONCE = 1_000;
/** A chunk ends sooner where texts are large: SQLite reads the whole of one, even for its beginning. */
const CHUNK_MS = 10;
/** Longer than the head of any sealed text. */
const HEAD_LENGTH = 80;

/** How many texts each key has sealed; '': none. */
export type KeyUses = ReadonlyMap<string, number>;

export interface ResealedChunk {
  readonly resealed: number;
  /** By key: texts that cannot be opened. */
  readonly unreadable: KeyUses;
}

export class SealedTables {
  readonly #db: Database;
  readonly #tables: readonly SealedTable[];

  constructor(db: Database, tables: readonly SealedTable[]) {
    this.#db = db;
    this.#tables = tables;
  }

  async countUses(): Promise<KeyUses> {
    const uses = new Map<string, number>();
    for (const table of this.#tables) {
      const walk = new TableWalk(this.#db, table, (text) => `substr(${text}, 1, ${HEAD_LENGTH})`);
      for (let rows = walk.next(COUNTED_AT_ONCE); rows.length > 0; ) {
        for (const { text } of rows.flatMap((row) => walk.textsOf(row))) {
          count(uses, sealingKeyOf(text) ?? '');
        }
        await nextTurn();
        rows = walk.next(COUNTED_AT_ONCE);
      }
    }
    return uses;
  }

  /** One pass. What moves from table to table meanwhile may be met twice or not at all. */
  async reseal(cipher: TextCipher, commit: Commit): Promise<ResealedChunk> {
    const unreadable = new Map<string, number>();
    let resealed = 0;
    for (const table of this.#tables) {
      const walk = new TableWalk(this.#db, table, (text) => text);
      for (let rows = walk.next(RESEALED_AT_ONCE); rows.length > 0; ) {
        const old = rows.filter((row) =>
          walk.textsOf(row).some(({ text }) => !cipher.isCurrent(text)),
        );
        if (old.length === 0) await nextTurn();
        else {
          // Read again inside: they may have changed since. Nobody was told anything: the end is on disk.
          const keys = old.map((row) => walk.keyOf(row));
          const work = () => keys.map((key) => resealRow(walk, key, cipher));
          for (const done of await commit(work, 'os')) {
            resealed += done.resealed;
            for (const id of done.unreadable) count(unreadable, id);
          }
        }
        rows = walk.next(RESEALED_AT_ONCE);
      }
    }
    return { resealed, unreadable };
  }
}

function resealRow(
  walk: TableWalk,
  key: readonly Value[],
  cipher: TextCipher,
): { readonly resealed: number; readonly unreadable: readonly string[] } {
  const row = walk.get(key);
  const old =
    row === undefined ? [] : walk.textsOf(row).filter(({ text }) => !cipher.isCurrent(text));
  const unreadable: string[] = [];
  for (const { column, text, subject } of old) {
    const opened = cipher.tryOpen(text, column.name, subject);
    const sealed = cipher.seal(opened, column.name, subject);
    if (cipher.isCurrent(sealed)) walk.set(key, column, sealed);
    else unreadable.push(sealingKeyOf(text) ?? '');
  }
  return { resealed: old.length - unreadable.length, unreadable };
}

/** The rows of one table in the order of its key. */
class TableWalk {
  readonly #db: Database;
  readonly #table: SealedTable;
  readonly #select: string;
  #after: readonly Value[] | null = null;

  constructor(db: Database, table: SealedTable, shorten: (text: string) => string) {
    this.#db = db;
    this.#table = table;
    const texts = table.columns.flatMap(({ read, subject }) => [shorten(read), subject]);
    this.#select = `SELECT ${[...table.key, ...texts].join(', ')} FROM ${table.table}`;
  }

  /** At least one, unless there are no more. */
  next(limit: number): readonly Row[] {
    const { key } = this.#table;
    const names = key.join(', ');
    const after = this.#after;
    const where = after === null ? '' : `WHERE (${names}) > (${key.map(() => '?').join(', ')})`;
    const rows = this.#some(`${where} ORDER BY ${names} LIMIT ?`, [...(after ?? []), limit]);
    const last = rows.at(-1);
    if (last !== undefined) this.#after = this.keyOf(last);
    return rows;
  }

  get(key: readonly Value[]): Row | undefined {
    return this.#prepare(`WHERE ${this.#isRow()}`).get(...key);
  }

  set(key: readonly Value[], { write }: SealedColumn, text: string): void {
    this.#db
      .prepare(`UPDATE ${this.#table.table} SET ${write} WHERE ${this.#isRow()}`)
      .run(text, ...key);
  }

  keyOf(row: Row): readonly Value[] {
    return row.slice(0, this.#table.key.length) as Value[];
  }

  textsOf(row: Row): readonly { column: SealedColumn; text: string; subject: Value }[] {
    const { key, columns } = this.#table;
    return columns.flatMap((column, index) => {
      const text = row[key.length + index * 2];
      const subject = row[key.length + index * 2 + 1];
      return typeof text === 'string' && subject != null ? [{ column, text, subject }] : [];
    });
  }

  #isRow(): string {
    return this.#table.key.map((name) => `${name} = ?`).join(' AND ');
  }

  #some(rest: string, values: readonly Value[]): readonly Row[] {
    const startedMono = performance.now();
    const rows: Row[] = [];
    for (const row of this.#prepare(rest).iterate(...values)) {
      rows.push(row);
      if (performance.now() - startedMono > CHUNK_MS) break;
    }
    return rows;
  }

  #prepare(rest: string) {
    return this.#db.prepare<unknown[], Row>(`${this.#select} ${rest}`).raw();
  }
}

function count(uses: Map<string, number>, id: string): void {
  uses.set(id, (uses.get(id) ?? 0) + 1);
}
