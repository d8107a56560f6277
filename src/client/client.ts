/**
 * The library `taskbell/client`: its public names. What they do stands in taskbell-client.ts and beside it.
 */
import { TaskbellError } from '../protocol/errors.ts';
import { ImportStopped } from './job-import.ts';
import { type ConnectOptions, TaskbellClient } from './taskbell-client.ts';

export type { BulkAnswer, BulkFailure, JobFilter } from '../protocol/bulk.ts';
export type {
  BackupDone,
  DatabaseCheck,
  DatabaseFacts,
  DatabaseProgress,
  StorageView,
} from '../protocol/database.ts';
export type {
  EventPage,
  EventRequest,
  EventTypesView,
  EventTypeView,
  LogEvent,
  PublishedEvent,
  Topic,
  VolatileEvent,
} from '../protocol/events.ts';
export type { ConnectionView, TopicView } from '../protocol/gateways.ts';
export type {
  AddedBatch,
  AddedJob,
  AttemptView,
  BatchRequest,
  JobError,
  JobLogLine,
  JobProgress,
  JobRequest,
  JobState,
  JobSummary,
  JobView,
  LogLinesView as LogPage,
  RelativesView,
} from '../protocol/jobs.ts';
export type { Json } from '../protocol/json.ts';
export type { KeyState, KeysView, KeyView, RotationView } from '../protocol/keys.ts';
export type { RunView, ScheduleRequest, ScheduleView } from '../protocol/schedules.ts';
export type { OldestView, ThroughputView, TypeStatsView } from '../protocol/stats.ts';
export type {
  GrantView,
  QueueView,
  ReportStatus,
  StatsView,
  StatusView,
  UserView,
} from '../protocol/status.ts';
export type { RevocationRequest, RevocationView } from '../protocol/tokens.ts';
export type { WhyCode, WhyReason, WhyView } from '../protocol/why.ts';
export type { ReplacedWorker, WorkerState, WorkerView } from '../protocol/workers.ts';
export type { AccessClient } from './access-client.ts';
export type { BulkClient, BulkOptions } from './bulk-client.ts';
export type {
  AddOptions,
  EventPageOptions,
  EventsOptions,
  JobPage,
  ListOptions,
} from './client-options.ts';
export type { CloseOptions, ConnectionClient, ConnectionListOptions } from './connection-client.ts';
export type { BackupOptions, CheckOptions, DatabaseClient } from './database-client.ts';
export type { EventStream } from './event-stream.ts';
export type { ImportLine, ImportOptions, ImportProgress } from './job-import.ts';
export type { FollowLogsOptions, WaitOptions } from './job-watch.ts';
export type { GapFacts } from './log-follower.ts';
export type { ScheduleClient } from './schedule-client.ts';
export type { TokenClient } from './token-client.ts';
export type { RestartOptions } from './worker-client.ts';
export type { ConnectOptions };
export { ImportStopped, TaskbellClient, TaskbellError };

/** A client for the daemon at the given place. Connects with its first request; `close` it when done. */
export function connect(options: ConnectOptions = {}): TaskbellClient {
  return new TaskbellClient(options);
}
