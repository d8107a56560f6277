/**
 * The schedules on SQLite. A run adds its job, cancels those before and moves its schedule in one
 * transaction; the jobs are the job store's, which lends what it does inside of one.
 */
import type { JobRecord } from '../../queue/job.ts';
import type { CancelAnswer, JobsInTransaction } from '../../queue/job-store.ts';
import type { Commit } from '../../sqlite/commit.ts';
import type { Database } from '../../sqlite/database.ts';
import type { SealedTable } from '../../sqlite/sealed-tables.ts';
import { PLAIN_TEXT, type TextCipher } from '../../sqlite/text-cipher.ts';
import { decideFiring } from '../decide-firing.ts';
import { type ScheduleRecord, type ScheduleSource, watchedJobs } from '../schedule.ts';
import type { Advance, AdvanceRequest, ScheduleStore, UpdateSchedule } from '../schedule-store.ts';

export interface SqliteScheduleStoreParts {
  readonly db: Database;
  readonly commit: Commit;
  readonly jobs: JobsInTransaction;
  /** Omitted: payloads are stored as they are. */
  readonly cipher?: TextCipher;
}

/** What of a schedule is sealed at rest: the payload of its jobs. */
export const SEALED_SCHEDULE_TABLES: readonly SealedTable[] = [
  {
    table: 'schedules',
    key: ['name'],
    columns: [
      {
        name: 'payload',
        read: "json_extract(spec, '$.payload')",
        write: "spec = json_set(spec, '$.payload', ?)",
        subject: 'name',
      },
    ],
  },
];

export class SqliteScheduleStore implements ScheduleStore {
  readonly #sql: ReturnType<typeof prepareStatements>;
  readonly #commit: Commit;
  readonly #jobs: JobsInTransaction;
  readonly #cipher: TextCipher;

  constructor({ db, commit, jobs, cipher = PLAIN_TEXT }: SqliteScheduleStoreParts) {
    this.#sql = prepareStatements(db);
    this.#commit = commit;
    this.#jobs = jobs;
    this.#cipher = cipher;
  }

  async list(): Promise<readonly ScheduleRecord[]> {
    return this.#sql.all.all().map((row) => this.#opened(row));
  }

  async get(name: string): Promise<ScheduleRecord | undefined> {
    return this.#find(name);
  }

  async put(name: string, updated: UpdateSchedule): Promise<ScheduleRecord> {
    const saved = await this.#commit(() => {
      let schedule: ScheduleRecord;
      try {
        schedule = updated(this.#find(name));
      } catch (error) {
        // Out of the transaction as a value: to throw it there would take back what shares it.
        return { error };
      }
      return { schedule: this.#save(schedule) };
    });
    if ('error' in saved) throw saved.error;
    return saved.schedule;
  }

  remove(name: string): Promise<boolean> {
    return this.#commit(() => this.#sql.remove.run(name).changes === 1);
  }

  async due(now: number): Promise<readonly string[]> {
    return this.#sql.due.all(now);
  }

  async nextDeadline(): Promise<number | null> {
    return this.#sql.nextDeadline.get() ?? null;
  }

  advance({ name, now, jobOf }: AdvanceRequest): Promise<Advance | undefined> {
    return this.#commit(() => {
      const schedule = this.#find(name);
      if (schedule === undefined) return undefined;
      const unfinished = this.#unfinished(schedule);
      const firing = decideFiring(schedule, { now, previousRuns: unfinished.length > 0 });
      const cancelled = firing.cancelPrevious ? this.#cancel(unfinished, now) : [];
      const added = this.#add(
        firing.starts.map(() => jobOf(schedule.spec)),
        now,
      );
      const jobs = watchedJobs(schedule, { unfinished, added: added.map(({ id }) => id) });
      const { cursor, pending, nextAt } = firing;
      const lastRunAt = added.length > 0 ? now : schedule.lastRunAt;
      const after = { ...schedule, cursor, pending, nextAt, lastRunAt, jobs };
      return { schedule: this.#save(after), added, cancelled };
    });
  }

  runNow({ name, now, jobOf }: AdvanceRequest): Promise<Advance | undefined> {
    return this.#commit(() => {
      const schedule = this.#find(name);
      if (schedule === undefined) return undefined;
      const added = this.#add([jobOf(schedule.spec)], now);
      const ids = { unfinished: schedule.jobs, added: added.map(({ id }) => id) };
      const after = { ...schedule, lastRunAt: now, jobs: watchedJobs(schedule, ids) };
      return { schedule: this.#save(after), added, cancelled: [] };
    });
  }

  #find(name: string): ScheduleRecord | undefined {
    const row = this.#sql.one.get(name);
    return row && this.#opened(row);
  }

  /** A payload that cannot be opened stays sealed: the job of the schedule is refused then. */
  #opened(row: ScheduleRow): ScheduleRecord {
    const schedule = toSchedule(row);
    const { name, payload } = schedule.spec;
    const opened = this.#cipher.tryOpen(payload, 'payload', name);
    return { ...schedule, spec: { ...schedule.spec, payload: opened } };
  }

  #save(schedule: ScheduleRecord): ScheduleRecord {
    const { spec, source, paused, createdAt, cursor, pending, nextAt, lastRunAt, jobs } = schedule;
    const payload = this.#cipher.seal(spec.payload, 'payload', spec.name);
    this.#sql.save.run(
      ...[
        spec.name,
        source,
        JSON.stringify({ ...spec, payload }),
        paused ? 1 : 0,
        createdAt,
        cursor,
        pending,
      ],
      ...[nextAt, lastRunAt, JSON.stringify(jobs)],
    );
    return schedule;
  }

  #unfinished({ spec, jobs }: ScheduleRecord): readonly string[] {
    if (spec.overlap === 'allow') return [];
    return jobs.filter((id) => this.#jobs.get(id)?.endedAt === null);
  }

  #cancel(ids: readonly string[], now: number): readonly CancelAnswer[] {
    return ids.map((id) => this.#jobs.cancel(id, now));
  }

  #add(jobs: Parameters<JobsInTransaction['add']>[0], now: number): readonly JobRecord[] {
    return jobs.length === 0 ? [] : this.#jobs.add(jobs, now).map(({ job }) => job);
  }
}

interface ScheduleRow {
  readonly source: ScheduleSource;
  readonly spec: string;
  readonly paused: number;
  readonly created_at: number;
  readonly cursor: number;
  readonly pending: number | null;
  readonly next_at: number | null;
  readonly last_run_at: number | null;
  readonly jobs: string;
}

function toSchedule(row: ScheduleRow): ScheduleRecord {
  return {
    spec: JSON.parse(row.spec),
    source: row.source,
    paused: row.paused === 1,
    createdAt: row.created_at,
    cursor: row.cursor,
    pending: row.pending,
    nextAt: row.next_at,
    lastRunAt: row.last_run_at,
    jobs: JSON.parse(row.jobs),
  };
}

function prepareStatements(db: Database) {
  return {
    all: db.prepare<[], ScheduleRow>('SELECT * FROM schedules ORDER BY name'),
    one: db.prepare<[string], ScheduleRow>('SELECT * FROM schedules WHERE name = ?'),
    save: db.prepare<unknown[]>(
      `INSERT OR REPLACE INTO schedules
         (name, source, spec, paused, created_at, cursor, pending, next_at, last_run_at, jobs)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    remove: db.prepare<[string]>('DELETE FROM schedules WHERE name = ?'),
    due: db
      .prepare<[number], string>(
        'SELECT name FROM schedules WHERE next_at <= ? ORDER BY next_at, name',
      )
      .pluck(),
    nextDeadline: db
      .prepare<[], number>(
        'SELECT next_at FROM schedules WHERE next_at IS NOT NULL ORDER BY next_at LIMIT 1',
      )
      .pluck(),
  };
}
