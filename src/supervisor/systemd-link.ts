/**
 * Keeps the service manager up to date: readiness, how the service stands, reloads, stops, and the watchdog.
 *
 *   starting ─ready▶ working ─▶ stopping
 *                     │  ▲
 *            reloading▼  │reloaded
 *
 * Does nothing at all where no manager asked to be notified.
 */
import type { Logger } from '../process/logger.ts';
import { type Deadline, deadlineIn } from '../process/service.ts';
import type { ProcessView } from '../protocol/supervision.ts';
import type { ServiceManager } from './systemd-environment.ts';
import {
  extendMessage,
  readyMessage,
  reloadingMessage,
  stoppingMessage,
} from './systemd-message.ts';
import { SystemdNotifier } from './systemd-notifier.ts';
import { startingStatus, stoppingStatus, workingStatus } from './systemd-status.ts';
import { SystemdWatchdog } from './systemd-watchdog.ts';

export interface ManagerLink {
  /** The processes are others now, or in other states. */
  changed(views: readonly ProcessView[]): void;
  ready(): void;
  /** The configuration is read anew from here on, … */
  reloading(): void;
  /** … and is in force, or was refused. */
  reloaded(): void;
  stopping(deadline: Deadline): void;
  /** Resolves when the last word was said, or soon after. */
  close(): Promise<void>;
}

export interface ManagerLinkOptions {
  readonly manager: ServiceManager | undefined;
  /** See `WatchdogOptions`. */
  readonly answers: () => Promise<boolean>;
  readonly log: Logger;
}

const NO_MANAGER: ManagerLink = {
  changed: () => {},
  ready: () => {},
  reloading: () => {},
  reloaded: () => {},
  stopping: () => {},
  close: async () => {},
};

/** The manager hears this often that a stop needs more time … */
const EXTEND_EVERY_MS = 5_000;
/** … and gives this much: one message may be late, yet a supervisor that hangs is not waited for long. */
const EXTEND_BY_MS = 15_000;
const LAST_WORD_MS = 2_000;

export function openManagerLink({ manager, answers, log }: ManagerLinkOptions): ManagerLink {
  if (manager === undefined || manager.notifySocket === null) return NO_MANAGER;
  const { notifySocket, searchPath, watchdogMs } = manager;
  const notifier = new SystemdNotifier({ notifySocket, searchPath, log });
  return new SystemdLink(notifier, { watchdogMs, answers, log });
}

type Phase = 'starting' | 'working' | 'reloading' | 'stopping';

interface Watch {
  readonly watchdogMs: number | null;
  readonly answers: () => Promise<boolean>;
  readonly log: Logger;
}

class SystemdLink implements ManagerLink {
  readonly #notifier: SystemdNotifier;
  readonly #watchdog: SystemdWatchdog | undefined;
  #phase: Phase = 'starting';
  #views: readonly ProcessView[] = [];
  #said = '';
  #deadline: Deadline | undefined;
  #extending: NodeJS.Timeout | undefined;

  constructor(notifier: SystemdNotifier, { watchdogMs, answers, log }: Watch) {
    this.#notifier = notifier;
    if (watchdogMs === null) return;
    this.#watchdog = new SystemdWatchdog({
      ...{ watchdogMs, answers, log },
      feed: () => notifier.tell({ WATCHDOG: '1', STATUS: this.#status() }),
      hungry: () => notifier.tell({ STATUS: 'Degraded: the core does not answer' }),
    });
  }

  changed(views: readonly ProcessView[]): void {
    this.#views = views;
    const status = this.#status();
    // While a reload is under way its own line stands.
    if (status === this.#said || this.#phase === 'reloading') return;
    this.#said = status;
    this.#notifier.tell({ STATUS: status });
  }

  ready(): void {
    if (this.#phase !== 'starting') return;
    this.#work();
    this.#watchdog?.start();
  }

  reloading(): void {
    if (this.#phase !== 'working') return;
    this.#phase = 'reloading';
    // CLOCK_MONOTONIC (https://nodejs.org/api/process.html#processhrtimebigint).
    this.#notifier.tell(reloadingMessage(process.hrtime.bigint() / 1_000n));
  }

  reloaded(): void {
    if (this.#phase === 'reloading') this.#work();
  }

  stopping(deadline: Deadline): void {
    if (this.#phase === 'stopping') return;
    this.#phase = 'stopping';
    this.#deadline = deadline;
    this.#notifier.tell(stoppingMessage(this.#status(), EXTEND_BY_MS));
    this.#extending = setInterval(() => {
      this.#notifier.tell(extendMessage(this.#status(), EXTEND_BY_MS));
    }, EXTEND_EVERY_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#extending);
    this.#watchdog?.stop();
    await this.#notifier.said(deadlineIn(LAST_WORD_MS));
  }

  #work(): void {
    this.#phase = 'working';
    this.#said = this.#status();
    this.#notifier.tell(readyMessage(this.#said));
  }

  #status(): string {
    switch (this.#phase) {
      case 'starting':
        return startingStatus(this.#views);
      case 'working':
      case 'reloading':
        return workingStatus(this.#views);
      case 'stopping':
        return stoppingStatus(this.#views, this.#deadline?.remainingMs() ?? 0);
    }
  }
}
