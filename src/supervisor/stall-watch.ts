/**
 * Acts on what the thread beside a process's event loop tells: says that it stands still, with the place, and ends the
 * process when it does so for too long.
 *
 *   turning ─ stalled ▶ standing still ─ turns again ▶ turning
 *                             └─ for longer than the limit ▶ ended (and restarted, as after any unexpected end)
 */

import type { Logger } from '../process/logger.ts';
import type { LoopReport } from '../process/loop-report.ts';

export interface StallWatchParts {
  readonly log: Logger;
  readonly pid: number | undefined;
  /** Milliseconds of standing still; 0: for as long as it takes. */
  readonly limitMs: () => number;
  readonly end: () => void;
}

export class StallWatch {
  readonly #parts: StallWatchParts;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: StallWatchParts) {
    this.#parts = parts;
  }

  hear(report: LoopReport): void {
    clearTimeout(this.#timer);
    const { log, pid } = this.#parts;
    const { stalledMs } = report;
    if (report.kind === 'turning') {
      log.info({ pid, stalledMs }, 'event loop turns again');
      return;
    }
    const limitMs = this.#parts.limitMs();
    const endsInMs = limitMs === 0 ? null : Math.max(0, limitMs - stalledMs);
    log.error({ pid, stalledMs, endsInMs, stack: report.stack }, 'event loop stands still');
    if (endsInMs !== null) this.#timer = setTimeout(() => this.#end(), endsInMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #end(): void {
    const { log, pid, end, limitMs } = this.#parts;
    log.error(
      { pid, limitMs: limitMs() },
      'event loop stood still for too long: ending the process',
    );
    end();
  }
}
