/** What a core is made of that comes from outside: settings, the log, and what its supervisor tells. */
import type { LiveSettings } from '../config/live-settings.ts';
import type { Settings } from '../config/settings.ts';
import type { RunDatabaseTask } from '../process/database-process.ts';
import type { Logger } from '../process/logger.ts';
import type { ReloadView } from '../protocol/reload.ts';
import type { GivenSockets, ProcessView } from '../protocol/supervision.ts';
import type { Patience } from './executor-pool.ts';
import type { TroubleLog } from './trouble-log.ts';

export interface CoreParts {
  readonly settings: Settings;
  readonly log: Logger;
  /** False where this daemon has no executors of its own. */
  readonly expectExecutors: boolean;
  readonly processes: () => readonly ProcessView[];
  /** What the processes of this daemon have logged; nothing when omitted. */
  readonly troubles?: TroubleLog;
  /** Why this daemon's supervisor has ended a process, where it said so. */
  readonly endReason?: (pid: number) => string | undefined;
  /** Listening sockets that are served in place of own ones. */
  readonly given?: GivenSockets | undefined;
  /** With executors elsewhere; the usual when omitted. */
  readonly patience?: Patience | undefined;
  /** Tells of settings that change while the core is awake; `settings` for ever when omitted. */
  readonly live?: LiveSettings;
  /** Has the supervisor read the configuration anew; there is none when omitted. */
  readonly askReload?: (() => Promise<ReloadView>) | undefined;
  /** There is something in the log: at the start, or from the first row on. Called at least once then. */
  readonly onRows?: () => void;
  /** How work on the database file is done beside this process; as it was built when omitted. */
  readonly runDatabaseTask?: RunDatabaseTask;
  /** The storage failed: nothing more may be acknowledged. */
  readonly onFatal: (error: unknown) => void;
}
