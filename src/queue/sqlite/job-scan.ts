/** Walks past all jobs on SQLite, a few rows at a time, so that nobody waits long for a look at millions. */
import type { Database } from '../../sqlite/database.ts';
import { type FilteredFacts, fits } from '../job-filter.ts';
import type { EndedPage, EndedRequest, ScanPage, ScanRequest } from '../job-store.ts';
import { keyOf, NO_GROUP } from './job-rows.ts';
import type { SealedRows } from './sealed-rows.ts';

interface ScanRow {
  readonly id: number;
  readonly type: string;
  readonly queue: string;
  readonly state: FilteredFacts['state'];
  readonly user_id: string | null;
  readonly created_at: number;
  readonly group_key: string;
  readonly ended_at: number | null;
  readonly error: string | null;
}

interface EndedRow {
  readonly id: number;
  readonly state: FilteredFacts['state'];
  readonly ended_at: number;
}

type Walk = keyof ReturnType<typeof prepareWalks>;

export class JobScan {
  readonly #walks: ReturnType<typeof prepareWalks>;
  readonly #ended: ReturnType<typeof prepareEnded>;

  readonly #sealed: SealedRows;

  constructor(db: Database, sealed: SealedRows) {
    this.#sealed = sealed;
    this.#walks = prepareWalks(db);
    this.#ended = prepareEnded(db);
  }

  page({ criteria, after, limit }: ScanRequest): ScanPage {
    const walks = walksFor(criteria.states);
    const { walk, id } = after === null ? { walk: walks[0], id: 0 } : readPosition(after);
    if (walk === undefined) return { found: [], next: null };
    const rows = this.#walks[walk].all(id, limit);
    const found = rows
      .filter((row) => fits(criteria, factsOf(row, this.#sealed)))
      .map((row) => ({ id: String(row.id), position: positionOf(walk, row.id) }));
    const last = rows.length === limit ? rows.at(-1) : undefined;
    if (last !== undefined) return { found, next: positionOf(walk, last.id) };
    const following = walks[walks.indexOf(walk) + 1];
    return { found, next: following === undefined ? null : positionOf(following, 0) };
  }

  endedAfter({ state, after, limit }: EndedRequest): EndedPage {
    const key = after === null ? 0 : keyOf(after);
    const rows = this.#ended[state].all(key, limit);
    const ended = rows
      .filter((row) => row.state === state)
      .map((row) => ({ id: String(row.id), endedAt: row.ended_at }));
    const last = rows.length === limit ? rows.at(-1) : undefined;
    return { ended, next: last === undefined ? null : String(last.id) };
  }
}

/** Ended jobs first: what becomes one of them on the way is not met again. */
function walksFor(states: ReadonlySet<string>): readonly Walk[] {
  const ended: readonly Walk[] = states.has('succeeded')
    ? ['ended']
    : (['failed', 'cancelled'] as const).filter((state) => states.has(state));
  const live = (['waiting', 'scheduled', 'queued', 'retrying'] as const).some((state) =>
    states.has(state),
  );
  if (live) return [...ended, 'unfinished'];
  return states.has('running') ? [...ended, 'running'] : ended;
}

function positionOf(walk: Walk, id: number): string {
  return `${walk}:${id}`;
}

/** A position of another store, or of nobody's, is behind everything. */
function readPosition(text: string): { walk: Walk | undefined; id: number } {
  const [, name, id] = /^(ended|failed|cancelled|unfinished|running):(\d{1,15})$/.exec(text) ?? [];
  return { walk: name as Walk | undefined, id: Number(id ?? 0) };
}

function factsOf(row: ScanRow, sealed: SealedRows): FilteredFacts {
  return {
    id: String(row.id),
    state: row.state,
    type: row.type,
    queue: row.queue,
    group: row.group_key === NO_GROUP ? null : row.group_key,
    userId: row.user_id,
    createdAt: row.created_at,
    endedAt: row.ended_at,
    get errorMessage() {
      const error = sealed.error(row.error, row.id);
      return error === null ? null : (JSON.parse(error) as { message: string }).message;
    },
  };
}

const COLUMNS = 'id, type, queue, state, user_id, created_at, group_key';
const ENDED = `SELECT ${COLUMNS}, ended_at, error FROM finished_jobs`;
const LIVE = `SELECT ${COLUMNS}, NULL AS ended_at, NULL AS error FROM jobs`;

function prepareWalks(db: Database) {
  const walk = (sql: string) => db.prepare<[number, number], ScanRow>(sql);
  return {
    ended: walk(`${ENDED} WHERE id > ? ORDER BY id LIMIT ?`),
    failed: walk(`${ENDED} WHERE ${among('failed')} AND id > ? ORDER BY id LIMIT ?`),
    cancelled: walk(`${ENDED} WHERE ${among('cancelled')} AND id > ? ORDER BY id LIMIT ?`),
    unfinished: walk(`${LIVE} WHERE id > ? ORDER BY id LIMIT ?`),
    // Few among many that wait: the unary plus keeps SQLite from walking the whole table by id.
    running: walk(`${LIVE} WHERE state = 'running' AND +id > ? ORDER BY +id LIMIT ?`),
  };
}

function prepareEnded(db: Database) {
  const select = 'SELECT id, state, ended_at FROM finished_jobs WHERE';
  const walk = (where: string) =>
    db.prepare<[number, number], EndedRow>(`${select} ${where} id > ? ORDER BY id LIMIT ?`);
  return {
    succeeded: walk(''),
    failed: walk(`${among('failed')} AND`),
    cancelled: walk(`${among('cancelled')} AND`),
  };
}

/** The words of the partial index, which SQLite compares as text. */
function among(state: string): string {
  return `state = '${state}' AND state <> 'succeeded'`;
}
