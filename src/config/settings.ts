/**
 * The settings of one Taskbell, after file, environment and flags were merged and checked.
 *
 * Plain data, frozen, serialisable as JSON: the supervisor loads it once and hands it to its
 * children, so that an edit of the file cannot give two processes two truths.
 * Paths are absolute; durations are milliseconds; sizes are bytes.
 */

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface DaemonSettings {
  readonly dataDirectory: string;
  /** Unix socket of the control server. */
  readonly controlSocket: string;
  readonly logLevel: LogLevel;
  readonly logFormat: 'auto' | 'json' | 'pretty';
  readonly shutdownTimeout: number;
  /** False: exit with 75 instead of waiting while another daemon owns the data directory. */
  readonly standby: boolean;
}

export interface WorkerSettings {
  readonly handlersDirectory: string;
  readonly processes: number;
  /** Attempts at once in each executor process. */
  readonly concurrency: number;
  /** Queues to serve; empty: all. */
  readonly queues: readonly string[];
}

/** One `[job:NAME]` section. Null where the section is silent: the handler's own setting, then the default, counts. */
export interface JobTypeSettings {
  readonly name: string;
  /** Program and arguments; null for a module handler. */
  readonly command: readonly string[] | null;
  /** Where the command runs; absolute. */
  readonly workingDirectory: string;
  /** Extra variables for the command. */
  readonly environment: Readonly<Record<string, string>>;
  readonly queue: string | null;
  readonly concurrency: number | null;
  readonly timeout: number | null;
  readonly retries: number | null;
  readonly backoff: number | null;
  readonly backoffLimit: number | null;
  /** False: ends of this type are not reported. */
  readonly report: boolean;
}

export interface EventTypeSettings {
  readonly name: string;
  readonly description: string;
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
  readonly maxMessage: number;
  readonly maxSubscriptions: number;
  readonly maxConnectionsPerUser: number;
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  readonly authenticationTimeout: number;
  readonly pingInterval: number;
  readonly maxUnread: number;
  readonly maxUnreadTime: number;
  /** Exact origins that browsers may come from; `*` alone: any. */
  readonly origins: readonly string[];
}

export type TokenAlgorithm = 'RS256' | 'ES256' | 'EdDSA';

export interface AuthSettings {
  readonly publicKeyFile: string | null;
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

export interface AccessSettings {
  readonly users: 'any' | 'directory';
  readonly datasets: 'any' | 'directory';
}

/** Control API over TCP, beside the unix socket. */
export interface ApiSettings {
  readonly address: string;
  /** 0: no TCP listener. */
  readonly port: number;
}

export interface Settings {
  /** The file that was read; null when defaults run. */
  readonly file: string | null;
  readonly profile: string | null;
  readonly daemon: DaemonSettings;
  readonly worker: WorkerSettings;
  readonly jobs: readonly JobTypeSettings[];
  readonly events: readonly EventTypeSettings[];
  readonly webSocket: WebSocketSettings;
  readonly webSocketEvents: WebSocketEventsSettings;
  readonly auth: AuthSettings;
  readonly access: AccessSettings;
  readonly api: ApiSettings;
}
