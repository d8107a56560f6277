/**
 * How the processes of one place have ended, and whether that is more than an accident.
 *
 *   sound ─ five short lives in a row, or more than ten restarts a minute ▶ degraded
 *     ▲                                                                        │
 *     └──────────────────────── a life of a minute ◀───────────────────────────┘
 *
 * Starts no process; restart-policy.ts decides when one may be started.
 */
import type { Logger } from '../process/logger.ts';
import {
  DEFAULT_RESTART_POLICY,
  decideRestart,
  NO_RESTARTS,
  type RestartHistory,
  type RestartPolicy,
} from './restart-policy.ts';

export interface RestartBookParts {
  readonly log: Logger;
  /** It is degraded, or is no more. */
  readonly onChange: () => void;
  readonly nowMono?: () => number;
  /** Left out: `DEFAULT_RESTART_POLICY`. */
  readonly policy?: RestartPolicy | undefined;
}

type Facts = Readonly<Record<string, unknown>>;

export class RestartBook {
  readonly #parts: RestartBookParts;
  readonly #nowMono: () => number;
  readonly #policy: RestartPolicy;
  #history: RestartHistory = NO_RESTARTS;
  #count = 0;
  #isDegraded = false;
  #recovery: NodeJS.Timeout | undefined;

  constructor(parts: RestartBookParts) {
    this.#parts = parts;
    this.#nowMono = parts.nowMono ?? (() => performance.now());
    this.#policy = parts.policy ?? DEFAULT_RESTART_POLICY;
  }

  /** Unexpected ends so far. */
  get count(): number {
    return this.#count;
  }

  get isDegraded(): boolean {
    return this.#isDegraded;
  }

  /** One ended that was not to. */
  noteEnd(): void {
    this.#count += 1;
    clearTimeout(this.#recovery);
    this.#recovery = undefined;
  }

  /**
   * It is to be restarted.
   *
   * @param facts why it ended, for the log
   * @returns after how many milliseconds
   */
  restartIn(startedMono: number, facts: Facts): number {
    const life = { startedMono, endedMono: this.#nowMono() };
    const decision = decideRestart(this.#history, life, this.#policy);
    const { delayMs, heldBack, degraded, history } = decision;
    this.#history = history;
    const told = { ...facts, restarts: this.#count, restartInMs: delayMs };
    const { log } = this.#parts;
    if (heldBack) log.error(told, 'process keeps ending; its restarts are held back');
    else log.warn(told, 'process ended unexpectedly and is restarted');
    if (degraded && !this.#isDegraded) {
      this.#isDegraded = true;
      log.error({ restarts: this.#count }, 'process is degraded: it keeps ending');
      this.#parts.onChange();
    }
    return delayMs;
  }

  /** One works. */
  noteUp(): void {
    if (!this.#isDegraded || this.#recovery !== undefined) return;
    this.#recovery = setTimeout(() => {
      this.#isDegraded = false;
      this.#parts.log.info({ restarts: this.#count }, 'process has recovered');
      this.#parts.onChange();
    }, this.#policy.recoveredLifeMs);
  }

  stop(): void {
    clearTimeout(this.#recovery);
    this.#recovery = undefined;
  }
}
