/** What a supervisor and its child processes say to each other over Node's IPC channel. */
import type { ErrorCode } from './errors.ts';

export type Role = 'core' | 'executor' | 'gateway';

export type ProcessState = 'starting' | 'standby' | 'ready' | 'stopping' | 'backoff' | 'stopped';

export interface ProcessView {
  readonly role: Role | 'supervisor';
  readonly pid: number | null;
  readonly state: ProcessState;
  /** Unexpected exits since the supervisor started. */
  readonly restarts: number;
  /** ISO 8601; null while it does not run. */
  readonly since: string | null;
}

/** The names of the commands that start a supervisor. */
export type SupervisorMode = 'up' | 'worker' | 'web_socket';

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
    }
  /** Take no more work. */
  | { readonly kind: 'quiet' }
  /** Stop within so many milliseconds. */
  | { readonly kind: 'stop'; readonly withinMs: number }
  /** To the core: what the supervisor sees, for `status`. */
  | { readonly kind: 'processes'; readonly processes: readonly ProcessView[] };

export type FromChild =
  | { readonly kind: 'state'; readonly state: 'standby' | 'ready' }
  /** Sent before the process exits by itself because it cannot work. */
  | {
      readonly kind: 'fatal';
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint?: string;
    };
