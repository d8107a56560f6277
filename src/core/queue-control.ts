/** Opens, pauses and drains queues, and tells when one is empty. Every answer comes after the commit. */
import type { QueueService } from '../api/api-context.ts';
import type { EventLog } from '../log/event-log.ts';
import type { QueueMode } from '../protocol/status.ts';
import type { JobStore, QueueCounts } from '../queue/job-store.ts';
import type { Lanes } from './lanes.ts';

export interface QueueControlParts {
  readonly store: Pick<JobStore, 'setMode' | 'queues'>;
  readonly log: Pick<EventLog, 'onAppended'>;
  readonly lanes: Pick<Lanes, 'isPaused' | 'setPaused'>;
  readonly now: () => number;
  /** Asks for a flush of the commit loop in this turn. */
  readonly nudge: () => void;
}

export class QueueControl implements QueueService {
  readonly #parts: QueueControlParts;
  /** Whoever waits for a queue to be empty. */
  readonly #waiting = new Set<() => void>();

  constructor(parts: QueueControlParts) {
    this.#parts = parts;
    parts.log.onAppended(() => {
      for (const look of this.#waiting) look();
    });
  }

  async setMode(queue: string, mode: QueueMode): Promise<void> {
    const { store, lanes, now, nudge } = this.#parts;
    const before = lanes.isPaused(queue);
    // A pause counts from here on, so that nothing starts between its commit and its answer.
    if (mode === 'paused') lanes.setPaused(queue, true);
    try {
      await store.setMode(queue, mode, now());
      lanes.setPaused(queue, mode === 'paused');
    } catch (error) {
      lanes.setPaused(queue, before);
      throw error;
    } finally {
      nudge();
    }
  }

  async find(name: string): Promise<QueueCounts> {
    const found = (await this.#parts.store.queues()).find((queue) => queue.name === name);
    return found ?? { name, mode: 'open', counts: {} };
  }

  async waitUntilEmpty(name: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        this.#waiting.delete(look);
        resolve();
      };
      const look = (): void => {
        this.find(name).then((queue) => isEmpty(queue) && finish(), finish);
      };
      const timer = setTimeout(finish, timeoutMs);
      signal.addEventListener('abort', finish);
      this.#waiting.add(look);
      if (signal.aborted) finish();
      // Looked at after the listener is in place: an end in between is heard by one of the two.
      else look();
    });
  }
}

function isEmpty({ counts }: QueueCounts): boolean {
  return Object.values(counts).every((n) => n === 0);
}
