/** What the places of a supervisor are given, and what they tell. */
import type { Socket } from 'node:net';
import type { LiveSettings } from '../config/live-settings.ts';
import type { Settings } from '../config/settings.ts';
import type { Logger } from '../process/logger.ts';
import type {
  GivenSockets,
  ListenPlace,
  SupervisorMode,
  ToChild,
} from '../protocol/supervision.ts';
import type { TroubleView } from '../protocol/troubles.ts';
import type { RestartPolicy } from './restart-policy.ts';

export interface SlotOptions {
  readonly entry: string;
  readonly run: string;
  readonly mode: SupervisorMode;
  readonly settings: LiveSettings;
  readonly log: Logger;
  /** Takes lines that the loggers of the processes have made; see `OutputReaders`. */
  readonly pass?: ((lines: readonly string[]) => void) | undefined;
  /** What gateways share. */
  readonly port: SharedPort;
  /** What the core serves in place of sockets of its own. */
  readonly given?: GivenSockets | undefined;
  readonly restarts?: RestartPolicy | undefined;
}

export interface SharedPort {
  open(): Promise<ListenPlace>;
  handOut(): void;
  takeBack(connection: Socket): void;
}

export interface SlotEvents {
  /** The view of this slot is another one now. */
  readonly changed: () => void;
  readonly spawned: (pid: number) => void;
  readonly gone: (pid: number) => void;
  /** One of its processes has logged a warning or an error. */
  readonly troubled: (trouble: TroubleView) => void;
  /** The core asks for the configuration to be read anew. */
  readonly reloadAsked: (answer: (message: ToChild<Settings>) => void) => void;
  /** It ended for a reason that a restart does not mend; it stays empty. */
  readonly gaveUp: (exitCode: number) => void;
}
