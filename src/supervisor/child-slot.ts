/**
 * One place for a child process: keeps it filled until told to stop.
 *
 *   stopped ─start▶ starting ─▶ standby | ready ─stop▶ stopping ─▶ stopped
 *                      ▲  └──────────┴─▶ (ended) ─▶ backoff ─┐
 *                      └────────────────────────────────────┘
 *
 *   replace, rolling:   a successor starts ─▶ works ─▶ takes the place; the former one retires ─▶ gone
 *                                       └─▶ fails: the former one stays
 *   replace, otherwise: the present one stops ─▶ another starts
 *
 * Refuses to judge: restart-policy.ts decides, the process tree acts on a place that gave up.
 */
import type { Settings } from '../config/settings.ts';
import type { Logger } from '../process/logger.ts';
import type { TaskbellError } from '../protocol/errors.ts';
import type {
  Predecessor,
  ProcessState,
  ProcessView,
  Replacement,
  ToChild,
} from '../protocol/supervision.ts';
import type { ChildEnd } from './child-fork.ts';
import { handToCore } from './given-sockets.ts';
import { RestartBook } from './restart-book.ts';
import { judgeExit } from './restart-policy.ts';
import type { SlotEvents, SlotOptions } from './slot-options.ts';
import {
  describeSlot,
  KILL_SLACK_MS,
  memoryLimitOf,
  nodeArgv,
  type SlotName,
} from './slot-plan.ts';
import { type ReplaceRequest, SlotProcess } from './slot-process.ts';
import { endFacts, notUp, successorFailed } from './slot-words.ts';
import { StallWatch } from './stall-watch.ts';

/** From its fork to the core's welcome; a module alone may take 30 s to load. */
const SUCCESSOR_READY_MS = 60_000;
const NONE: ReadonlySet<string> = new Set();

export class ChildSlot {
  readonly name: SlotName;
  readonly #options: SlotOptions;
  readonly #events: SlotEvents;
  readonly #log: Logger;
  #state: ProcessState = 'stopped';
  #process: SlotProcess | undefined;
  #successor: SlotProcess | undefined;
  readonly #retiring = new Set<SlotProcess>();
  #replacing: Promise<void> | undefined;
  #dropped: ReadonlySet<string> = NONE;
  #timer: NodeJS.Timeout | undefined;
  readonly #book: RestartBook;
  #everReady = false;
  #wanted = false;

  constructor(name: SlotName, options: SlotOptions, events: SlotEvents) {
    this.name = name;
    this.#options = options;
    this.#events = events;
    this.#log = options.log.child({ process: describeSlot(name) });
    this.#book = new RestartBook({
      ...{ log: this.#log, policy: options.restarts },
      onChange: () => events.changed(),
    });
  }

  start(): void {
    this.#wanted = true;
    this.#spawn();
  }

  quiet(): void {
    for (const one of this.#all()) one.send({ kind: 'quiet' });
  }

  /** Resolves when every process is gone: by itself within the time, or killed shortly after it. */
  async stop(withinMs: number): Promise<void> {
    this.#refuseRestart();
    if (this.#process !== undefined) this.#become('stopping');
    // A successor that nobody has met yet has nothing to end.
    this.#successor?.kill();
    await Promise.all(this.#all().map((one) => this.#stopOne(one, withinMs)));
  }

  /** Ends it at once and for good. */
  kill(): void {
    this.#refuseRestart();
    for (const one of this.#all()) one.kill();
  }

  /**
   * Puts another process in the place of the present one. Resolves when it is there; a former one that
   * retires may still be ending its jobs.
   *
   * @throws TaskbellError when there is none to replace, or when its successor cannot work: it stays
   */
  replace(replacement: Replacement): Promise<void> {
    this.#replacing ??= this.#replace(replacement).finally(() => {
      this.#replacing = undefined;
    });
    return this.#replacing;
  }

  /** Every process that is here acts on these settings. @throws TaskbellError when one cannot */
  async reconfigure(settings: Settings): Promise<void> {
    await Promise.all(this.#all().map((one) => one.reconfigure(settings)));
  }

  /**
   * Puts a fresh process in the place of the present one, without a gap.
   *
   * @param dropped job types that the successor need not run any more
   * @returns false where there is none: whoever comes starts with what holds now
   * @throws TaskbellError when the successor cannot work: the former one stays
   */
  async renew(dropped: ReadonlySet<string>): Promise<boolean> {
    // One that is on its way may have read the former settings.
    await this.#replacing?.catch(() => undefined);
    const present = this.#process;
    if (present === undefined || !this.#wanted) return false;
    if (!this.isUp() && !(await present.up)) return false;
    this.#dropped = dropped;
    // Who stands by serves nobody, so that there is no gap to be left.
    await this.replace({ rolling: this.#state === 'ready', withinMs: null }).finally(() => {
      this.#dropped = NONE;
    });
    return true;
  }

  send(message: ToChild<Settings>): void {
    this.#process?.send(message);
  }

  /** Whether the loop of its process turns, see `SlotProcess`; undefined while none is up. */
  answers(): Promise<boolean> | undefined {
    return this.isUp() ? this.#process?.answers() : undefined;
  }

  isUp(): boolean {
    return this.#state === 'ready' || this.#state === 'standby';
  }

  /** Who gets connections of the public port: nobody while the process starts, stands by or stops. */
  taker(): SlotProcess | undefined {
    return this.#state === 'ready' ? this.#process : undefined;
  }

  /** Of every process of this place: the present one, its successor, those that retire. */
  pids(): readonly number[] {
    return this.#all().flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  views(): readonly ProcessView[] {
    const { role } = this.name;
    const restarts = this.#book.count;
    const retiring = [...this.#retiring].map(({ pid = null, since }): ProcessView => {
      const state = this.#wanted ? 'retiring' : 'stopping';
      return { role, pid, state, restarts, since };
    });
    const { pid = null, since = null } = this.#process ?? {};
    const degraded = this.#book.isDegraded ? { degraded: true as const } : {};
    return [{ role, pid, state: this.#state, restarts, since, ...degraded }, ...retiring];
  }

  #all(): readonly SlotProcess[] {
    const present = [this.#process, this.#successor].filter((one) => one !== undefined);
    return [...present, ...this.#retiring];
  }

  #spawn(predecessor: Predecessor | null = null): void {
    const process: SlotProcess = this.#fork(predecessor, (state) => {
      if (!this.#wanted || this.#process !== process) return;
      this.#everReady = true;
      this.#become(state);
    });
    this.#process = process;
    void process.gone.then((end) => this.#ended(process, end));
    this.#become('starting');
  }

  #fork(
    predecessor: Predecessor | null,
    up: (state: 'ready' | 'standby') => void = () => {},
  ): SlotProcess {
    const { entry, run, mode, port } = this.#options;
    const settings = this.#options.settings.current;
    const { role } = this.name;
    const execArgv = nodeArgv(role, memoryLimitOf(role, settings));
    const { inherit, given } = handToCore(role === 'core' ? this.#options.given : undefined);
    const init = { kind: 'init', settings, ...this.name, run, mode, predecessor, given } as const;
    const forked: SlotProcess = new SlotProcess({ entry, run, role, execArgv, inherit }, init, {
      up,
      replace: (request) => this.#replaceAsked(forked, request),
      openPort: () => this.#openPort(forked),
      reload: () => this.#events.reloadAsked((answer) => forked.send(answer)),
      trouble: (trouble) => this.#events.troubled({ ...trouble, role }),
      taken: () => port.handOut(),
      givenBack: (connection) => port.takeBack(connection),
      loop: (report) => stall.hear(report),
      foreign: () => this.#log.debug('message of another protocol ignored'),
      output: { log: this.#log, pass: this.#options.pass },
    });
    const { pid } = forked;
    const stall = this.#watchStall(forked);
    if (pid !== undefined) {
      this.#events.spawned(pid);
      void forked.gone.then(() => this.#events.gone(pid));
    }
    return forked;
  }

  #watchStall(forked: SlotProcess): StallWatch {
    const stall = new StallWatch({
      ...{ log: this.#log, pid: forked.pid, end: () => forked.kill() },
      limitMs: () => this.#options.settings.current.daemon.stallTimeout,
    });
    void forked.gone.then(() => stall.stop());
    return stall;
  }

  #openPort(asking: SlotProcess): void {
    this.#options.port.open().then(
      (place) => asking.send({ kind: 'port', place }),
      ({ code = 'unknown error', message }: NodeJS.ErrnoException) =>
        asking.send({ kind: 'port-refused', code, message }),
    );
  }

  // -- replacing ----------------------------------------------------------------------------

  #replaceAsked(asking: SlotProcess, { reason, ...replacement }: ReplaceRequest): void {
    if (!this.#wanted) return;
    if (asking !== this.#process) {
      asking.send({ kind: 'kept', problem: 'another process has its place already' });
      return;
    }
    this.#log.info({ reason, rolling: replacement.rolling }, 'process is replaced');
    this.replace(replacement).catch((error: unknown) => {
      const problem = error instanceof Error ? error.message : String(error);
      asking.send({ kind: 'kept', problem });
    });
  }

  async #replace({ rolling, withinMs }: Replacement): Promise<void> {
    const former = this.#process;
    if (former === undefined || !this.isUp()) {
      throw notUp(this.name);
    }
    const { shutdownTimeout } = this.#options.settings.current.daemon;
    if (rolling) await this.#succeed(former, withinMs);
    else await this.#startAnew(former, withinMs ?? shutdownTimeout);
  }

  async #startAnew(former: SlotProcess, withinMs: number): Promise<void> {
    // It is not in its place any more, so that its end is none that a restart answers.
    this.#process = undefined;
    this.#retiring.add(former);
    this.#become('starting');
    former.send({ kind: 'quiet' });
    await this.#stopOne(former, withinMs);
    this.#retiring.delete(former);
    // Nobody is there any more whose types would have to be kept.
    if (this.#wanted) this.#spawn({ pid: former.pid ?? -1, types: [] });
    else this.#become('stopped');
  }

  async #succeed(former: SlotProcess, withinMs: number | null): Promise<void> {
    const successor = await this.#startSuccessor(former);
    const overtaken = this.#process !== former;
    this.#process = successor;
    void successor.gone.then((end) => this.#ended(successor, end));
    this.#become('ready');
    if (overtaken) return;
    this.#retiring.add(former);
    former.send({ kind: 'retire', withinMs });
    this.#events.changed();
    void former.gone.then(() => {
      this.#retiring.delete(former);
      this.#events.changed();
    });
  }

  /** Resolves when it works. */
  async #startSuccessor(former: SlotProcess): Promise<SlotProcess> {
    const types = former.types.filter((type) => !this.#dropped.has(type));
    const successor = this.#fork({ pid: former.pid ?? -1, types });
    this.#successor = successor;
    const late = setTimeout(() => successor.kill(), SUCCESSOR_READY_MS);
    const works = await successor.up;
    clearTimeout(late);
    this.#successor = undefined;
    if (works && this.#wanted) return successor;
    await successor.gone;
    // Its predecessor has ended meanwhile: then the place is empty.
    if (this.#wanted && this.#process === undefined) this.#spawn();
    throw this.#successorFailed(former, successor);
  }

  #successorFailed(former: SlotProcess, successor: SlotProcess): TaskbellError {
    const { error, why } = successorFailed(this.name, former, successor, SUCCESSOR_READY_MS);
    const { pid } = former;
    if (this.#wanted) this.#log.error({ pid, problem: why }, 'process stays: no successor works');
    return error;
  }

  // -- ends ---------------------------------------------------------------------------------

  async #stopOne(process: SlotProcess, withinMs: number): Promise<void> {
    process.send({ kind: 'stop', withinMs });
    const killer = setTimeout(() => {
      this.#log.warn({ withinMs }, 'process did not stop in time and is killed');
      process.kill();
    }, withinMs + KILL_SLACK_MS);
    await process.gone;
    clearTimeout(killer);
  }

  #ended(process: SlotProcess, end: ChildEnd): void {
    if (this.#process !== process) return;
    this.#process = undefined;
    if (!this.#wanted) {
      this.#become('stopped');
      return;
    }
    this.#book.noteEnd();
    const { standby } = this.#options.settings.current.daemon;
    const verdict = judgeExit({
      exitCode: end.exitCode,
      everReady: this.#everReady,
      told: process.fatal !== undefined,
      standby,
    });
    if (verdict.kind === 'give-up') this.#giveUp(verdict.exitCode, process, end);
    else this.#restart(process, end);
  }

  #restart(process: SlotProcess, end: ChildEnd): void {
    const delayMs = this.#book.restartIn(process.startedMono, {
      pid: process.pid,
      ...endFacts(process, end),
    });
    // The timer comes first: whoever hears of the change may stop this slot. A successor that is on
    // its way takes the place, so that there is nobody to start.
    if (this.#successor === undefined) this.#timer = setTimeout(() => this.#spawn(), delayMs);
    this.#become('backoff');
  }

  #giveUp(exitCode: number, process: SlotProcess, end: ChildEnd): void {
    this.#wanted = false;
    this.#log.error(endFacts(process, end), 'process cannot work, and a restart would not help');
    this.#become('stopped');
    this.#events.gaveUp(exitCode);
  }

  #refuseRestart(): void {
    this.#wanted = false;
    clearTimeout(this.#timer);
    this.#book.stop();
    if (this.#state === 'backoff') this.#become('stopped');
  }

  #become(state: ProcessState): void {
    this.#state = state;
    if (this.isUp()) this.#book.noteUp();
    this.#events.changed();
  }
}
