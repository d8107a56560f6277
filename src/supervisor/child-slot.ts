/**
 * One place for a child process: keeps it filled until told to stop.
 *
 *   stopped ─start▶ starting ─▶ standby | ready ─stop▶ stopping ─▶ stopped
 *                      ▲  └──────────┴─▶ (ended) ─▶ backoff ─┐
 *                      └────────────────────────────────────┘
 *
 * Refuses to judge: restart-policy.ts decides, the process tree acts on a place that gave up.
 */
import type { ChildProcess } from 'node:child_process';
import type { Settings } from '../config/settings.ts';
import type { Logger } from '../process/logger.ts';
import type {
  FromChild,
  ProcessState,
  ProcessView,
  SupervisorMode,
  ToChild,
} from '../protocol/supervision.ts';
import { type ChildEnd, childEnd, forkChild } from './child-fork.ts';
import { parseFromChild } from './child-message.ts';
import { decideRestart, judgeExit, NO_RESTARTS, type RestartHistory } from './restart-policy.ts';
import { describeSlot, KILL_SLACK_MS, type SlotName } from './slot-plan.ts';

export interface SlotOptions {
  readonly entry: string;
  readonly run: string;
  readonly mode: SupervisorMode;
  readonly settings: Settings;
  readonly log: Logger;
}

export interface SlotEvents {
  /** The view of this slot is another one now. */
  readonly changed: (slot: ChildSlot) => void;
  readonly spawned: (pid: number) => void;
  readonly gone: (pid: number) => void;
  /** It ended for a reason that a restart does not mend; it stays empty. */
  readonly gaveUp: (exitCode: number) => void;
}

type Fatal = Extract<FromChild, { kind: 'fatal' }>;

export class ChildSlot {
  readonly name: SlotName;
  readonly #options: SlotOptions;
  readonly #events: SlotEvents;
  readonly #log: Logger;
  #state: ProcessState = 'stopped';
  #child: ChildProcess | undefined;
  #gone: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #history: RestartHistory = NO_RESTARTS;
  #fatal: Fatal | undefined;
  #startedMono = 0;
  #since: string | null = null;
  #restarts = 0;
  #everReady = false;
  #wanted = false;

  constructor(name: SlotName, options: SlotOptions, events: SlotEvents) {
    this.name = name;
    this.#options = options;
    this.#events = events;
    this.#log = options.log.child({ process: describeSlot(name) });
  }

  start(): void {
    this.#wanted = true;
    this.#spawn();
  }

  quiet(): void {
    this.send({ kind: 'quiet' });
  }

  /** Resolves when the process is gone: by itself within the time, or killed shortly after it. */
  async stop(withinMs: number): Promise<void> {
    this.#refuseRestart();
    if (this.#child === undefined) return;
    this.#become('stopping');
    this.send({ kind: 'stop', withinMs });
    const killer = setTimeout(() => {
      this.#log.warn({ withinMs }, 'process did not stop in time and is killed');
      this.kill();
    }, withinMs + KILL_SLACK_MS);
    await this.#gone;
    clearTimeout(killer);
  }

  /** Ends it at once and for good. */
  kill(): void {
    this.#refuseRestart();
    this.#child?.kill('SIGKILL');
  }

  send(message: ToChild<Settings>): void {
    // An error means that the process is ending; its exit is heard and acted upon anyway.
    if (this.#child?.connected) this.#child.send(message, () => {});
  }

  isUp(): boolean {
    return this.#state === 'ready' || this.#state === 'standby';
  }

  view(): ProcessView {
    return {
      role: this.name.role,
      pid: this.#child?.pid ?? null,
      state: this.#state,
      restarts: this.#restarts,
      since: this.#since,
    };
  }

  #spawn(): void {
    this.#fatal = undefined;
    this.#startedMono = performance.now();
    const { entry, run, mode, settings } = this.#options;
    const child = forkChild({ entry, run, role: this.name.role });
    this.#child = child;
    this.#since = new Date().toISOString();
    child.on('message', (value) => this.#hear(value));
    this.#gone = childEnd(child).then((end) => this.#ended(end));
    if (child.pid !== undefined) this.#events.spawned(child.pid);
    this.send({ kind: 'init', settings, ...this.name, run, mode });
    this.#become('starting');
  }

  #hear(value: unknown): void {
    const message = parseFromChild(value);
    switch (message?.kind) {
      case 'state':
        if (!this.#wanted) return;
        this.#everReady = true;
        this.#become(message.state);
        return;
      case 'fatal':
        this.#fatal = message;
        return;
      case undefined:
        this.#log.debug('message of another protocol ignored');
    }
  }

  #ended(end: ChildEnd): void {
    const pid = this.#child?.pid;
    this.#child = undefined;
    this.#since = null;
    if (pid !== undefined) this.#events.gone(pid);
    if (!this.#wanted) {
      this.#become('stopped');
      return;
    }
    this.#restarts += 1;
    const { standby } = this.#options.settings.daemon;
    const told = this.#fatal !== undefined;
    const verdict = judgeExit({
      exitCode: end.exitCode,
      everReady: this.#everReady,
      told,
      standby,
    });
    if (verdict.kind === 'give-up') this.#giveUp(verdict.exitCode, end);
    else this.#restart(pid, end);
  }

  #restart(pid: number | undefined, end: ChildEnd): void {
    const life = { startedMono: this.#startedMono, endedMono: performance.now() };
    const { delayMs, heldBack, history } = decideRestart(this.#history, life);
    this.#history = history;
    const facts = { pid, ...this.#reason(end), restarts: this.#restarts, restartInMs: delayMs };
    if (heldBack) this.#log.error(facts, 'process keeps ending; its restarts are held back');
    else this.#log.warn(facts, 'process ended unexpectedly and is restarted');
    // The timer comes first: whoever hears of the change may stop this slot.
    this.#timer = setTimeout(() => this.#spawn(), delayMs);
    this.#become('backoff');
  }

  #giveUp(exitCode: number, end: ChildEnd): void {
    this.#wanted = false;
    this.#log.error(this.#reason(end), 'process cannot work, and a restart would not help');
    this.#become('stopped');
    this.#events.gaveUp(exitCode);
  }

  #reason(end: ChildEnd): Readonly<Record<string, unknown>> {
    const { code, message: problem, hint } = this.#fatal ?? {};
    const { exitCode, signal, error } = end;
    return { exitCode, signal, code, problem, hint, ...(error && { err: error }) };
  }

  #refuseRestart(): void {
    this.#wanted = false;
    clearTimeout(this.#timer);
    if (this.#state === 'backoff') this.#become('stopped');
  }

  #become(state: ProcessState): void {
    this.#state = state;
    this.#events.changed(this);
  }
}
