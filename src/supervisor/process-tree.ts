/**
 * The processes of one service: starts them, stops them in order, and tells the core how they are.
 *
 * Refuses to open the database, to run user code and to parse what comes from a network: whatever
 * brings a child down must not reach the process that brings it back.
 */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { LiveSettings } from '../config/live-settings.ts';
import type { Settings } from '../config/settings.ts';
import type { Logger } from '../process/logger.ts';
import { findMarked, signal } from '../process/process-identity.ts';
import { type Deadline, deadlineIn, type Service } from '../process/service.ts';
import type { ServiceLog } from '../process/service-log.ts';
import { asTaskbellError, TaskbellError } from '../protocol/errors.ts';
import { RUN_MARK } from '../protocol/execute.ts';
import type { ReloadView } from '../protocol/reload.ts';
import type {
  GivenSockets,
  ProcessState,
  ProcessView,
  Role,
  SupervisorMode,
  ToChild,
} from '../protocol/supervision.ts';
import type { TroubleView } from '../protocol/troubles.ts';
import { ChildSlot } from './child-slot.ts';
import { Guardian } from './guardian.ts';
import { HandlerWatch } from './handler-watch.ts';
import { watchMemory } from './memory-watch.ts';
import { PublicPort } from './public-port.ts';
import { reconfigure } from './reconfiguration.ts';
import type { RestartPolicy } from './restart-policy.ts';
import { memoryLimitOf, planSlots, STOP_ORDER, stopShareMs } from './slot-plan.ts';
import { TroubleBook, type TroubleInlet } from './trouble-book.ts';

export interface ProcessTreeOptions {
  readonly settings: Settings;
  readonly mode: SupervisorMode;
  readonly log: Logger;
  /** Takes the lines of the processes; left out: standard error does. */
  readonly serviceLog?: ServiceLog;
  /** Called once, when every child works or is on standby. */
  readonly ready?: () => void;
  /** Called when a child ended for good: the service cannot go on. */
  readonly gaveUp: (exitCode: number) => void;
  /** Called after every change of a process, once a turn. */
  readonly changed?: (views: readonly ProcessView[]) => void;
  /** Sockets that a service manager opened for this service. */
  readonly given?: GivenSockets | undefined;
  /** The script that runs as a child; the package's own main unless a test has another. */
  readonly entry?: string;
  /** How processes that keep ending are restarted; left out: as docs/workers.md says. */
  readonly restarts?: RestartPolicy;
  /** What the supervisor itself has logged. */
  readonly ownTroubles?: TroubleInlet;
  /** The core asks for the configuration to be read anew; left out: there is nothing to read. */
  readonly reload?: () => Promise<ReloadView>;
}

/** A process that is too big. */
interface Grown {
  readonly role: Role;
  readonly pid: number;
  readonly bytes: number;
  readonly limit: number;
}

/** A stop of the guardian is the end of a shell that waits for input. */
const GUARDIAN_STOP_MS = 1_000;

export class ProcessTree implements Service {
  readonly #options: ProcessTreeOptions;
  readonly #live: LiveSettings;
  readonly #slots: readonly ChildSlot[];
  readonly #guardian: Guardian;
  readonly #port: PublicPort;
  /** Marks everything below this supervisor; a name that no other run has, on any boot. */
  readonly #run = `${process.pid}-${randomBytes(6).toString('hex')}`;
  readonly #startedMono = performance.now();
  readonly #since = new Date().toISOString();
  readonly #troubles = new TroubleBook();
  #state: ProcessState = 'stopped';
  #stopped: Promise<void> | undefined;
  #tellCore: NodeJS.Immediate | undefined;
  #unwatchMemory: () => void = () => {};
  readonly #cleanUps: (() => void)[] = [];

  constructor(options: ProcessTreeOptions) {
    this.#options = options;
    this.#live = new LiveSettings(options.settings);
    options.ownTroubles?.listen((trouble) => this.noteTrouble(trouble));
    const { settings, mode, log, given, restarts } = options;
    const pass = options.serviceLog?.pass;
    const entry = options.entry ?? fileURLToPath(new URL('../main.js', import.meta.url));
    this.#guardian = new Guardian({ run: this.#run, log });
    this.#port = new PublicPort({
      place: settings.webSocketEvents,
      given: given?.ws,
      takers: () => this.#of('gateway').flatMap((slot) => slot.taker() ?? []),
      log,
    });
    const shared = {
      entry,
      run: this.#run,
      mode,
      settings: this.#live,
      log,
      pass,
      given,
      restarts,
    };
    this.#slots = planSlots(mode, settings).map(
      (name) =>
        new ChildSlot(
          name,
          { ...shared, port: this.#port },
          {
            changed: () => this.#changed(),
            spawned: (pid) => this.#guardian.watch(pid),
            gone: (pid) => this.#guardian.forget(pid),
            troubled: (trouble) => this.noteTrouble(trouble),
            reloadAsked: (answer) => void this.#answerReload(answer),
            gaveUp: (exitCode) => options.gaveUp(exitCode),
          },
        ),
    );
  }

  /** Returns when the children are forked; `ready` tells when they work. */
  async start(): Promise<void> {
    if (this.#state !== 'stopped' || this.#stopped !== undefined) return;
    this.#state = 'starting';
    this.#guardian.start();
    for (const slot of this.#slots) slot.start();
    const { worker } = this.#options.settings;
    if (worker.watch) this.#watchHandlers(worker.handlersDirectory);
    this.#watchMemory();
    this.#cleanUps.push(() => this.#unwatchMemory());
  }

  stop(deadline: Deadline): Promise<void> {
    this.#stopped ??= this.#stopInOrder(deadline);
    return this.#stopped;
  }

  /** Ends every process below this one at once; a `stop` under way then has nothing left to wait for. */
  kill(): void {
    this.#port.close();
    for (const slot of this.#slots) slot.kill();
    this.#killMarked();
  }

  /** Kept for `status`, and told to the core that is there. */
  noteTrouble(trouble: TroubleView): void {
    this.#troubles.note(trouble);
    this.#tellTroubles(false, [trouble]);
  }

  /** What holds now. */
  get settings(): Settings {
    return this.#live.current;
  }

  /**
   * Has every process act on other settings.
   *
   * @param roles whose processes are put in place anew, one after the other
   * @throws TaskbellError when one cannot work with them: all go on with the former ones
   */
  reconfigure(settings: Settings, roles: ReadonlySet<Role>): Promise<ReloadView['replaced']> {
    return reconfigure({
      ...{ former: this.#live.current, settings, roles },
      ...{ slots: this.#slots, log: this.#options.log },
      adopt: (one) => this.#adopt(one),
      isStopping: () => this.#state === 'stopping',
    });
  }

  async #adopt(settings: Settings): Promise<void> {
    if (this.#state === 'stopping') throw stopping();
    await this.#live.take(settings);
    this.#watchMemory();
    // All have answered before anybody is told anything else, the former settings, say.
    const answers = await Promise.allSettled(this.#slots.map((slot) => slot.reconfigure(settings)));
    const refused = answers.find((one) => one.status === 'rejected');
    if (refused !== undefined) throw refused.reason;
  }

  async #answerReload(answer: (message: ToChild<Settings>) => void): Promise<void> {
    try {
      const { reload } = this.#options;
      if (reload === undefined) throw nothingToRead();
      answer({ kind: 'reloaded', view: await reload() });
    } catch (error) {
      const { code, message, hint } = asTaskbellError(error);
      answer({ kind: 'reload-refused', code, message, ...(hint !== undefined && { hint }) });
    }
  }

  views(): readonly ProcessView[] {
    const own: ProcessView = {
      role: 'supervisor',
      pid: process.pid,
      state: this.#state,
      restarts: 0,
      since: this.#since,
    };
    return [own, ...this.#slots.flatMap((slot) => slot.views())];
  }

  /**
   * Whether the loop that all the others lean on turns: the core's, or where there is none, that of any gateway.
   * True while none of them is up: there is nothing to hang. Does not resolve while they hang.
   */
  answers(): Promise<boolean> {
    const cores = this.#of('core');
    const vital = cores.length > 0 ? cores : this.#of('gateway');
    return anyAnswers(vital.flatMap((slot) => slot.answers() ?? []));
  }

  async #stopInOrder(deadline: Deadline): Promise<void> {
    this.#state = 'stopping';
    for (const cleanUp of this.#cleanUps.splice(0)) cleanUp();
    const totalMs = deadline.remainingMs();
    for (const slot of this.#of('executor')) slot.quiet();
    for (const role of STOP_ORDER) {
      // Another service that waits for the port can have it while this one's clients leave.
      if (role === 'gateway') this.#port.close();
      const withinMs = stopShareMs(role, totalMs, deadline.remainingMs());
      await Promise.all(this.#of(role).map((slot) => slot.stop(withinMs)));
    }
    // What a handler left running in the background belongs to no job any more.
    this.#killMarked();
    clearImmediate(this.#tellCore);
    await this.#guardian.stop(deadlineIn(GUARDIAN_STOP_MS));
    this.#state = 'stopped';
  }

  #watchHandlers(directory: string): void {
    if (this.#of('executor').length === 0) return;
    const { log } = this.#options;
    const handlers = new HandlerWatch({ directory, log, onChange: () => this.#roll() });
    handlers.start();
    this.#cleanUps.push(() => handlers.stop());
  }

  /** One after the other, so that all but one are at work at any time. The first failure ends it. */
  async #roll(): Promise<void> {
    const { log } = this.#options;
    log.info('handlers have changed; executors are replaced');
    try {
      for (const slot of this.#of('executor')) {
        if (this.#state === 'stopping') return;
        await slot.replace({ rolling: true, withinMs: null });
      }
      log.info('executors are replaced');
    } catch (err) {
      log.error({ err }, 'executors stay as they are from here on');
    }
  }

  /** With the limits of now. */
  #watchMemory(): void {
    this.#unwatchMemory();
    const ends = STOP_ORDER.map((role) => {
      const limit = memoryLimitOf(role, this.#live.current);
      return watchMemory({
        limit,
        pids: () => this.#of(role).flatMap((slot) => slot.pids()),
        onOver: (pid, bytes) => this.#endGrown({ role, pid, bytes, limit }),
      });
    });
    this.#unwatchMemory = () => ends.forEach((end) => void end());
  }

  #endGrown({ role, pid, bytes, limit }: Grown): void {
    const facts = { process: role, grownPid: pid, bytes, limit };
    this.#options.log.error(facts, 'process has grown beyond memoryLimit: ending it');
    const reason = `had grown to ${bytes} bytes, beyond memoryLimit (${limit})`;
    for (const core of this.#of('core')) core.send({ kind: 'ending', pid, reason });
    signal(pid, 'SIGKILL');
  }

  #killMarked(): void {
    for (const pid of findMarked(RUN_MARK, this.#run)) signal(pid, 'SIGKILL');
  }

  #of(role: Role): readonly ChildSlot[] {
    return this.#slots.filter((slot) => slot.name.role === role);
  }

  #changed(): void {
    this.#port.handOut();
    if (this.#state === 'starting' && this.#slots.every((slot) => slot.isUp())) this.#becomeReady();
    // Once a turn, however much changed in it.
    this.#tellCore ??= setImmediate(() => {
      this.#tellCore = undefined;
      this.#tellTroubles(true, this.#troubles.all());
      this.#options.changed?.(this.views());
      const message = { kind: 'processes', processes: this.views() } as const;
      for (const core of this.#of('core')) core.send(message);
    });
  }

  #tellTroubles(all: boolean, troubles: readonly TroubleView[]): void {
    for (const core of this.#of('core')) core.send({ kind: 'troubles', all, troubles });
  }

  #becomeReady(): void {
    this.#state = 'ready';
    const durationMs = Math.round(performance.now() - this.#startedMono);
    const { mode, log } = this.#options;
    log.info({ moment: 'started', mode, durationMs }, 'service started');
    this.#options.ready?.();
  }
}

async function anyAnswers(asked: readonly Promise<boolean>[]): Promise<boolean> {
  if (asked.length === 0) return true;
  const alive = asked.map(async (answer) => {
    if (!(await answer)) throw new Error('gone');
  });
  return Promise.any(alive).then(
    () => true,
    () => false,
  );
}

function stopping(): TaskbellError {
  return new TaskbellError('E_UNAVAILABLE', 'The service stops.', {
    hint: 'The next start reads the configuration anyway.',
  });
}

function nothingToRead(): TaskbellError {
  return new TaskbellError('E_UNAVAILABLE', 'This service was started without a configuration.');
}
