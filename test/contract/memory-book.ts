/** The tables in memory, each change of a job beside the row of the log that tells of it. Decides nothing. */
import type { Fence } from '../../src/protocol/execute.ts';
import type { JobState } from '../../src/protocol/jobs.ts';
import type { AttemptEnd } from '../../src/queue/job.ts';
import { endEvent } from '../../src/queue/job-events.ts';
import type { Decision, EndDecision } from '../../src/queue/transitions.ts';
import type { MemoryState } from './memory-commit.ts';
import type { MemoryEventLog } from './memory-event-log.ts';
import { MemoryFlows } from './memory-flows.ts';
import { finished, type MemoryJob, neverStarted } from './memory-job.ts';
import { copyTables, type MemoryTables, noTables } from './memory-tables.ts';
import { MemoryUnique } from './memory-unique.ts';

export type Finish = Extract<Decision, { kind: 'finish' }>;

/** What an end comes to where it ends the job. */
export type Finishing = Pick<EndDecision, 'failures' | 'crashes'> & { readonly next: Finish };

export class MemoryBook implements MemoryState {
  readonly log: MemoryEventLog;
  #all: MemoryTables = noTables();

  constructor(log: MemoryEventLog) {
    this.log = log;
  }

  get all(): MemoryTables {
    return this.#all;
  }

  save(): () => void {
    const copy = copyTables(this.#all);
    return () => {
      this.#all = copy;
    };
  }

  keep(job: MemoryJob): void {
    this.#all.jobs.set(job.record.id, job);
  }

  put(job: MemoryJob, data: string, now: number): void {
    this.keep(job);
    this.log.write({ type: 'job', id: job.record.id, kind: 'state', data }, now);
  }

  /** Tells nobody that depends on the job. */
  recordEnd(job: MemoryJob, end: AttemptEnd, decision: Finishing, now: number): void {
    const { state, reason } = decision.next;
    const emitted = state === 'succeeded' ? end.events : [];
    for (const { type, id, data } of emitted) {
      this.log.write({ type, id, kind: 'event', data: JSON.stringify(data) }, now);
    }
    this.keep(finished(job, end, decision, now));
    this.#all.ends.set(state, (this.#all.ends.get(state) ?? 0) + 1);
    const { id, userId, traceparent } = job.record;
    const trace = traceparent === undefined ? {} : { traceparent };
    const data = endEvent(job.record, end, state, reason);
    this.log.write(
      { type: 'job', id, kind: 'end', data, detail: { userId, error: end.error, ...trace } },
      now,
    );
  }

  flows(now: number): MemoryFlows {
    const { jobs, flows } = this.#all;
    return new MemoryFlows({
      ...{ jobs, flows, now },
      put: (job, data) => (data === undefined ? this.keep(job) : this.put(job, data, now)),
      finish: (job, next, error) => {
        const { id, attempt, failures, crashes } = job.record;
        const end = { ...neverStarted(id, attempt), error };
        this.recordEnd(job, end, { next, failures, crashes }, now);
      },
    });
  }

  unique(): MemoryUnique {
    return new MemoryUnique(this.#all.jobs, this.#all.flows, this.#all.unique);
  }

  find(id: string): MemoryJob | undefined {
    return this.#all.jobs.get(id);
  }

  running({ id, attempt }: Fence): MemoryJob | undefined {
    const job = this.find(id);
    return job?.record.state === 'running' && job.record.attempt === attempt ? job : undefined;
  }

  inState(...states: readonly JobState[]): readonly MemoryJob[] {
    return [...this.#all.jobs.values()].filter(({ record }) => states.includes(record.state));
  }
}
