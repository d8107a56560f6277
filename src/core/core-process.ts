/**
 * The core as a process: waits for the ownership of the data directory, then wakes.
 *
 *   starting ─┬─ owned by nobody ─▶ awake ─▶ stopped
 *             └─ owned ─▶ standby ─ owner gone ─▶ awake
 */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { LiveSettings } from '../config/live-settings.ts';
import type { Settings } from '../config/settings.ts';
import type { ChildContext, ChildService } from '../process/child-process.ts';
import { makeDirectory } from '../process/make-directory.ts';
import { type Deadline, type Service, startAll, stopAll } from '../process/service.ts';
import { LOCK_FILE } from '../protocol/database.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { ProcessView } from '../protocol/supervision.ts';
import { type Ownership, tryOwn } from '../sqlite/ownership.ts';
import { composeCore } from './compose.ts';
import { TroubleLog } from './trouble-log.ts';

/** How soon a standby notices that the owner is gone. */
const STANDBY_LOOK_MS = 250;
const MAX_END_REASONS = 100;

export function createCoreProcess(context: ChildContext): ChildService {
  return new CoreProcess(context);
}

class CoreProcess implements ChildService {
  readonly #context: ChildContext;
  readonly #live: LiveSettings;
  #ownership: Ownership | undefined;
  #services: readonly Service[] = [];
  readonly #troubles = new TroubleLog();
  #processes: readonly ProcessView[] = [];
  readonly #endReasons = new Map<number, string>();
  #standby: NodeJS.Timeout | undefined;
  #waking: Promise<void> | undefined;
  #stopped = false;

  constructor(context: ChildContext) {
    this.#context = context;
    this.#live = new LiveSettings(context.settings);
  }

  async start(): Promise<void> {
    const { settings, log, announce } = this.#context;
    // Everything that the core makes is for its own user alone.
    process.umask(0o077);
    prepareDataDirectory(settings.daemon.dataDirectory);
    if ((await this.#tryWake()) || this.#stopped) return;
    if (!settings.daemon.standby) throw ownedByAnother(settings.daemon.dataDirectory);
    log.info(
      { dataDirectory: settings.daemon.dataDirectory },
      'another daemon owns the data directory; standing by',
    );
    announce('standby');
    this.#lookAgain();
  }

  quiet(): void {
    // The core takes no work of its own: what is asked of it until the stop is answered.
  }

  receive(message: Parameters<NonNullable<ChildService['receive']>>[0]): void {
    if (message.kind === 'processes') this.#processes = message.processes;
    if (message.kind === 'troubles') this.#troubles.hear(message.troubles, message.all);
    if (message.kind === 'ending') this.#noteEnding(message.pid, message.reason);
  }

  /** One that stands by wakes with them. */
  reconfigure(settings: Settings): Promise<void> {
    return this.#live.take(settings);
  }

  #noteEnding(pid: number, reason: string): void {
    // Only the latest matter: an executor that was ended is buried within moments.
    if (this.#endReasons.size >= MAX_END_REASONS) this.#endReasons.clear();
    this.#endReasons.set(pid, reason);
  }

  async stop(deadline: Deadline): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#standby);
    // A start that failed has been told to the supervisor already.
    await this.#waking?.catch(() => undefined);
    const services = this.#services;
    this.#services = [];
    try {
      await stopAll(services, deadline);
    } finally {
      this.#ownership?.release();
      this.#ownership = undefined;
    }
  }

  #lookAgain(): void {
    this.#standby = setTimeout(() => {
      this.#tryWake().then(
        (awake) => {
          if (!awake && !this.#stopped) this.#lookAgain();
        },
        (error: unknown) => this.#context.fail(error),
      );
    }, STANDBY_LOOK_MS);
  }

  /** @returns false while another process owns the data directory */
  async #tryWake(): Promise<boolean> {
    const { settings } = this.#context;
    if (this.#stopped) return false;
    this.#ownership = tryOwn(join(settings.daemon.dataDirectory, LOCK_FILE));
    if (this.#ownership === undefined) return false;
    this.#waking = this.#wake();
    await this.#waking;
    return true;
  }

  async #wake(): Promise<void> {
    const { log, mode, announce, fail, askReload } = this.#context;
    const startedMono = performance.now();
    const services = composeCore({
      settings: this.#live.current,
      live: this.#live,
      askReload,
      log,
      given: this.#context.given,
      expectExecutors: mode !== 'web_socket',
      processes: () => this.#processes,
      troubles: this.#troubles,
      endReason: (pid) => this.#endReasons.get(pid),
      onRows: () => this.#context.watchLoop?.(),
      onFatal: fail,
    });
    await startAll(services, 1_000);
    this.#services = services;
    announce('ready');
    log.info({ durationMs: Math.round(performance.now() - startedMono) }, 'core awake');
  }
}

function prepareDataDirectory(directory: string): void {
  try {
    makeDirectory(directory, 0o700);
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TaskbellError(
      'E_CANNOT_CREATE',
      `The data directory ${directory} cannot be used: ${why}.`,
      {
        hint: 'Make it writable for this user, or set [daemon] dataDirectory to another directory.',
        cause,
      },
    );
  }
}

function ownedByAnother(directory: string): TaskbellError {
  return new TaskbellError('E_OWNED', `Another daemon owns the data directory ${directory}.`, {
    hint: 'Stop it first, or set [daemon] standby = true to wait for it.',
  });
}
