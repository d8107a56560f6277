/**
 * How many jobs are in which state: unfinished ones by queue, kept in memory beside the table;
 * finished ones in total, written with each group of commits. Never counts a big table twice.
 */
import type { JobState } from '../../protocol/jobs.ts';
import type { Participant } from '../../sqlite/commit.ts';
import type { Database } from '../../sqlite/database.ts';
import type { FinishedState } from '../job-store.ts';

type Counts = Partial<Record<JobState, number>>;

/** Beside the totals of ends: how many of their records are gone. */
const REMOVED = 'removed:';

const FINISHED: readonly JobState[] = ['succeeded', 'failed', 'cancelled'];

export class JobCounts implements Participant {
  readonly #statements;
  #byQueue = new Map<string, Counts>();
  #totals: Counts = {};
  #dirty = new Set<JobState>();
  #removed: Counts = {};
  #dirtyRemoved = new Set<FinishedState>();

  constructor(db: Database) {
    this.#statements = prepareStatements(db);
    this.#load();
  }

  move(queue: string, from: JobState | null, to: JobState | null): void {
    if (from !== null) this.#add(queue, from, -1);
    if (to !== null) this.#add(queue, to, 1);
  }

  /** A record of an ended job is gone: removed, or unfinished again. */
  remove(state: FinishedState): void {
    this.#removed[state] = (this.#removed[state] ?? 0) + 1;
    this.#dirtyRemoved.add(state);
  }

  /** Records of ended jobs. */
  kept(state: FinishedState): number {
    return (this.#totals[state] ?? 0) - (this.#removed[state] ?? 0);
  }

  byQueue(): ReadonlyMap<string, Readonly<Counts>> {
    return this.#byQueue;
  }

  total(state: JobState): number {
    if (FINISHED.includes(state)) return this.#totals[state] ?? 0;
    let sum = 0;
    for (const counts of this.#byQueue.values()) sum += counts[state] ?? 0;
    return sum;
  }

  beforeCommit(): void {
    for (const state of this.#dirty)
      this.#statements.saveTotal.run(state, this.#totals[state] ?? 0);
    for (const state of this.#dirtyRemoved)
      this.#statements.saveTotal.run(`${REMOVED}${state}`, this.#removed[state] ?? 0);
  }

  afterCommit(): void {
    this.#dirty.clear();
    this.#dirtyRemoved.clear();
  }

  afterRollback(): void {
    this.#dirty.clear();
    this.#dirtyRemoved.clear();
    this.#load();
  }

  #add(queue: string, state: JobState, change: number): void {
    const finished = FINISHED.includes(state);
    if (finished) this.#dirty.add(state);
    const counts = finished ? this.#totals : this.#queue(queue);
    counts[state] = (counts[state] ?? 0) + change;
  }

  #queue(name: string): Counts {
    let counts = this.#byQueue.get(name);
    if (counts === undefined) {
      counts = {};
      this.#byQueue.set(name, counts);
    }
    return counts;
  }

  #load(): void {
    this.#byQueue = new Map();
    for (const row of this.#statements.live.all()) this.#queue(row.queue)[row.state] = row.n;
    this.#totals = {};
    this.#removed = {};
    for (const { state, n } of this.#statements.totals.all()) {
      if (state.startsWith(REMOVED)) this.#removed[state.slice(REMOVED.length) as JobState] = n;
      else this.#totals[state as JobState] = n;
    }
  }
}

function prepareStatements(db: Database) {
  return {
    // Each arm is covered by the partial index of its state.
    live: db.prepare<[], { queue: string; state: JobState; n: number }>(`
      SELECT queue, 'queued' AS state, count(*) AS n FROM jobs WHERE state = 'queued' GROUP BY queue
      UNION ALL
      SELECT queue, state, count(*) FROM jobs WHERE state IN ('scheduled', 'retrying')
       GROUP BY queue, state
      UNION ALL
      SELECT queue, 'running', count(*) FROM jobs WHERE state = 'running' GROUP BY queue
      UNION ALL
      SELECT queue, 'waiting', count(*) FROM jobs WHERE state = 'waiting' GROUP BY queue`),
    totals: db.prepare<[], { state: string; n: number }>('SELECT state, n FROM totals'),
    saveTotal: db.prepare<[string, number]>(
      'INSERT INTO totals (state, n) VALUES (?, ?) ON CONFLICT (state) DO UPDATE SET n = excluded.n',
    ),
  };
}
