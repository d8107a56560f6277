/**
 * The way to one client of server-sent events: what a turn brings is written at its end, and what stays unread is
 * counted.
 *
 * Closes nothing by itself: it says when a client is too slow.
 */
import type { ServerResponse } from 'node:http';
import type { FanOut, Waiting } from './fan-out.ts';

/** While more is unread, no more history is read. */
const MUCH_UNREAD_BYTES = 65_536;

const END_TIMEOUT_MS = 5_000;

export interface SseOutletOptions {
  readonly maxUnread: number;
  readonly onTooSlow: () => void;
}

export class SseOutlet implements Waiting {
  readonly #response: ServerResponse;
  readonly #fanOut: FanOut;
  readonly #options: SseOutletOptions;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #allReadAtMono: number;

  constructor(response: ServerResponse, fanOut: FanOut, options: SseOutletOptions) {
    this.#response = response;
    this.#fanOut = fanOut;
    this.#options = options;
    this.#allReadAtMono = fanOut.nowMono();
  }

  /** That left this process no further than the socket, or not at all yet. */
  get unreadBytes(): number {
    return this.#response.writableLength + this.#gatheredBytes;
  }

  allReadAtMono(nowMono: number): number {
    if (this.unreadBytes === 0) this.#allReadAtMono = nowMono;
    return this.#allReadAtMono;
  }

  send(bytes: Buffer): void {
    if (this.#gathered.length === 0) this.#fanOut.enlist(this);
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
  }

  /** Called by the fan-out at the end of a turn. */
  flush(nowMono: number): void {
    // Looked at before the write: one event larger than the limit must still reach an idle client.
    const unread = this.#response.writableLength;
    if (unread === 0) this.#allReadAtMono = nowMono;
    if (unread > this.#options.maxUnread) {
      this.#forget();
      this.#options.onTooSlow();
    } else this.#write();
  }

  /** After what was gathered. */
  end(text: string): void {
    this.#write();
    this.#response.end(text);
    // Who does not read the last word has no use for it.
    const late = setTimeout(() => this.#response.destroy(), END_TIMEOUT_MS);
    this.#response.once('close', () => clearTimeout(late));
  }

  async drained(signal: AbortSignal): Promise<void> {
    // What this turn brought is written at its end.
    await new Promise((resolve) => setImmediate(resolve));
    if (signal.aborted || this.unreadBytes <= MUCH_UNREAD_BYTES) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#response.off('drain', done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#response.on('drain', done);
      signal.addEventListener('abort', done);
    });
  }

  #write(): void {
    const [only] = this.#gathered;
    if (only === undefined) return;
    const bytes = this.#gathered.length === 1 ? only : Buffer.concat(this.#gathered);
    this.#forget();
    if (this.#response.writable) this.#response.write(bytes);
  }

  #forget(): void {
    this.#gathered = [];
    this.#gatheredBytes = 0;
  }
}
