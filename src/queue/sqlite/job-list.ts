/** Listings: newest first, by any filter, from both tables, a page at a time. */
import type { Statement } from 'better-sqlite3';
import { isFinished } from '../../protocol/jobs.ts';
import type { Database } from '../../sqlite/database.ts';
import type { JobPage, ListFilter } from '../job-store.ts';
import { type JobRow, SELECT_FINISHED, SELECT_UNFINISHED, toJob } from './job-rows.ts';
import type { SealedRows } from './sealed-rows.ts';

/** States that few jobs are in. */
const FEW = ["state = 'running'", "state = 'waiting'"];

export class JobList {
  readonly #db: Database;
  readonly #sealed: SealedRows;
  /** One statement per combination of filters: a few dozen at the most. */
  readonly #prepared = new Map<string, Statement<unknown[], JobRow>>();

  constructor(db: Database, sealed: SealedRows) {
    this.#db = db;
    this.#sealed = sealed;
  }

  page(filter: ListFilter): JobPage {
    const { conditions, values } = toConditions(filter);
    const tables = tablesFor(filter);
    const rows = tables
      .flatMap((select) => this.#statement(select, conditions).all(...values, filter.limit + 1))
      .sort((a, b) => b.id - a.id);
    const jobs = rows.slice(0, filter.limit).map((row) => toJob(this.#sealed.job(row)));
    return { jobs, next: rows.length > filter.limit ? (jobs.at(-1)?.id ?? null) : null };
  }

  #statement(select: string, conditions: readonly string[]): Statement<unknown[], JobRow> {
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    // Few run among many that are queued: the unary plus keeps SQLite from walking the whole table by id.
    const order = FEW.some((state) => conditions.includes(state)) ? '+id' : 'id';
    const sql = `${select} ${where} ORDER BY ${order} DESC LIMIT ?`;
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare<unknown[], JobRow>(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }
}

function tablesFor(filter: ListFilter): readonly string[] {
  if (filter.state === undefined) return [SELECT_UNFINISHED, SELECT_FINISHED];
  return [isFinished(filter.state) ? SELECT_FINISHED : SELECT_UNFINISHED];
}

function toConditions(filter: ListFilter): { conditions: string[]; values: unknown[] } {
  const conditions: string[] = [];
  const values: unknown[] = [];
  const add = (condition: string, value: unknown): void => {
    conditions.push(condition);
    values.push(value);
  };
  // The state stands in the text, not as a parameter: SQLite matches partial indexes by text.
  if (filter.state !== undefined) conditions.push(`state = '${filter.state}'`);
  if (filter.state === 'failed' || filter.state === 'cancelled') {
    conditions.push("state <> 'succeeded'");
  }
  if (filter.type !== undefined) add('type = ?', filter.type);
  if (filter.queue !== undefined) add('queue = ?', filter.queue);
  if (filter.userId !== undefined) add('user_id = ?', filter.userId);
  if (filter.group !== undefined) add('group_key = ?', filter.group);
  if (filter.cursor !== undefined)
    add('id < ?', /^\d{1,15}$/.test(filter.cursor) ? Number(filter.cursor) : 0);
  return { conditions, values };
}
