/** How the work goes, and why a job does not: puts together what the parts of the core know. Reads only. */
import type { LinesRequest, SeeingService } from '../api/api-context.ts';
import { toQueueView } from '../api/queues.ts';
import type { EventLog } from '../log/event-log.ts';
import type { JobView, LogLinesView } from '../protocol/jobs.ts';
import type { EndCounts, OldestView, TypeStatsView } from '../protocol/stats.ts';
import type { QueueView, StatsView, StatusView } from '../protocol/status.ts';
import type { WhyView } from '../protocol/why.ts';
import type { NewLogLine } from '../queue/job.ts';
import type { OldestQueued } from '../queue/queue-stats.ts';
import type { ScheduleStore } from '../schedule/schedule-store.ts';
import { JobLines } from './job-lines.ts';
import { gatherWhy, type JobWhyParts } from './job-why.ts';
import type { RemoteExecutor } from './remote-executor.ts';
import { type EndFact, ThroughputMeter, type TypeCounts } from './throughput.ts';
import { stateOf } from './worker-control.ts';

export interface SeeingParts extends JobWhyParts {
  readonly log: Pick<EventLog, 'onAppended'>;
  readonly schedules: Pick<ScheduleStore, 'list'>;
}

type Summary = Pick<StatusView, 'dead' | 'oldest' | 'executors' | 'degradedTypes'>;

export class CoreSeeing implements SeeingService {
  readonly #parts: SeeingParts;
  readonly #lines: JobLines;
  readonly #meter = new ThroughputMeter(() => performance.now());
  /** When the core woke. */
  readonly #since: string;

  constructor(parts: SeeingParts) {
    this.#parts = parts;
    this.#lines = new JobLines(parts.store, parts.log);
    this.#since = new Date(parts.now()).toISOString();
  }

  /** Attempts have ended; to be called after the commit. */
  noteEnds(ends: readonly EndFact[]): void {
    this.#meter.note(ends);
  }

  /** Jobs have written; to be called after the commit. */
  noteLines(lines: readonly NewLogLine[]): void {
    this.#lines.note(lines);
  }

  why(id: string): Promise<WhyView> {
    return gatherWhy(id, this.#parts);
  }

  async origin(id: string): Promise<Pick<JobView, 'uniqueUntil' | 'schedule'>> {
    const { store, stats, schedules } = this.#parts;
    const job = await store.get(id);
    const until = job === undefined ? null : await stats.uniqueUntil(job);
    const schedule = (await schedules.list()).find(({ jobs }) => jobs.includes(id));
    return {
      ...(until === null ? {} : { uniqueUntil: new Date(until).toISOString() }),
      ...(schedule === undefined ? {} : { schedule: schedule.spec.name }),
    };
  }

  lines(id: string, request: LinesRequest): Promise<LogLinesView> {
    return this.#lines.page(id, request);
  }

  async queues(): Promise<readonly QueueView[]> {
    const { store, stats, now } = this.#parts;
    const oldest = await stats.oldestQueued();
    const queues = await store.queues();
    return queues.map((queue) => ({
      ...toQueueView(queue),
      oldest: toOldest(oldest.get(queue.name), now()),
      throughput: this.#meter.ofQueue(queue.name),
    }));
  }

  async stats(): Promise<StatsView> {
    const meter = this.#meter;
    const types = meter.types().map((type): TypeStatsView => {
      const { lastHour, sinceStart } = meter.ofType(type);
      const { p50Ms: p50, p95Ms: p95, ...counts } = lastHour;
      return {
        type,
        lastHour: { ...toCounts(counts), p50, p95 },
        sinceStart: toCounts(sinceStart),
        ...(this.#parts.typeGuard.find(type) && { degraded: true }),
      };
    });
    return { since: this.#since, queues: await this.queues(), types };
  }

  /** What `status` says of it. */
  async summary(): Promise<Summary> {
    const { store, executors, typeGuard } = this.#parts;
    const waiting = (await this.queues()).flatMap(({ name, oldest }) =>
      oldest ? { ...oldest, queue: name } : [],
    );
    const [oldest = null] = waiting.sort((a, b) => b.latency - a.latency);
    return {
      dead: (await store.kept()).failed,
      oldest,
      executors: countExecutors(executors()),
      degradedTypes: typeGuard.views(),
    };
  }
}

function countExecutors(all: readonly RemoteExecutor[]): StatusView['executors'] {
  const sum = (of: (one: RemoteExecutor) => number): number =>
    all.reduce((total, one) => total + of(one), 0);
  return {
    total: all.length,
    ready: sum((one) => (stateOf(one) === 'ready' ? 1 : 0)),
    slots: sum((one) => one.slots),
    running: sum((one) => one.inFlight.size),
  };
}

function toOldest(oldest: OldestQueued | undefined, now: number): OldestView | null {
  if (oldest === undefined) return null;
  const { id, since, isExact } = oldest;
  return { id, since: new Date(since).toISOString(), latency: Math.max(0, now - since), isExact };
}

function toCounts(counts: TypeCounts): EndCounts {
  const judged = counts.succeeded + counts.failed;
  return { ...counts, failureRate: judged === 0 ? null : counts.failed / judged };
}
