/**
 * How many jobs are in which state: unfinished ones by queue, kept in memory beside the table;
 * finished ones in total, written with each group of commits. Never counts a big table twice.
 */
import type { JobState } from '../../protocol/jobs.ts';
import type { Participant } from '../../sqlite/commit.ts';
import type { Database } from '../../sqlite/database.ts';

type Counts = Partial<Record<JobState, number>>;

const FINISHED: readonly JobState[] = ['succeeded', 'failed', 'cancelled'];

export class JobCounts implements Participant {
  readonly #statements;
  #byQueue = new Map<string, Counts>();
  #totals: Counts = {};
  #dirty = new Set<JobState>();

  constructor(db: Database) {
    this.#statements = prepareStatements(db);
    this.#load();
  }

  move(queue: string, from: JobState | null, to: JobState | null): void {
    if (from !== null) this.#add(queue, from, -1);
    if (to !== null) this.#add(queue, to, 1);
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
  }

  afterCommit(): void {
    this.#dirty.clear();
  }

  afterRollback(): void {
    this.#dirty.clear();
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
    for (const row of this.#statements.totals.all()) this.#totals[row.state] = row.n;
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
    totals: db.prepare<[], { state: JobState; n: number }>('SELECT state, n FROM totals'),
    saveTotal: db.prepare<[string, number]>(
      'INSERT INTO totals (state, n) VALUES (?, ?) ON CONFLICT (state) DO UPDATE SET n = excluded.n',
    ),
  };
}
