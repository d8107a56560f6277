/**
 * Follows the whole log with the client library over all restarts of the daemon: one reader that
 * never lets go, one that leaves now and then and comes back with the last `seq` it saw.
 */
import type { EventStream, LogEvent, TaskbellClient } from '../../src/client/client.ts';
import { isFinished, type JobState } from '../../src/protocol/jobs.ts';
import type { FollowedLog, StoredRow, ToldEnd } from './evidence.ts';

export interface LogReaderOptions {
  readonly name: string;
  readonly client: TaskbellClient;
  readonly epoch: string;
  /** After so many events it leaves and comes back. */
  readonly stay: () => number;
  readonly onEnd?: (id: string) => void;
}

export class LogReader {
  readonly ended: ToldEnd[] = [];
  readonly #options: LogReaderOptions;
  readonly #seen: StoredRow[] = [];
  #gaps = 0;
  #stream: EventStream | undefined;
  #stopped = false;

  constructor(options: LogReaderOptions) {
    this.#options = options;
  }

  get top(): number {
    return this.#seen.at(-1)?.seq ?? 0;
  }

  /** Every row that it saw, in the order in which it saw them. */
  get rows(): readonly StoredRow[] {
    return this.#seen;
  }

  /** Runs until `stop`; rejects when the stream itself gives up, which it must not. */
  async run(): Promise<void> {
    const { client, epoch, stay } = this.#options;
    while (!this.#stopped) {
      const onGap = () => {
        this.#gaps += 1;
      };
      this.#stream = client.events({ since: String(this.top), epoch, onGap });
      let left = stay();
      for await (const event of this.#stream) {
        this.#take(event);
        left -= 1;
        if (left <= 0) break;
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#stream?.return();
  }

  evidence(): FollowedLog {
    return { name: this.#options.name, from: 0, seen: this.#seen, gaps: this.#gaps };
  }

  #take({ seq, prev, type, id, data }: LogEvent): void {
    const place = { seq: Number(seq), prev: prev === null ? null : Number(prev), type, id };
    if (type !== 'job') {
      this.#seen.push({ ...place, kind: 'event', state: null });
      return;
    }
    const { state } = data[0] as { readonly state: JobState };
    const ended = isFinished(state);
    this.#seen.push({ ...place, kind: ended ? 'end' : 'state', state });
    if (!ended) return;
    this.ended.push({ id, seq: place.seq, state, by: this.#options.name });
    this.#options.onEnd?.(id);
  }
}
