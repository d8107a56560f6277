/** The answer to `config reload`. */

export interface SettingChange {
  /** `daemon`, or `job:NAME`. */
  readonly section: string;
  /** Null: the section as a whole. */
  readonly key: string | null;
  /** As one would write it; `***` for a secret, '' for what is not there. */
  readonly from: string;
  readonly to: string;
}

export interface ReloadView {
  /** The file that was read; null: there is none. */
  readonly file: string | null;
  /** What holds from now on. */
  readonly applied: readonly SettingChange[];
  /** What holds from the next start on. */
  readonly needRestart: readonly SettingChange[];
  /** Processes that were put in the place of others, because what has changed is read when they start. */
  readonly replaced: { readonly executors: number; readonly gateways: number };
}

/** As the control API answers. */
export interface ReloadAnswer extends ReloadView {
  /** Pids of supervisors of other services on the same data: each reads its own configuration when it gets SIGHUP. */
  readonly others: readonly number[];
}
