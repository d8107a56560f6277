/** What a supervisor and its child processes say to each other over Node's IPC channel. */
import type { ErrorCode } from './errors.ts';
import type { ReloadView } from './reload.ts';
import type { TroubleView } from './troubles.ts';

export type Role = 'core' | 'executor' | 'gateway';

export type ProcessState =
  | 'starting'
  | 'standby'
  | 'ready'
  /** Its successor works; it ends what it has begun and goes. */
  | 'retiring'
  | 'stopping'
  | 'backoff'
  | 'stopped';

export interface ProcessView {
  readonly role: Role | 'supervisor';
  readonly pid: number | null;
  readonly state: ProcessState;
  /** Unexpected exits since the supervisor started. */
  readonly restarts: number;
  /** ISO 8601; null while it does not run. */
  readonly since: string | null;
  /** It keeps ending; until a process in this place has lived for a minute. */
  readonly degraded?: true;
}

/** The names of the commands that start a supervisor. */
export type SupervisorMode = 'up' | 'worker' | 'web_socket' | 'edge';

export interface Predecessor {
  readonly pid: number;
  /** Job types that it runs: a successor that cannot load one of them does not take its place. */
  readonly types: readonly string[];
}

/** Where a socket listens. */
export interface ListenPlace {
  readonly address: string;
  readonly port: number;
}

/** Listening sockets that a service manager opened: file descriptors, by what is to be served on them. */
export interface GivenSockets {
  /** The control API over TCP. */
  readonly http?: number;
  /** The public port of the events. */
  readonly ws?: number;
  /** The unix socket of the control API. */
  readonly ctl?: number;
}

/** How an executor or a gateway is to be replaced. */
export interface Replacement {
  /** True: the successor works before the present one ends its jobs and goes. False: the present one stops first. */
  readonly rolling: boolean;
  /** Its jobs are interrupted after so many milliseconds. Null: never when rolling, else `shutdownTimeout`. */
  readonly withinMs: number | null;
}

export type ToChild<S> =
  | {
      readonly kind: 'init';
      readonly settings: S;
      readonly role: Role;
      /** 0 for the first executor, 1 for the second … */
      readonly index: number;
      /** Names this run of the supervisor; the value of `RUN_MARK`. */
      readonly run: string;
      readonly mode: SupervisorMode;
      /** To an executor: the one job type that it runs; null: every type without processes of its own. */
      readonly only: string | null;
      /** To a successor: whose place it takes. */
      readonly predecessor: Predecessor | null;
      /** To the core: what it serves in place of sockets of its own; descriptors of the child. */
      readonly given?: GivenSockets;
    }
  /** Take no more work. */
  | { readonly kind: 'quiet' }
  /** To one whose successor works: end what has begun and go, within so many milliseconds; null: no limit. */
  | { readonly kind: 'retire'; readonly withinMs: number | null }
  /** To one that was to be replaced: why that is not to be. */
  | { readonly kind: 'kept'; readonly problem: string }
  /** To the core: this supervisor ends the process for a reason that the core cannot see. */
  | { readonly kind: 'ending'; readonly pid: number; readonly reason: string }
  /** Other settings from now on; the answer is `settings-taken`. Before `init` was acted upon, they replace its own. */
  | { readonly kind: 'settings'; readonly settings: S }
  /** To the core: the answers to `reload`. */
  | { readonly kind: 'reloaded'; readonly view: ReloadView }
  | {
      readonly kind: 'reload-refused';
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint?: string;
    }
  /** To a gateway: the answer to `open-port`. */
  | { readonly kind: 'port'; readonly place: ListenPlace }
  /** `code`: what the system said, such as EADDRINUSE. */
  | { readonly kind: 'port-refused'; readonly code: string; readonly message: string }
  /** To a gateway: a connection, whose socket comes with this message; nothing was read from it. */
  | { readonly kind: 'connection' }
  /** Answered with the same by every loop that turns. */
  | { readonly kind: 'beat' }
  /** Stop within so many milliseconds. */
  | { readonly kind: 'stop'; readonly withinMs: number }
  /** To the core: what the supervisor sees, for `status`. */
  | { readonly kind: 'processes'; readonly processes: readonly ProcessView[] }
  /** To the core: what processes of this service have logged, oldest first. `all`: it knows of none yet. */
  | { readonly kind: 'troubles'; readonly all: boolean; readonly troubles: readonly TroubleView[] };

export type FromChild =
  | {
      readonly kind: 'state';
      readonly state: 'standby' | 'ready';
      /** Of an executor: the job types that it runs. */
      readonly types?: readonly string[];
    }
  | { readonly kind: 'beat' }
  /** A gateway asks for the public port to be listened on: it then gets its share of the connections. */
  | { readonly kind: 'open-port' }
  /** An executor or a gateway asks for another in its place; `kept` is the answer when it stays. */
  | ({ readonly kind: 'replace'; readonly reason: string } & Replacement)
  /** It has logged a warning or an error. */
  | { readonly kind: 'trouble'; readonly trouble: TroubleView }
  /** The core asks for the configuration to be read anew. */
  | { readonly kind: 'reload' }
  /** `problem`: why it cannot act on them; null: it does. */
  | { readonly kind: 'settings-taken'; readonly problem: string | null }
  /** Sent before the process exits by itself because it cannot work. */
  | {
      readonly kind: 'fatal';
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint?: string;
    };
