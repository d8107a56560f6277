/** Jobs of the store in memory that depend on others: what a new one waits for, and who hears of an end. */
import { TaskbellError } from '../../src/protocol/errors.ts';
import { MAX_HANDED_BYTES, MAX_HANDED_RESULTS } from '../../src/protocol/execute.ts';
import {
  type DependencyCounts,
  isFinished,
  type JobState,
  type RelativesView,
  type RelativeView,
} from '../../src/protocol/jobs.ts';
import { decideRelease, type PlannedJob, planFlow, runAtOnRelease } from '../../src/queue/flow.ts';
import type { JobRecord, NewJob } from '../../src/queue/job.ts';
import { stateEvent, waitingEvent } from '../../src/queue/job-events.ts';
import type { AddOutcome, Released } from '../../src/queue/job-store.ts';
import type { Decision } from '../../src/queue/transitions.ts';
import type { MemoryJob } from './memory-job.ts';

type Finish = Extract<Decision, { kind: 'finish' }>;

interface Link {
  readonly parent: string;
  readonly ref: string | null;
  /** How it ended; null before. */
  readonly state: JobState | null;
}

/** By the id of the job that depends. Values only, so that a copy of the map is a way back. */
export type Flows = Map<
  string,
  { readonly links: readonly Link[]; readonly delayMs: number | null }
>;

export type Named = Pick<Link, 'parent' | 'ref'>;

export interface MemoryFlowsParts {
  readonly jobs: ReadonlyMap<string, MemoryJob>;
  readonly flows: Flows;
  /** Keeps the job, and a row of the log that tells of it where there is one. */
  readonly put: (job: MemoryJob, data?: string) => void;
  readonly finish: (job: MemoryJob, next: Finish, error: { name: string; message: string }) => void;
  readonly now: number;
}

export class MemoryFlows {
  readonly #parts: MemoryFlowsParts;

  constructor(parts: MemoryFlowsParts) {
    this.#parts = parts;
  }

  /** @throws TaskbellError for a request whose jobs cannot be put in order, or that names no job */
  plan(jobs: readonly NewJob[]): readonly PlannedJob[] {
    const plan = planFlow(jobs);
    if (plan instanceof TaskbellError) throw plan;
    if (plan === null) return jobs.map((_, index) => ({ index, parents: [] }));
    for (const parent of plan.flatMap(({ parents }) => parents)) {
      if (parent.kind === 'member' || this.#parts.jobs.has(parent.id)) continue;
      throw new TaskbellError('E_NOT_FOUND', `There is no job ${parent.id} to depend on.`);
    }
    return plan;
  }

  carryOut(
    plan: readonly PlannedJob[],
    add: (index: number, parents: readonly Named[]) => AddOutcome,
  ): readonly AddOutcome[] {
    const outcomes: AddOutcome[] = [];
    for (const { index, parents } of plan) {
      const named = parents.map((parent) =>
        parent.kind === 'job'
          ? { parent: parent.id, ref: null }
          : { parent: outcomes[parent.index]?.job.id ?? '', ref: parent.ref },
      );
      outcomes[index] = add(index, named);
    }
    return outcomes;
  }

  /** Gives a job that was just put its dependencies; what it is by then. */
  join(fresh: MemoryJob, job: NewJob, named: readonly Named[]): MemoryJob {
    const ids = [...new Map(named.map((one) => [one.parent, one])).values()];
    const links = ids.map((one): Link => ({ ...one, state: this.#endOf(one.parent) }));
    this.#parts.flows.set(fresh.record.id, { links, delayMs: job.delayMs ?? null });
    const unfinished = links.filter(({ state }) => state === null).length;
    const unsuccessful = links.filter(isBad).length;
    const release = decideRelease(job.onDependencyFailure, { unfinished, unsuccessful });
    const { runAt: own, delayMs = null } = job;
    const runAt =
      release === 'run' ? runAtOnRelease({ runAt: own, delayMs }, this.#parts.now) : own;
    const state = release !== 'run' ? 'waiting' : runAt === null ? 'queued' : 'scheduled';
    const record: JobRecord = { ...fresh.record, state, runAt, waitsFor: unfinished };
    this.#say({ ...fresh, record });
    const because = links.find(isBad);
    if (because !== undefined && (release === 'fail' || release === 'cancel')) {
      this.#end(record.id, release, because.parent);
    }
    return this.#parts.jobs.get(record.id) as MemoryJob;
  }

  /** @returns what may run because this job has ended, in the end */
  tell(first: string): readonly Released[] {
    const released: Released[] = [];
    const untold = [first];
    // The list grows while it is walked.
    for (const ended of untold) {
      for (const job of this.#waitingFor(ended)) {
        const { id, waitsFor, onDependencyFailure } = job.record;
        const release = decideRelease(onDependencyFailure, {
          unfinished: waitsFor - 1,
          unsuccessful: this.#endOf(ended) === 'succeeded' ? 0 : 1,
        });
        if (release === 'run') released.push(this.#release(job));
        else if (release === 'wait') this.#keepWaiting(job, waitsFor - 1);
        else {
          this.#end(id, release, ended);
          untold.push(id);
        }
      }
    }
    return released;
  }

  /** Those that count this end, which is noted. */
  #waitingFor(ended: string): readonly MemoryJob[] {
    const waiting = this.#dependentsOf(ended).filter(({ link }) => link.state === null);
    this.#note(ended);
    return waiting
      .map(({ id }) => this.#parts.jobs.get(id))
      .filter((job) => job !== undefined && !isFinished(job.record.state)) as MemoryJob[];
  }

  /** Among the unfinished ones again: what it waits for now. */
  rejoin(job: MemoryJob): MemoryJob {
    const { unfinished } = this.#lookAgain(job.record.id);
    if (unfinished === 0) return job;
    return { ...job, record: { ...job.record, state: 'waiting', waitsFor: unfinished } };
  }

  /** Ids of jobs that ended because this one had not succeeded, and that may wait for it again. */
  revivable(id: string): readonly string[] {
    return this.#dependentsOf(id)
      .map((one) => this.#parts.jobs.get(one.id)?.record)
      .filter((record) => record?.reason === 'dependency')
      .flatMap((record) => (record === undefined ? [] : [record]))
      .filter((record) => {
        return decideRelease(record.onDependencyFailure, this.#lookAgain(record.id)) === 'wait';
      })
      .map((record) => record.id);
  }

  handDown(id: string): string | null {
    const counts = this.count(id);
    if (counts === undefined) return null;
    const { unfinished: _, ...ended } = counts;
    const results = (this.#parts.flows.get(id)?.links ?? [])
      .slice(0, MAX_HANDED_RESULTS)
      .map((link) => {
        const { type, error, result } = this.#parts.jobs.get(link.parent)?.record ?? {};
        const { ref, state } = link;
        const facts = { id: link.parent, ref, type, state, error: error?.message ?? null };
        return { ...facts, result: JSON.parse(result ?? 'null') };
      });
    return JSON.stringify({ ...ended, results: results.slice(0, fitting(results)) });
  }

  count(id: string): DependencyCounts | undefined {
    const links = this.#parts.flows.get(id)?.links ?? [];
    const of = (state: JobState | null) => links.filter((link) => link.state === state).length;
    if (links.length === 0) return undefined;
    return {
      total: links.length,
      unfinished: of(null),
      succeeded: of('succeeded'),
      failed: of('failed'),
      cancelled: of('cancelled'),
    };
  }

  relatives(id: string, limit: number): RelativesView {
    const links = this.#parts.flows.get(id)?.links ?? [];
    return {
      dependencies: links.slice(0, limit).map(({ parent, ref }) => this.#view(parent, ref)),
      dependents: this.#dependentsOf(id)
        .slice(0, limit)
        .map(({ id: child, link }) => this.#view(child, link.ref)),
    };
  }

  #view(id: string, ref: string | null): RelativeView {
    const { type = null, state = 'failed' } = this.#parts.jobs.get(id)?.record ?? {};
    return { id, ref, type, state };
  }

  #endOf(id: string): JobState | null {
    const { state } = this.#parts.jobs.get(id)?.record ?? {};
    return state !== undefined && isFinished(state) ? state : null;
  }

  #dependentsOf(id: string): readonly { readonly id: string; readonly link: Link }[] {
    return [...this.#parts.flows].flatMap(([child, { links }]) =>
      links.filter((link) => link.parent === id).map((link) => ({ id: child, link })),
    );
  }

  #note(parent: string): void {
    const { flows } = this.#parts;
    const state = this.#endOf(parent);
    for (const [child, flow] of flows) {
      if (!flow.links.some((link) => link.parent === parent)) continue;
      const links = flow.links.map((link) => (link.parent === parent ? { ...link, state } : link));
      flows.set(child, { ...flow, links });
    }
  }

  #lookAgain(id: string): { unfinished: number; unsuccessful: number } {
    const flow = this.#parts.flows.get(id);
    if (flow === undefined) return { unfinished: 0, unsuccessful: 0 };
    // Of one that was removed, the end stays known.
    const links = flow.links.map((link) => {
      return this.#parts.jobs.has(link.parent)
        ? { ...link, state: this.#endOf(link.parent) }
        : link;
    });
    this.#parts.flows.set(id, { ...flow, links });
    const unfinished = links.filter(({ state }) => state === null).length;
    return { unfinished, unsuccessful: links.filter(isBad).length };
  }

  #release(job: MemoryJob): Released {
    const { id, type, queue, group, runAt: own } = job.record;
    const delayMs = this.#parts.flows.get(id)?.delayMs ?? null;
    const runAt = runAtOnRelease({ runAt: own, delayMs }, this.#parts.now);
    const state = runAt === null ? 'queued' : 'scheduled';
    this.#say({ ...job, record: { ...job.record, state, runAt, waitsFor: 0 } });
    return { type, queue, group, runAt };
  }

  #keepWaiting(job: MemoryJob, waitsFor: number): void {
    // No row tells of it: nothing about the job has changed but a number.
    this.#parts.put({ ...job, record: { ...job.record, waitsFor } });
  }

  #say(job: MemoryJob): void {
    const { state, runAt, attempt } = job.record;
    const data =
      runAt === null
        ? stateEvent(job.record, state, attempt)
        : waitingEvent(job.record, state, { attempt, runAt });
    this.#parts.put(job, data);
  }

  #end(id: string, release: 'fail' | 'cancel', because: string): void {
    const job = this.#parts.jobs.get(id) as MemoryJob;
    const { type, state } = (this.#parts.jobs.get(because) as MemoryJob).record;
    const how = state === 'failed' ? 'failed' : 'was cancelled';
    const message = `it depends on job ${because} (${type}), which ${how}`;
    const next: Finish = {
      kind: 'finish',
      state: release === 'fail' ? 'failed' : 'cancelled',
      reason: 'dependency',
    };
    this.#parts.finish(job, next, { name: 'DependencyError', message });
  }
}

/** So many of them from the first have room. */
function fitting(results: readonly unknown[]): number {
  let size = 0;
  const first = results.findIndex((one) => {
    size += Buffer.byteLength(JSON.stringify(one));
    return size > MAX_HANDED_BYTES;
  });
  return first === -1 ? results.length : first;
}

function isBad({ state }: Pick<Link, 'state'>): boolean {
  return state === 'failed' || state === 'cancelled';
}
