/** The shapes of `worker list`, `worker quiet` and `worker restart` in the control API. */

/**
 * `quiet`: takes no more. `blocked`: its event loop stands still. `ending`: it has to be ended. `away`: not
 * connected, and its process was not seen to be dead.
 */
export type WorkerState = 'ready' | 'quiet' | 'blocked' | 'ending' | 'away';

/** One executor. */
export interface WorkerView {
  readonly executor: string;
  /** Null: it does not run on this machine, or did not say. */
  readonly pid: number | null;
  /** Null: nobody starts another in its place. */
  readonly supervisorPid: number | null;
  /** ISO 8601. */
  readonly startedAt: string | null;
  readonly state: WorkerState;
  /** The one type that it is set apart for. */
  readonly only: string | null;
  readonly types: readonly string[];
  /** Handlers that it could not load. */
  readonly problems: readonly { readonly type: string; readonly problem: string }[];
  /** Empty: every queue. */
  readonly queues: readonly string[];
  /** Attempts that it runs at once. */
  readonly slots: number;
  readonly running: number;
  /** Attempts that it has run to their end. */
  readonly done: number;
  readonly residentBytes: number | null;
}

export interface ReplacedWorker {
  /** Of the executor that is gone. */
  readonly pid: number;
  /** Pid of the one in its place. */
  readonly successor: number;
}
