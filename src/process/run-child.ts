/**
 * Turns this process into a child of the supervisor: reads its orders, runs the service of its role,
 * and says with which code to exit.
 *
 *   waiting ─init▶ starting ─▶ running ─stop | supervisor gone▶ stopping ─▶ ended
 *      └──────────────┴───────────┴──────── fail ───────────────────┴─────▶ ended
 *
 * Refuses to exit by itself: main.ts does that, with the code that comes out here.
 */
import type { Socket } from 'node:net';
import type { Settings } from '../config/settings.ts';
import { asTaskbellError, ERROR_CODES, exitCodeOf } from '../protocol/errors.ts';
import type { FromChild, Role, ToChild } from '../protocol/supervision.ts';
import type { ChildFactories, ChildFactory, ChildService } from './child-process.ts';
import { setLogLevel } from './log-level.ts';
import { createLogger, type Logger } from './logger.ts';
import { watchLoop } from './loop-watch.ts';
import { PortRequest } from './port-request.ts';
import { ReloadRequest } from './reload-request.ts';
import { type Deadline, deadlineIn } from './service.ts';
import { ignoreSignals, listenForFaults } from './signals.ts';
import { createTroubleWatch } from './trouble-line.ts';

type Init = Extract<ToChild<Settings>, { kind: 'init' }>;

/** What a child may still use after its supervisor died; the guardian ends it soon after. */
const ORPHAN_STOP_MS = 3_000;
const ORPHAN_EXIT_MS = 4_000;
/** A `fatal` normally leaves at once; a supervisor that does not read must not keep the process alive. */
const FATAL_SEND_MS = 1_000;

/** @returns the exit code. Never rejects. */
export function runChild(role: string | undefined, factories: ChildFactories): Promise<number> {
  if (process.send === undefined || !isRole(role, factories)) {
    process.stderr.write('taskbell: __child is how the supervisor starts its own processes.\n');
    return Promise.resolve(ERROR_CODES.E_USAGE.exitCode);
  }
  return new ChildRun(role, factories[role]).run();
}

function isRole(role: string | undefined, factories: ChildFactories): role is Role {
  return role !== undefined && Object.hasOwn(factories, role);
}

class ChildRun {
  readonly #load: () => Promise<ChildFactory>;
  readonly #ended: Promise<number>;
  readonly #port = new PortRequest(() => this.#tell({ kind: 'open-port' }));
  readonly #reload = new ReloadRequest(() => this.#tell({ kind: 'reload' }));
  #newer: Settings | undefined;
  #reconfigured: Promise<void> = Promise.resolve();
  #end: (exitCode: number) => void = () => {};
  #log: Logger;
  #service: ChildService | undefined;
  #unwatchLoop: (() => void) | undefined;
  #quiet = false;
  #stopping = false;
  #failed = false;

  constructor(role: Role, load: () => Promise<ChildFactory>) {
    this.#load = load;
    // Until the settings are here.
    this.#log = createLogger({ logLevel: 'info', logFormat: 'auto' }, { role });
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  run(): Promise<number> {
    ignoreSignals();
    listenForFaults((error) => this.#fail(error));
    process.once('disconnect', () => this.#onOrphaned());
    process.on('message', (message: ToChild<Settings>, handle) => {
      if (message.kind === 'connection') this.#accept(handle as Socket | undefined);
      else this.#receive(message);
    });
    return this.#ended;
  }

  /** @param socket undefined where its client went while it was on its way */
  #accept(socket: Socket | undefined): void {
    if (this.#service?.accept === undefined) socket?.destroy();
    else if (socket !== undefined) {
      this.#watchLoop();
      this.#service.accept(socket);
    }
  }

  /** From the first time on that there is something which could hold it up. */
  #watchLoop(): void {
    if (this.#stopping) return;
    this.#unwatchLoop ??= watchLoop(this.#log);
  }

  #receive(message: Exclude<ToChild<Settings>, { kind: 'connection' }>): void {
    switch (message.kind) {
      case 'init':
        this.#start(message).catch((error: unknown) => this.#onStartFailed(error));
        return;
      case 'quiet':
        this.#quiet = true;
        this.#service?.quiet();
        return;
      case 'stop':
        this.#stop(deadlineIn(message.withinMs), 0);
        return;
      case 'retire':
        this.#retire(message.withinMs);
        return;
      case 'beat':
        this.#tell({ kind: 'beat' });
        return;
      case 'port':
      case 'port-refused':
        this.#port.answer(message);
        return;
      case 'reloaded':
      case 'reload-refused':
        this.#reload.answer(message);
        return;
      case 'settings':
        this.#newer = message.settings;
        // One after the other: the last that are told are those that hold.
        this.#reconfigured = this.#reconfigured.then(() => this.#reconfigure(message.settings));
        return;
      case 'processes':
      case 'troubles':
      case 'kept':
      case 'ending':
        this.#service?.receive?.(message);
    }
  }

  async #reconfigure(settings: Settings): Promise<void> {
    setLogLevel(this.#log, settings.daemon.logLevel);
    let problem: string | null = null;
    try {
      await this.#service?.reconfigure?.(settings);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    this.#tell({ kind: 'settings-taken', problem });
  }

  async #start(init: Init): Promise<void> {
    const { role, index, run, mode } = init;
    this.#log = createLogger(
      // The supervisor makes readable lines of them, where those are wanted.
      { ...(this.#newer ?? init.settings).daemon, logFormat: 'json' },
      role === 'executor' ? { role, index } : { role },
      this.#troubleWatch(role),
    );
    const createService = await this.#load();
    if (this.#stopping) return;
    // Others may have come while the code was loaded.
    const settings = this.#newer ?? init.settings;
    const service = createService({
      settings,
      role,
      index,
      run,
      mode,
      supervisorPid: process.ppid,
      log: this.#log,
      only: init.only ?? null,
      predecessor: init.predecessor ?? null,
      given: init.given ?? {},
      announce: (state, types) => this.#tell({ kind: 'state', state, ...(types && { types }) }),
      askReplacement: (replacement, reason) =>
        this.#tell({ kind: 'replace', ...replacement, reason }),
      openPort: () => this.#port.open(),
      watchLoop: () => this.#watchLoop(),
      askReload: () => this.#reload.ask(),
      fail: (error) => this.#fail(error),
    });
    this.#service = service;
    if (this.#quiet) service.quiet();
    await service.start();
  }

  #troubleWatch(role: Role): (line: string) => void {
    return createTroubleWatch({
      ...{ role, pid: process.pid },
      tell: (trouble) => this.#tell({ kind: 'trouble', trouble }),
      nowMono: () => performance.now(),
    });
  }

  #onStartFailed(error: unknown): void {
    // A start that a stop cut off may fail in any way, and nobody needs it any more.
    if (this.#stopping) this.#log.debug({ err: error }, 'start given up');
    else this.#fail(error);
  }

  #stop(deadline: Deadline, exitCode: number): void {
    this.#stopping = true;
    this.#unwatchLoop?.();
    const stopped = this.#service?.stop(deadline) ?? Promise.resolve();
    stopped.then(
      () => this.#end(exitCode),
      (error: unknown) => this.#fail(error),
    );
  }

  #retire(withinMs: number | null): void {
    const retired = this.#service?.retire?.(withinMs) ?? Promise.resolve();
    retired.then(
      () => this.#end(0),
      (error: unknown) => this.#fail(error),
    );
  }

  #onOrphaned(): void {
    this.#log.warn('supervisor is gone; stopping');
    const exitCode = exitCodeOf('E_DAEMON_UNREACHABLE');
    // Not unref'd: with the channel gone nothing else may hold the loop while `stop` waits, and Node
    // would end the process with 13, an unsettled await.
    setTimeout(() => this.#end(exitCode), ORPHAN_EXIT_MS);
    this.#stop(deadlineIn(ORPHAN_STOP_MS), exitCode);
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#log.error({ err: error }, 'process failed');
    const { code, message, hint } = asTaskbellError(error);
    const exitCode = exitCodeOf(code);
    setTimeout(() => this.#end(exitCode), FATAL_SEND_MS);
    const fatal: FromChild = { kind: 'fatal', code, message, ...(hint !== undefined && { hint }) };
    // An exit right after `send` can lose the message; the callback comes when the pipe has it.
    this.#tell(fatal, () => this.#end(exitCode));
  }

  #tell(message: FromChild, sent: () => void = () => {}): void {
    // An error means that the supervisor is gone, which `disconnect` tells better.
    if (process.send === undefined) sent();
    else process.send(message, undefined, undefined, sent);
  }
}
