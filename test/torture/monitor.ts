/** Asks the daemon again and again how it is, and lets others wait for an answer. */
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type StatusView, type TaskbellClient } from '../../src/client/client.ts';

const EVERY_MS = 20;

interface Waiter {
  readonly fits: (status: StatusView) => boolean;
  readonly resolve: (status: StatusView) => void;
}

export class Monitor {
  readonly #client: TaskbellClient;
  readonly #waiting = new Set<Waiter>();
  #stopped = false;
  /** The furthest position of the report cursor that any answer showed. */
  knownCursor = 0;
  latest: StatusView | undefined;

  constructor(controlSocket: string) {
    // No patience: the time until it answers again is what is measured.
    this.#client = connect({ socket: controlSocket, patienceMs: 0 });
  }

  /** Runs until `stop`. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      try {
        this.#take(await this.#client.status());
      } catch {
        // Not there just now: whoever waits goes on waiting.
      }
      await delay(EVERY_MS);
    }
    await this.#client.close();
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Undefined when no answer fits in time. Only answers that come from now on count. */
  until(fits: Waiter['fits'], withinMs: number): Promise<StatusView | undefined> {
    return new Promise((resolve) => {
      const waiter: Waiter = {
        fits,
        resolve: (status) => {
          clearTimeout(timer);
          resolve(status);
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(waiter);
        resolve(undefined);
      }, withinMs);
      this.#waiting.add(waiter);
    });
  }

  #take(status: StatusView): void {
    this.latest = status;
    this.knownCursor = Math.max(this.knownCursor, Number(status.report.cursor));
    for (const waiter of [...this.#waiting]) {
      if (!waiter.fits(status)) continue;
      this.#waiting.delete(waiter);
      waiter.resolve(status);
    }
  }
}

/** Ready, with this supervisor, and with none of the processes that were killed. */
export function isReadyAgain(
  status: StatusView,
  supervisor: number,
  killed: ReadonlySet<number>,
): boolean {
  const { ready, processes } = status;
  return (
    ready &&
    processes.some(({ role, pid }) => role === 'supervisor' && pid === supervisor) &&
    !processes.some(({ pid }) => pid !== null && killed.has(pid))
  );
}

const UNFINISHED = ['waiting', 'scheduled', 'queued', 'running', 'retrying'] as const;

/** Jobs that have not ended; none as long as no answer came. */
export function unfinishedIn(status: StatusView | undefined): number {
  return UNFINISHED.reduce((sum, state) => sum + (status?.jobs[state] ?? 0), 0);
}
