/**
 * What the routes need of the core. The core implements it; the routes only translate between
 * HTTP and these words.
 */
import type { Directory } from '../access/directory.ts';
import type { EventLog, LiveRow } from '../log/event-log.ts';
import type { Redaction } from '../privacy/redaction.ts';
import type {
  BulkAnswer,
  BulkRequest,
  BulkVerb,
  ExportPage,
  ExportRequest,
} from '../protocol/bulk.ts';
import type { BackupDone, DatabaseCheck, StorageView } from '../protocol/database.ts';
import type { EventRequest, EventTypesView } from '../protocol/events.ts';
import type {
  ClosedConnections,
  ConnectionFilter,
  ConnectionPage,
  ReplacedGateway,
  TopicPage,
} from '../protocol/gateways.ts';
import type { CursorMove, HistoryPage, HistoryRequest } from '../protocol/history.ts';
import type { JobRequest, JobView, LogLinesView } from '../protocol/jobs.ts';
import type { Json } from '../protocol/json.ts';
import type { KeysView, RotationView } from '../protocol/keys.ts';
import type { ReloadAnswer } from '../protocol/reload.ts';
import type {
  AccessAnswer,
  AccessQuestion,
  QueueMode,
  QueueView,
  ReportStatus,
  StatsView,
  StatusView,
} from '../protocol/status.ts';
import type { Replacement } from '../protocol/supervision.ts';
import type { RevocationPage, RevocationRequest, RevocationView } from '../protocol/tokens.ts';
import type { WhyView } from '../protocol/why.ts';
import type { ReplacedWorker, WorkerView } from '../protocol/workers.ts';
import type { JobRecord } from '../queue/job.ts';
import type { AddOutcome, JobStore, QueueCounts, RetryOptions } from '../queue/job-store.ts';
import type { ScheduleRecord } from '../schedule/schedule.ts';
import type { ScheduleSpec } from '../schedule/schedule-spec.ts';

export interface JobService {
  /**
   * All or none. With an idempotency key a repeat is answered with the jobs of the first add. Throws
   * for an unknown type, an oversized payload, a payload that its schema refuses.
   */
  add(requests: readonly JobRequest[], idempotencyKey?: string): Promise<readonly AddOutcome[]>;
  cancel(id: string): Promise<void>;
  retry(id: string, options?: RetryOptions): Promise<void>;
  /** Resolves when the job has ended, when the time is over, or when the signal is aborted. */
  waitForEnd(id: string, timeoutMs: number, signal: AbortSignal): Promise<void>;
}

export interface QueueService {
  setMode(queue: string, mode: QueueMode): Promise<void>;
  /** One that was never used is open and empty. */
  find(name: string): Promise<QueueCounts>;
  /** Resolves when it holds no unfinished job, when the time is over, or when the signal is aborted. */
  waitUntilEmpty(name: string, timeoutMs: number, signal: AbortSignal): Promise<void>;
}

/** Changes of many jobs, some at a time; what is done when it stops half-way stays done. */
export interface BulkService {
  /** @throws TaskbellError E_INVALID_REQUEST for a filter that says nothing or what cannot be done */
  change(verb: BulkVerb, request: BulkRequest, signal: AbortSignal): Promise<BulkAnswer>;
  exportPage(request: ExportRequest, signal: AbortSignal): Promise<ExportPage>;
}

/** How the work goes, and why a job does not. */
export interface SeeingService {
  /** Throws E_NOT_FOUND. */
  why(id: string): Promise<WhyView>;
  /** What stands beside the job's own record; nothing of an unknown one. */
  origin(id: string): Promise<Pick<JobView, 'uniqueUntil' | 'schedule'>>;
  queues(): Promise<readonly QueueView[]>;
  stats(): Promise<StatsView>;
  /**
   * Lines of a job's log. Where there is none, waits until one comes or the job has ended, until the time is
   * over, or the signal is aborted. Throws E_NOT_FOUND.
   */
  lines(id: string, request: LinesRequest): Promise<LogLinesView>;
}

export interface LinesRequest {
  readonly after: number;
  readonly limit: number;
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

export interface WorkerService {
  list(): readonly WorkerView[];
  /** Null: all of them. Throws E_NOT_FOUND. */
  quiet(pid: number | null): readonly WorkerView[];
  /** Resolves when all are replaced; throws when one is not. */
  restart(replacement: Replacement, signal: AbortSignal): Promise<readonly ReplacedWorker[]>;
}

export interface ScheduleFacts {
  readonly schedule: ScheduleRecord;
  /** Undefined where it has none, or it was removed since. */
  readonly lastJob: JobRecord | undefined;
}

/** Every method that names a schedule throws E_NOT_FOUND where there is none. */
export interface ScheduleService {
  list(): Promise<readonly ScheduleFacts[]>;
  get(name: string): Promise<ScheduleFacts>;
  /** Adds one, or changes one that is no part of the configuration. Throws what an add of its job would throw. */
  add(spec: ScheduleSpec): Promise<ScheduleFacts>;
  remove(name: string): Promise<void>;
  setPaused(name: string, paused: boolean): Promise<ScheduleFacts>;
  /** Adds its job now, besides its times. */
  runNow(name: string): Promise<JobRecord>;
}

export interface EventService {
  /**
   * All or none. With an idempotency key a repeat is answered with the events of the first. Throws for an unknown
   * type, data that is too large, too deep or refused by its schema.
   */
  publish(events: readonly EventRequest[], idempotencyKey?: string): Promise<readonly LiveRow[]>;
  types(): EventTypesView;
  /** An AsyncAPI 3 document. */
  asyncApi(): Readonly<Record<string, Json>>;
}

export interface KeyService {
  list(): Promise<KeysView>;
  /** Resolves when nothing is left that the current key could encrypt anew. */
  rotate(): Promise<RotationView>;
}

export interface PrivacyService {
  readonly redaction: Redaction;
  /** Somebody is shown what the redaction hides. */
  noteReveal(what: string): void;
}

export interface TokenService {
  /** One that says no more than what is in force is answered with that. Throws E_INVALID_REQUEST. */
  revoke(request: RevocationRequest): Promise<RevocationView>;
  /** Oldest first. */
  page(after: string | undefined, limit: number): RevocationPage;
  /** Takes a revocation back; false when there is none with this id. */
  restore(id: string): Promise<boolean>;
}

/** The clients of all gateways. `silent` names gateways that did not answer in time. */
export interface ConnectionService {
  /** By gateway and age. Throws E_INVALID_REQUEST for an `after` that is no id. */
  page(
    filter: ConnectionFilter,
    place: { readonly after: string | undefined; readonly limit: number },
  ): Promise<ConnectionPage>;
  /** @param comeBack the client is asked to, instead of being told that it may not stay. Throws E_NOT_FOUND. */
  close(id: string, comeBack: boolean): Promise<ClosedConnections>;
  closeUser(user: string, comeBack: boolean): Promise<ClosedConnections>;
  topics(type: string | undefined, limit: number): Promise<TopicPage>;
}

export interface GatewayService {
  /** Resolves when all of them are replaced. Throws when one stays; rolling: those after it stay too. */
  restart(replacement: Replacement, signal: AbortSignal): Promise<readonly ReplacedGateway[]>;
}

/** The log for subscribers that come back. */
export interface HistoryService {
  read(request: HistoryRequest): Promise<HistoryPage>;
  /** Forward only; what is not known is left out. */
  moveCursors(moves: readonly CursorMove[]): Promise<void>;
}

/** Copies and checks of the database file, and how it stands. */
export interface DatabaseService {
  view(): StorageView;
  /** @param file absolute; null: in the directory of backups. Aborted, nothing is left of it */
  backup(file: string | null, signal: AbortSignal): Promise<BackupDone>;
  check(full: boolean, signal: AbortSignal): Promise<DatabaseCheck>;
}

export interface ConfigService {
  /** Resolves when what has changed holds. Throws with every problem of a configuration that is not valid. */
  reload(): Promise<ReloadAnswer>;
}

export interface ApiContext {
  readonly config: ConfigService;
  readonly database: DatabaseService;
  readonly connections: ConnectionService;
  readonly gateways: GatewayService;
  /** In the text format of Prometheus. */
  readonly metrics: () => Promise<string>;
  readonly history: HistoryService;
  readonly tokens: TokenService;
  readonly privacy: PrivacyService;
  readonly keys: KeyService;
  readonly jobs: JobService;
  readonly schedules: ScheduleService;
  readonly workers: WorkerService;
  readonly seeing: SeeingService;
  readonly queues: QueueService;
  readonly bulk: BulkService;
  readonly store: JobStore;
  readonly log: EventLog;
  readonly directory: Directory;
  readonly events: EventService;
  /** Throws E_UNKNOWN_EVENT_TYPE. */
  readonly checkEventType: (type: string) => void;
  readonly checkAccess: (question: AccessQuestion) => Promise<AccessAnswer>;
  /** @param withDetails what costs more than a glance, too */
  readonly status: (withDetails: boolean) => Promise<StatusView>;
  readonly report: {
    readonly status: () => Promise<ReportStatus>;
    readonly retry: () => void;
  };
  /** Proves that a transaction reaches the disk; throws when it does not. Shared by all who ask at about the same time. */
  readonly proveCommit: () => Promise<{ readonly commitMs: number }>;
  readonly now: () => number;
}
