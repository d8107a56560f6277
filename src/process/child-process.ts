/**
 * What an executor, core or gateway process is made of: the room that implements a role gives a
 * factory, `run-child.ts` gives it everything else. A child never reads configuration itself.
 */
import type { Socket } from 'node:net';
import type { Settings } from '../config/settings.ts';
import type { ReloadView } from '../protocol/reload.ts';
import type {
  GivenSockets,
  ListenPlace,
  Predecessor,
  Replacement,
  Role,
  SupervisorMode,
  ToChild,
} from '../protocol/supervision.ts';
import type { Logger } from './logger.ts';
import type { Service } from './service.ts';

export interface ChildContext {
  readonly settings: Settings;
  readonly role: Role;
  readonly index: number;
  /** Names this run of the supervisor. */
  readonly run: string;
  readonly mode: SupervisorMode;
  readonly supervisorPid: number;
  readonly log: Logger;
  /** Tells the supervisor that this process works, or that it waits for another to go. */
  readonly announce: (state: 'standby' | 'ready', types?: readonly string[]) => void;
  /** Of an executor: the one job type that it runs; null: all that have no processes of their own. */
  readonly only?: string | null;
  /** Of a successor: whose place it takes. */
  readonly predecessor?: Predecessor | null;
  /** Of the core: listening sockets that it serves in place of opening its own. */
  readonly given?: GivenSockets;
  /** Asks the supervisor for another process in the place of this one. */
  readonly askReplacement?: (replacement: Replacement, reason: string) => void;
  /**
   * Has the supervisor listen on the public port, from which it hands out connections by `accept`. Rejects with
   * what the system says, its `code` included. Left out: there is no supervisor, and who wants a port opens it.
   */
  readonly openPort?: () => Promise<ListenPlace>;
  /** Of a core: from now on there is something that could hold up its event loop. */
  readonly watchLoop?: () => void;
  /** Of a core: has the supervisor read the configuration anew. Rejects with what is wrong with it. */
  readonly askReload?: () => Promise<ReloadView>;
  /** Ends this process with the error's exit code, after telling the supervisor why. Never returns to the loop. */
  readonly fail: (error: unknown) => void;
}

export interface ChildService extends Service {
  /** Take no more work; what runs goes on. */
  quiet(): void;
  /** Ends what has begun, without interrupting it before the time is over (null: never), and goes. */
  retire?(withinMs: number | null): Promise<void>;
  /** One more connection of the public port; nothing was read from it. */
  accept?(socket: Socket): void;
  /** Acts on other settings from now on; what is read at the start only needs another process. Rejects where it cannot. */
  reconfigure?(settings: Settings): Promise<void>;
  /** Messages for the role alone, such as `processes` for the core. */
  receive?(message: ToChild<Settings>): void;
}

export type ChildFactory = (context: ChildContext) => ChildService;

/** Loaders, so that a process imports the code of its own role only. */
export type ChildFactories = Readonly<Record<Role, () => Promise<ChildFactory>>>;

/** First argument of the executable that makes it a child; no command of the user has this name. */
export const CHILD_ARGUMENT = '__child';
