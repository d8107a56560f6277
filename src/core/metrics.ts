/**
 * The figures of the core in the text format of Prometheus: jobs, commits, processes, disk.
 *
 * Pure: what the parts of the core know goes in, families come out. docs/operations.md lists the names, which never
 * change their meaning. Labels hold names that operators and callers choose, and only so many of them.
 */
import type { StorageView } from '../protocol/database.ts';
import type { QueueView, ReportStatus, StatusDetails, StatusView } from '../protocol/status.ts';
import type { ProcessView } from '../protocol/supervision.ts';
import type { TroubleLevel } from '../protocol/troubles.ts';
import type { CommitFigures } from './commit-meter.ts';
import type { JobFigures } from './job-meter.ts';
import type { LoopDelay } from './loop-delay.ts';
import {
  counter,
  type Family,
  gauge,
  histogram,
  known,
  type Labels,
  one,
  type Sample,
  sample,
} from './metric-text.ts';

export interface CoreFacts {
  readonly status: StatusView;
  readonly details: Omit<StatusDetails, 'troubles' | 'cursors' | 'delivered'>;
  readonly jobs: JobFigures;
  readonly commits: CommitFigures;
  /** Rows that this core has put into the log. */
  readonly logRows: number;
  readonly troubles: Readonly<Record<TroubleLevel, number>>;
  readonly loopDelay: LoopDelay;
}

/** Queues come with jobs; beyond so many the rest is in the sums alone. */
const MAX_TOLD_QUEUES = 100;

export function coreFamilies(facts: CoreFacts): readonly Family[] {
  return [
    ...jobFamilies(facts),
    ...queueFamilies(facts.details.queues),
    ...commitFamilies(facts),
    ...reportFamilies(facts.status.report),
    ...executorFamilies(facts.status),
    ...processFamilies(facts),
    ...machineFamilies(facts),
  ];
}

function jobFamilies({ status, jobs }: CoreFacts): readonly Family[] {
  const added = Object.values(status.jobs).reduce((sum, n) => sum + n, 0);
  return [
    counter(
      'taskbell_jobs_added_total',
      'Jobs that were added, or queued again by a retry after their end, since the database was made.',
      one(added),
    ),
    counter(
      'taskbell_job_ends_total',
      'Jobs that an attempt has ended, since this core woke.',
      jobs.ends.map(({ count, ...labels }) => sample(labels, count)),
    ),
    counter(
      'taskbell_attempts_failed_total',
      'Attempts that were charged: an error, a time limit, a crash, a refused payload.',
      jobs.attempts.map(({ type, failed }) => sample({ type }, failed)),
    ),
    histogram(
      'taskbell_attempt_duration_seconds',
      'How long attempts took, however they ended.',
      jobs.attempts.map(({ type, durations }) => ({ labels: { type }, counts: durations })),
    ),
    histogram(
      'taskbell_job_pickup_seconds',
      'From the add to the start of the first attempt, of jobs that were added to run at once.',
      [{ labels: {}, counts: jobs.pickup }],
    ),
    gauge('taskbell_jobs_failed_kept', 'Failed jobs whose records are kept.', one(status.dead)),
  ];
}

function queueFamilies(queues: readonly QueueView[]): readonly Family[] {
  const told = queues.slice(0, MAX_TOLD_QUEUES);
  const counts = told.flatMap(({ name, jobs }) =>
    Object.entries(jobs).map(([state, count]) => sample({ queue: name, state }, count)),
  );
  return [
    gauge('taskbell_jobs', 'Unfinished jobs.', counts),
    gauge(
      'taskbell_queue_oldest_seconds',
      'How long the oldest queued job waits; 0: none does.',
      told.map(({ name, oldest }) => sample({ queue: name }, (oldest?.latency ?? 0) / 1_000)),
    ),
    gauge(
      'taskbell_queue_paused',
      '1: takes jobs and starts none.',
      told.map(({ name, mode }) => sample({ queue: name }, mode === 'paused' ? 1 : 0)),
    ),
  ];
}

function commitFamilies({ commits, logRows }: CoreFacts): readonly Family[] {
  return [
    histogram('taskbell_commit_duration_seconds', 'Transactions, with the wait for the disk.', [
      { labels: {}, counts: commits.durations },
    ]),
    counter(
      'taskbell_commit_writes_total',
      'Requests that shared the transactions.',
      one(commits.writes),
    ),
    counter('taskbell_log_rows_total', 'Rows appended to the log.', one(logRows)),
  ];
}

function reportFamilies({ state, reported, counts }: ReportStatus): readonly Family[] {
  const isOff = state === 'off';
  return [
    gauge(
      'taskbell_report_connected',
      '1: the receiving service is connected; missing where there is none.',
      isOff ? [] : one(state === 'connected' ? 1 : 0),
    ),
    counter('taskbell_reports_total', 'Reports that were acknowledged.', one(reported)),
    counter(
      'taskbell_report_connection_events_total',
      'What happened to the connection.',
      Object.entries(counts).map(([event, count]) => sample({ event }, count)),
    ),
  ];
}

function executorFamilies({ executors, degradedTypes = [] }: StatusView): readonly Family[] {
  const { total, ready, slots, running } = executors;
  return [
    gauge(
      'taskbell_types_degraded',
      'Types of which one attempt at a time is tried, since they take executors down.',
      one(degradedTypes.length),
    ),
    gauge('taskbell_executors', 'Executors that are connected, or may come back.', one(total)),
    gauge('taskbell_executors_ready', 'Executors that take jobs.', one(ready)),
    gauge('taskbell_executor_slots', 'Attempts that they run at once.', one(slots)),
    gauge('taskbell_executor_slots_busy', 'Attempts that they run now.', one(running)),
  ];
}

function processFamilies({ status, details }: CoreFacts): readonly Family[] {
  const vitals = new Map(details.vitals.map((one) => [one.pid, one]));
  const all = namedProcesses(status.processes).map(({ labels, process }) => {
    const own = process.pid === null ? undefined : vitals.get(process.pid);
    return { labels, process, own };
  });
  return [
    gauge(
      'taskbell_process_up',
      '1: it works, stands by or retires.',
      all.map(({ labels, process }) => sample(labels, UP.has(process.state) ? 1 : 0)),
    ),
    gauge(
      'taskbell_process_restarts',
      'Unexpected ends since its supervisor started.',
      all.map(({ labels, process }) => sample(labels, process.restarts)),
    ),
    gauge(
      'taskbell_process_resident_memory_bytes',
      'Resident memory.',
      all.flatMap(({ labels, own }) => known(labels, own?.residentBytes)),
    ),
    counter(
      'taskbell_process_cpu_seconds_total',
      'User and system time of the process that has this place now.',
      all.flatMap(({ labels, own }) => known(labels, own?.cpuSeconds)),
    ),
  ];
}

const UP: ReadonlySet<string> = new Set(['ready', 'standby', 'retiring']);

interface NamedProcess {
  readonly labels: Labels;
  readonly process: ProcessView;
}

/** By their places, which stay the same when a process is replaced; a pid would be a new time series each time. */
function namedProcesses(processes: readonly ProcessView[]): readonly NamedProcess[] {
  const counts = new Map<string, number>();
  return processes
    .filter(({ state }) => state !== 'retiring')
    .map((process) => {
      const { role } = process;
      const index = counts.get(role) ?? 0;
      counts.set(role, index + 1);
      return { labels: { role, process: `${role}-${index}` }, process };
    });
}

function machineFamilies(facts: CoreFacts): readonly Family[] {
  const { status, details, troubles, loopDelay } = facts;
  const { disk, runtime } = details;
  const { node, sqlite } = runtime;
  return [
    gauge('taskbell_build_info', 'Always 1; the versions are labels.', [
      sample({ version: status.version, node, sqlite }, 1),
    ]),
    gauge(
      'taskbell_core_start_time_seconds',
      'When this core woke, in seconds since 1970.',
      one(Date.parse(status.startedAt) / 1_000),
    ),
    gauge('taskbell_database_bytes', "Size of the database's file.", one(disk.databaseBytes)),
    gauge('taskbell_wal_bytes', 'Size of the write-ahead log.', one(disk.walBytes)),
    gauge(
      'taskbell_disk_free_bytes',
      'Free space where the data directory is.',
      known({}, disk.freeBytes),
    ),
    ...storageFamilies(details.storage),
    gauge(
      'taskbell_event_loop_delay_seconds',
      'How late the event loop of the core was, since the last scrape; missing at the first.',
      delaySamples(loopDelay),
    ),
    counter(
      'taskbell_log_lines_total',
      'Warnings and errors that processes of this service have logged, as far as they were told.',
      Object.entries(troubles).map(([level, count]) => sample({ level }, count)),
    ),
  ];
}

function delaySamples({ p50, p99, max }: LoopDelay): readonly Sample[] {
  const at = (quantile: string, value: number | null) => known({ quantile }, value);
  return [...at('0.5', p50), ...at('0.99', p99), ...at('1', max)];
}

function storageFamilies(storage: StorageView | undefined): readonly Family[] {
  if (storage === undefined) return [];
  const { disk, backup } = storage;
  return [
    gauge(
      'taskbell_disk_full',
      'Whether nothing new is accepted for want of space: 0 or 1.',
      one(Number(disk === 'full')),
    ),
    gauge(
      'taskbell_backup_time_seconds',
      'When the newest backup was made, in seconds since 1970; missing where none is known.',
      known({}, backup.last === null ? null : Date.parse(backup.last.at) / 1_000),
    ),
    gauge(
      'taskbell_backup_failed',
      'Whether the last backup failed: 0 or 1.',
      one(Number(backup.error !== null)),
    ),
  ];
}
