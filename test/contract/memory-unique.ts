/** Unique keys of the store in memory: who holds one, until when, and what follows whom. */
import { isFinished, type UniqueOutcome } from '../../src/protocol/jobs.ts';
import type { JobRecord, NewJob } from '../../src/queue/job.ts';
import { uniqueEvent } from '../../src/queue/job-events.ts';
import type { Released } from '../../src/queue/job-store.ts';
import {
  conflictError,
  decideUnique,
  findConflict,
  type UniqueDecision,
} from '../../src/queue/unique.ts';
import type { Flows } from './memory-flows.ts';
import type { MemoryJob } from './memory-job.ts';

export interface MemoryFollower {
  readonly job: NewJob;
  readonly since: number;
}

/** Values only, so that a copy of the two maps is a way back. */
export interface UniqueTables {
  /** By type and key. */
  readonly windows: Map<string, { readonly id: string; readonly until: number }>;
  /** By the id of the job that runs. */
  readonly followers: Map<string, MemoryFollower>;
}

/** Nobody holds the key: `free` is to be added. Otherwise `change` is what becomes of the one that does. */
export type MemoryMeeting =
  | { readonly free: NewJob; readonly change?: never }
  | { readonly free?: never; readonly change: MemoryChange };

type Jobs = ReadonlyMap<string, MemoryJob>;
type Keyed = Pick<NewJob, 'type' | 'uniqueKey'>;

export function noUnique(): UniqueTables {
  return { windows: new Map(), followers: new Map() };
}

export function copyUnique({ windows, followers }: UniqueTables): UniqueTables {
  return { windows: new Map(windows), followers: new Map(followers) };
}

export function holderAmong(jobs: Jobs, { type, uniqueKey }: Keyed): MemoryJob | undefined {
  if (uniqueKey === null) return undefined;
  return [...jobs.values()].find(
    ({ record }) =>
      record.type === type && record.uniqueKey === uniqueKey && !isFinished(record.state),
  );
}

export class MemoryUnique {
  readonly #jobs: Jobs;
  readonly #flows: Flows;
  readonly #tables: UniqueTables;

  constructor(jobs: Jobs, flows: Flows, tables: UniqueTables) {
    this.#jobs = jobs;
    this.#flows = flows;
    this.#tables = tables;
  }

  /** @throws TaskbellError E_CONFLICT */
  check(jobs: readonly NewJob[], now: number): void {
    const conflict = findConflict(jobs, (job) => this.#holder(job, now)?.record.id);
    if (conflict !== undefined) throw conflictError(conflict);
  }

  meet(job: NewJob, now: number): MemoryMeeting {
    const holder = this.#holder(job, now);
    const facts = holder && {
      state: holder.record.state,
      createdAt: holder.record.createdAt,
      followedSince: this.#tables.followers.get(holder.record.id)?.since ?? null,
    };
    const decision = decideUnique(job, facts, now);
    if (decision.kind === 'add') return { free: { ...job, runAt: decision.runAt } };
    if (holder === undefined) throw new Error('nobody holds the key');
    return { change: this.#apply(job, holder, decision) };
  }

  hold(
    id: string,
    { type, uniqueKey, unique }: NewJob,
    from: { readonly since: number; readonly now: number },
  ): void {
    const { windows } = this.#tables;
    const windowMs = unique?.windowMs ?? null;
    if (uniqueKey === null || windowMs === null) return;
    windows.set(nameOf(type, uniqueKey), { id, until: from.since + windowMs });
    for (const [name, { until }] of windows) if (until <= from.now) windows.delete(name);
  }

  /** What the holder is afterwards, the row that tells it, and what the add is answered. */
  #apply(job: NewJob, holder: MemoryJob, decision: UniqueDecision): MemoryChange {
    if (decision.kind === 'follow') {
      const { runAt, since } = decision;
      this.#tables.followers.set(holder.record.id, { job: { ...job, runAt }, since });
      return changeOf(holder, 'follows', runAt);
    }
    if (decision.kind === 'replace' || decision.kind === 'postpone') {
      const flow = this.#flows.get(holder.record.id);
      // The new time is a time, not a pause after the release.
      if (flow !== undefined) this.#flows.set(holder.record.id, { ...flow, delayMs: null });
      const after = replaced(holder, job, decision.runAt);
      const unique = decision.kind === 'replace' ? 'replaced' : 'postponed';
      return changeOf(after, unique, decision.runAt);
    }
    return { job: holder, unique: 'kept', row: undefined };
  }

  takeFollower(id: string): MemoryFollower | undefined {
    const follower = this.#tables.followers.get(id);
    this.#tables.followers.delete(id);
    return follower;
  }

  #holder(job: Keyed, now: number): MemoryJob | undefined {
    const unfinished = holderAmong(this.#jobs, job);
    if (unfinished !== undefined || job.uniqueKey === null) return unfinished;
    const window = this.#tables.windows.get(nameOf(job.type, job.uniqueKey));
    return window !== undefined && window.until > now ? this.#jobs.get(window.id) : undefined;
  }
}

export interface MemoryChange {
  readonly job: MemoryJob;
  readonly unique: UniqueOutcome;
  readonly row: string | undefined;
}

function changeOf(job: MemoryJob, unique: UniqueOutcome, runAt: number | null): MemoryChange {
  const { attempt, state } = job.record;
  return { job, unique, row: uniqueEvent(job.record, state, { attempt, runAt, unique }) };
}

function replaced(held: MemoryJob, job: NewJob, runAt: number | null): MemoryJob {
  const waits = held.record.state === 'waiting';
  const { unique: _, ref: __, after: ___, delayMs: ____, ...taken } = job;
  const record: JobRecord = {
    ...held.record,
    ...taken,
    ...(waits ? { onDependencyFailure: held.record.onDependencyFailure } : {}),
    failures: 0,
    crashes: 0,
    runAt,
    state: waits ? 'waiting' : runAt === null ? 'queued' : 'scheduled',
  };
  return { ...held, record };
}

export function nameOf(type: string, key: string): string {
  return JSON.stringify([type, key]);
}

/** As answers carry it: nothing in most of them. */
export function releasing(released: readonly Released[]): { released?: readonly Released[] } {
  return released.length === 0 ? {} : { released };
}
