/**
 * The life of one service: from the start of its processes, through the system's signals, to the
 * exit code. The processes themselves are process-tree.ts.
 */
import type { Settings } from '../config/settings.ts';
import type { Logger } from '../process/logger.ts';
import { deadlineIn } from '../process/service.ts';
import type { ServiceLog } from '../process/service-log.ts';
import {
  isFurtherRequest,
  listenForFaults,
  listenForSignals,
  type StopRequest,
  type StopSignal,
} from '../process/signals.ts';
import { exitCodeOf } from '../protocol/errors.ts';
import type { SupervisorMode } from '../protocol/supervision.ts';
import { openParentChannel, type ParentChannel } from './pm2-channel.ts';
import { ProcessTree } from './process-tree.ts';
import { type ConfigSource, Reloader, type ReloaderParts } from './reloader.ts';
import type { RestartPolicy } from './restart-policy.ts';
import type { ServiceManager } from './systemd-environment.ts';
import { type ManagerLink, openManagerLink } from './systemd-link.ts';
import type { TroubleInlet } from './trouble-book.ts';

export interface SupervisorOptions {
  readonly settings: Settings;
  readonly mode: SupervisorMode;
  readonly log: Logger;
  /** Takes the lines of the processes; left out: standard error does. */
  readonly serviceLog?: ServiceLog;
  /** Where the settings came from, to be read anew; left out: they hold until the end. */
  readonly source?: ConfigSource;
  /** Called once, when every process works or is on standby. */
  readonly ready?: () => void;
  /** Who started this service, where it wants to hear of it. */
  readonly manager?: ServiceManager;
  /** The script that runs as a child; the package's own main unless a test has another. */
  readonly entry?: string;
  /** How processes that keep ending are restarted; left out: as docs/workers.md says. */
  readonly restarts?: RestartPolicy;
  /** What the supervisor itself has logged. */
  readonly ownTroubles?: TroubleInlet;
}

/**
 * A stop that a second signal cut short. Not 128 + signal, which shells make up for a program that
 * the signal killed, and not 70, since nothing is broken: "try again" is what it means, interrupted
 * jobs run again at the next start.
 */
const FORCED_EXIT_CODE = exitCodeOf('E_UNAVAILABLE');
const FAULT_EXIT_CODE = exitCodeOf('E_INTERNAL');

/**
 * Runs a service until a signal or a permanent failure ends it. Rejects never: the answer is the exit code.
 *
 * @returns 0 after an orderly stop, even if a process had to be killed at the end of its time
 */
export function runSupervisor(options: SupervisorOptions): Promise<number> {
  return new SupervisedRun(options).run();
}

class SupervisedRun {
  readonly #options: SupervisorOptions;
  readonly #log: Logger;
  readonly #tree: ProcessTree;
  readonly #parent: ParentChannel;
  readonly #manager: ManagerLink;
  readonly #reloader: Reloader | undefined;
  readonly #ended: Promise<number>;
  #end: (exitCode: number) => void = () => {};
  #exitCode = 0;
  #request: StopRequest | undefined;
  #stopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#log = options.log;
    const { source, log } = options;
    const manager = openManagerLink({
      ...{ manager: options.manager, log },
      answers: () => this.#tree.answers(),
    });
    this.#manager = manager;
    const apply: ReloaderParts['apply'] = (...to) => this.#tree.reconfigure(...to);
    this.#reloader = source && new Reloader({ source, log, manager, apply });
    const reloader = this.#reloader;
    this.#parent = openParentChannel(() => this.#stop(0, { reason: 'message of the parent' }));
    this.#tree = new ProcessTree({
      ...options,
      ...(reloader && { reload: () => reloader.reload('config reload') }),
      given: options.manager?.given,
      changed: (views) => manager.changed(views),
      ready: () => {
        this.#parent.ready();
        manager.ready();
        options.ready?.();
      },
      gaveUp: (exitCode) => this.#stop(exitCode, { reason: 'a process cannot work' }),
    });
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  async run(): Promise<number> {
    const stopListening = listenForSignals({
      stop: (signal) => this.#onStopSignal(signal),
      hangUp: () => this.#onHangUp(),
      reopenLogs: () => this.#options.serviceLog?.reopen(),
    });
    const stopCatching = listenForFaults((error) => this.#onFault(error));
    try {
      await this.#tree.start();
      return await this.#ended;
    } catch (error) {
      this.#onFault(error);
      return await this.#ended;
    } finally {
      stopListening();
      stopCatching();
      this.#parent.close();
      await this.#manager.close();
    }
  }

  #onHangUp(): void {
    if (this.#reloader === undefined) {
      this.#log.info('SIGHUP ignored: there is no configuration to read anew');
      return;
    }
    // It has logged what was wrong.
    this.#reloader.reload('SIGHUP').catch(() => undefined);
  }

  #onStopSignal(signal: StopSignal): void {
    const request = { signal, atMono: performance.now() };
    if (this.#request === undefined) {
      this.#request = request;
      this.#stop(0, { reason: signal });
    } else if (isFurtherRequest(this.#request, request)) {
      this.#log.warn({ signal }, 'second signal: stopping at once');
      this.#kill(FORCED_EXIT_CODE);
    }
  }

  /** A mistake of ours in this very process: nothing here can be trusted to stop in order. */
  #onFault(err: unknown): void {
    this.#log.error({ err }, 'supervisor failed');
    this.#kill(FAULT_EXIT_CODE);
  }

  #kill(exitCode: number): void {
    this.#stop(exitCode, { reason: 'forced' });
    this.#exitCode = exitCode;
    this.#tree.kill();
  }

  #stop(exitCode: number, facts: { readonly reason: string }): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#exitCode = exitCode;
    const startedMono = performance.now();
    const withinMs = this.#tree.settings.daemon.shutdownTimeout;
    this.#log.info({ moment: 'stopping', ...facts, withinMs }, 'service stopping');
    const deadline = deadlineIn(withinMs);
    this.#manager.stopping(deadline);
    this.#tree.stop(deadline).then(
      () => {
        const durationMs = Math.round(performance.now() - startedMono);
        this.#log.info({ durationMs, exitCode: this.#exitCode }, 'service stopped');
        this.#end(this.#exitCode);
      },
      (err: unknown) => {
        this.#log.error({ err }, 'stop failed');
        this.#end(FAULT_EXIT_CODE);
      },
    );
  }
}
