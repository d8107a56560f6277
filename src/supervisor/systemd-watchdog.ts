/**
 * Feeds the watchdog of the service manager for as long as the loops that work turn: this one, by doing it, and
 * the core's, by answering. A manager that is not fed ends the service and starts it anew.
 *
 *   turn ─▶ ask the core ─ answered ▶ feed
 *                  └ not by the next turn ▶ hungry: nothing is fed until it answers
 */
import type { Logger } from '../process/logger.ts';

export interface WatchdogOptions {
  /** After so much silence the manager acts. */
  readonly watchdogMs: number;
  /** Resolves when the loop that matters answers; false: its process is gone. */
  readonly answers: () => Promise<boolean>;
  readonly feed: () => void;
  /** It does not answer; said once until it does. */
  readonly hungry: () => void;
  readonly log: Logger;
}

/** One that is late, and the start of a program, must fit in: half of the time, as is usual, would be tight. */
const TURNS = 3;

export class SystemdWatchdog {
  readonly #options: WatchdogOptions;
  #timer: NodeJS.Timeout | undefined;
  #asking = false;
  #isHungry = false;

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#turn(), this.#options.watchdogMs / TURNS);
    this.#turn();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #turn(): void {
    if (this.#asking) {
      this.#goHungry();
      return;
    }
    this.#asking = true;
    void this.#options.answers().then((alive) => this.#answered(alive));
  }

  #answered(alive: boolean): void {
    this.#asking = false;
    // It was gone, or this is over: the next turn asks whoever is there then.
    if (!alive || this.#timer === undefined) return;
    if (this.#isHungry) this.#options.log.info('core answers again; watchdog is fed');
    this.#isHungry = false;
    this.#options.feed();
  }

  #goHungry(): void {
    if (this.#isHungry) return;
    this.#isHungry = true;
    const { log, watchdogMs, hungry } = this.#options;
    log.error({ watchdogMs }, 'core does not answer; watchdog is not fed');
    hungry();
  }
}
