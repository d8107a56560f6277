/**
 * The settings of one Taskbell, after file, environment and flags were merged and checked.
 *
 * Plain data, frozen, serialisable as JSON: the supervisor loads it once and hands it to its
 * children, so that an edit of the file cannot give two processes two truths.
 * Paths are absolute; durations are milliseconds; sizes are bytes.
 */

import type { Delivery } from '../protocol/events.ts';
import type { BackoffKind } from '../protocol/jobs.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface DaemonSettings {
  readonly dataDirectory: string;
  /** Unix socket of the control server. */
  readonly controlSocket: string;
  readonly logLevel: LogLevel;
  readonly logFormat: 'auto' | 'json' | 'pretty';
  /** Null: standard error. */
  readonly logFile: string | null;
  /** Bytes beyond which the file is put aside. */
  readonly logFileSize: number;
  /** How many files that were put aside are kept. */
  readonly logFiles: number;
  readonly shutdownTimeout: number;
  /** A core or a gateway whose event loop stands still for so long is ended and restarted; 0: never. */
  readonly stallTimeout: number;
  /** A core that grows beyond this is ended at once; 0: no limit. */
  readonly memoryLimit: number;
  /** False: exit with 75 instead of waiting while another daemon owns the data directory. */
  readonly standby: boolean;
  /** False: events go to followers one message at a time, by the ws library. */
  readonly directFrames: boolean;
  /** Bytes of the disk that are held back for the moment when it is full; 0: none. */
  readonly diskReserve: number;
}

export interface WorkerSettings {
  readonly handlersDirectory: string;
  readonly processes: number;
  /** Attempts at once in each executor process. */
  readonly concurrency: number;
  /** Queues to serve; empty: all. */
  readonly queues: readonly string[];
  /** A process is replaced after so many attempts, between jobs; 0: never. */
  readonly maxJobs: number;
  /** A process is replaced, between jobs, when it has grown beyond this; 0: never. */
  readonly maxMemory: number;
  /** A process that grows beyond this is ended at once; 0: no limit. */
  readonly memoryLimit: number;
  /** Replace the processes one by one when a file of the handlers directory changes. */
  readonly watch: boolean;
}

/** A token bucket that holds `count` and gets as many back in `perMs`, evenly. */
export interface RateLimit {
  readonly count: number;
  readonly perMs: number;
}

/** What holds of a queue or of a type; null: no bound. */
export interface LimitSettings {
  /** Attempts at once. */
  readonly concurrency: number | null;
  readonly rate: RateLimit | null;
  /** The same for each group key. */
  readonly groupConcurrency: number | null;
  readonly groupRate: RateLimit | null;
}

/** One `[queue:NAME]` section. */
export interface QueueSettings extends LimitSettings {
  readonly name: string;
}

/** One `[job:NAME]` section. Null where the section is silent: the handler's own setting, then the default, counts. */
export interface JobTypeSettings extends LimitSettings {
  readonly name: string;
  /** Program and arguments; null for another kind of handler. */
  readonly command: readonly string[] | null;
  /** Web hook that is called; null for another kind of handler. */
  readonly url: string | null;
  /** Holds the secret that web hook requests are signed with; null: they are not. */
  readonly secretFile: string | null;
  /** Further headers of the web hook's requests. */
  readonly header: Readonly<Record<string, string>>;
  /** Host names that may resolve to private addresses. */
  readonly allowPrivateHosts: readonly string[];
  /** Where the command runs; absolute. */
  readonly workingDirectory: string;
  /** Extra variables for the command. */
  readonly environment: Readonly<Record<string, string>>;
  readonly queue: string | null;
  readonly timeout: number | null;
  readonly retries: number | null;
  readonly backoff: number | null;
  readonly backoffLimit: number | null;
  readonly backoffKind: BackoffKind | null;
  /** `process`: each attempt of a module handler in a process of its own. */
  readonly isolate: 'none' | 'process';
  /** Executor processes that run this type alone; 0: it shares those of [worker]. */
  readonly processes: number;
  /** False: ends of this type are not reported. */
  readonly report: boolean;
}

/** One `[event:NAME]` section: a further type, or what holds of one that is built in. */
export interface EventTypeSettings {
  readonly name: string;
  readonly description: string;
  /** `volatile`: live only, in no log. */
  readonly delivery: Delivery;
  /** Age in milliseconds after which its events go; null: with all others, by [retention]. */
  readonly retention: number | null;
  /** So many of its newest events stay; null: any. */
  readonly retentionCount: number | null;
  /** File with the JSON Schema of its `data`; null: any array. */
  readonly schema: string | null;
  /** Who may see one of its objects may ask which users are attached to it. */
  readonly presence: boolean;
}

/** One `[schedule:NAME]` section: exactly one of `cron` and `every`. */
export interface ScheduleSettings {
  readonly name: string;
  readonly cron: string | null;
  readonly every: number | null;
  /** IANA name of the zone that `cron` is read in. */
  readonly timezone: string;
  readonly job: string;
  /** JSON text. */
  readonly payload: string;
  readonly queue: string | null;
  readonly priority: number;
  readonly userId: string | null;
  /** What is made up for after a time in which nobody could run it. */
  readonly missed: 'skip' | 'last' | 'all';
  /** `missed = all`: at most so many. */
  readonly missedLimit: number;
  /** What happens when the run before has not ended. */
  readonly overlap: 'allow' | 'skip' | 'queue' | 'cancel-previous';
  /** A time that the clock jumps over in spring. */
  readonly dstGap: 'skip' | 'after';
  /** A time that the clock shows twice in autumn. */
  readonly dstOverlap: 'first' | 'second' | 'both';
  /** Each run is put off by a random time up to this. */
  readonly jitter: number;
  readonly enabled: boolean;
}

/** How long ended jobs and events are kept: age in milliseconds (0: for ever) and count (0: any). */
export interface RetentionSettings {
  readonly succeededJobs: number;
  readonly succeededJobsCount: number;
  readonly failedJobs: number;
  readonly failedJobsCount: number;
  readonly cancelledJobs: number;
  readonly cancelledJobsCount: number;
  readonly events: number;
  readonly eventsCount: number;
}

/** Copies of the database that are made by themselves: `schedule` or `every`, or neither. */
export interface BackupSettings {
  /** Cron expression; null: none. */
  readonly schedule: string | null;
  /** Milliseconds; 0: none. */
  readonly every: number;
  /** IANA name of the zone that `schedule` is read in. */
  readonly timezone: string;
  /** Null: `backups` in the data directory. */
  readonly directory: string | null;
  /** So many of the newest stay; 0: all. */
  readonly keep: number;
}

export interface PrivacySettings {
  /** Keys that payloads, results and errors are encrypted with at rest; null: they are not. */
  readonly keysFile: string | null;
  /** Names of fields whose values are hidden in `job show`, listings and logs. */
  readonly redact: readonly string[];
}

/** The service that hears Task Finish / Task Failed. */
export interface WebSocketSettings {
  /** Null: no reports. */
  readonly url: string | null;
  readonly path: string;
  readonly defaultUserId: string | null;
  readonly event: string;
  readonly userArgument: 'second' | 'merged';
  readonly stackTrace: boolean;
  readonly acknowledge: 'auto' | 'required' | 'off';
  readonly acknowledgeTimeout: number;
  readonly reconnectionDelay: number;
  /** 0: for ever. */
  readonly reconnectionAttempts: number;
  readonly timeout: number;
  readonly autoReconnect: boolean;
  readonly taskDelayOnError: number;
  readonly query: Readonly<Record<string, string>>;
  readonly auth: Readonly<Record<string, string>>;
  /** Its content is sent as `auth.token`; read at each connection. */
  readonly tokenFile: string | null;
}

export interface WebSocketEventsSettings {
  readonly address: string;
  readonly port: number;
  readonly path: string;
  /** Processes that share the port. */
  readonly gateways: number;
  /** Of one process; 0: as many as its file descriptors allow. */
  readonly maxConnections: number;
  /** Milliseconds. */
  readonly drainTime: number;
  /** A gateway that grows beyond this is ended at once; 0: no limit. */
  readonly memoryLimit: number;
  readonly maxMessage: number;
  readonly maxSubscriptions: number;
  readonly maxConnectionsPerUser: number;
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  readonly authenticationTimeout: number;
  readonly pingInterval: number;
  readonly maxUnread: number;
  readonly maxUnreadTime: number;
  readonly syncInterval: number;
  readonly historyReads: number;
  readonly maxCursorsPerUser: number;
  readonly presenceLinger: number;
  /** False: the gateway sends each message by the WebSocket library. */
  readonly directFrames: boolean;
  /** Exact origins that browsers may come from; `*` alone: any. */
  readonly origins: readonly string[];
}

export type TokenAlgorithm = 'RS256' | 'ES256' | 'EdDSA';

export interface AuthSettings {
  /** This or `jwksUrl`; neither: no token is valid. */
  readonly publicKeyFile: string | null;
  /** A key set that is fetched; https, or http on this machine. */
  readonly jwksUrl: string | null;
  /** Development only: `token issue` signs with it. */
  readonly privateKeyFile: string | null;
  readonly issuer: string | null;
  readonly audience: string | null;
  readonly algorithms: readonly TokenAlgorithm[];
  /** Dotted path of the claim that holds the user's id. */
  readonly userIdClaim: string;
  readonly onExpiry: 'close' | 'keep';
  readonly expiryGrace: number;
}

/** One `[issuer:NAME]` section: a further issuer, whose keys verify its tokens and no others. */
export interface IssuerSettings {
  readonly name: string;
  /** The `iss` claim of its tokens. */
  readonly issuer: string;
  /** This or `jwksUrl`. */
  readonly publicKeyFile: string | null;
  readonly jwksUrl: string | null;
  readonly audience: string | null;
  readonly algorithms: readonly TokenAlgorithm[];
  readonly userIdClaim: string;
  /** Null: as in [auth]. */
  readonly onExpiry: 'close' | 'keep' | null;
}

export interface AccessSettings {
  readonly users: 'any' | 'directory' | 'hook';
  readonly datasets: 'any' | 'directory' | 'hook';
  /** Who is asked by `hook`; null only where nothing is. */
  readonly hookUrl: string | null;
  /** Questions are signed with what it holds. */
  readonly hookSecretFile: string | null;
  readonly hookTimeout: number;
  /** 0: each time anew. */
  readonly hookCacheTime: number;
}

/** Control API over TCP, beside the unix socket. */
export interface ApiSettings {
  readonly address: string;
  /** 0: no TCP listener. */
  readonly port: number;
  /** Values of the Host header, besides the address itself; `*` alone: any. */
  readonly hosts: readonly string[];
}

/** Of a service that serves the events of a core on another machine. */
export interface EdgeSettings {
  /** URL of the core's control API. */
  readonly core: string | null;
  /** Its content is the token of that API; read when a gateway starts. */
  readonly tokenFile: string | null;
  /** Certificates, PEM: with https, what that of the core must come from; null: what Node trusts. */
  readonly caFile: string | null;
}

export interface Settings {
  /** The file that was read; null when defaults run. */
  readonly file: string | null;
  readonly profile: string | null;
  readonly daemon: DaemonSettings;
  readonly worker: WorkerSettings;
  readonly jobs: readonly JobTypeSettings[];
  readonly queues: readonly QueueSettings[];
  readonly schedules: readonly ScheduleSettings[];
  readonly retention: RetentionSettings;
  readonly backup: BackupSettings;
  readonly privacy: PrivacySettings;
  readonly events: readonly EventTypeSettings[];
  readonly webSocket: WebSocketSettings;
  readonly webSocketEvents: WebSocketEventsSettings;
  readonly auth: AuthSettings;
  readonly issuers: readonly IssuerSettings[];
  readonly access: AccessSettings;
  readonly api: ApiSettings;
  readonly edge: EdgeSettings;
}
