/**
 * The ended jobs that are read but not delivered: at most 64, in log order.
 *
 *   waiting ──emit──▶ emitted ──acknowledged or taken──▶ settled ──all before it settled──▶ gone
 *      ▲                 │
 *      └──── rewind: the connection ended, or the acknowledgement is overdue
 *
 * It is all that the report client holds in memory: while the receiver is away, the log is the
 * buffer. Emits nothing and moves no cursor.
 */
import type { EndedJob, EndsPage } from './report-source.ts';

export const WINDOW_SIZE = 64;

export interface WindowEntry {
  readonly end: EndedJob;
  /** Where the cursor may go once this and all before it are settled. */
  position: string;
  state: 'waiting' | 'emitted' | 'settled';
  /** Monotonic; of the last emit. */
  emittedAtMono: number;
  /** Where somebody traces. */
  endSpan?: ((error?: unknown) => void) | undefined;
}

export class SendWindow {
  #entries: WindowEntry[] = [];
  #settledPosition: string;
  #readPosition: string;

  constructor(position: string) {
    this.#settledPosition = position;
    this.#readPosition = position;
  }

  /** Everything up to here is delivered. */
  get settledPosition(): string {
    return this.#settledPosition;
  }

  /** Everything up to here was read. */
  get readPosition(): string {
    return this.#readPosition;
  }

  get size(): number {
    return this.#entries.length;
  }

  get free(): number {
    return WINDOW_SIZE - this.#entries.length;
  }

  /** Takes a page that was read from `readPosition`. */
  add(page: EndsPage): void {
    for (const end of page.ends) {
      this.#entries.push({ end, position: end.seq, state: 'waiting', emittedAtMono: 0 });
    }
    this.#readPosition = page.next;
    const last = this.#entries.at(-1);
    // Rows after the last end tell nothing: they are passed together with it.
    if (last === undefined) this.#settledPosition = page.next;
    else last.position = page.next;
  }

  waiting(): readonly WindowEntry[] {
    return this.#entries.filter((entry) => entry.state === 'waiting');
  }

  emitted(): readonly WindowEntry[] {
    return this.#entries.filter((entry) => entry.state === 'emitted');
  }

  oldestEmitted(): WindowEntry | undefined {
    return this.#entries.find((entry) => entry.state === 'emitted');
  }

  /** False when it was settled before: a second acknowledgement changes nothing. */
  settle(entry: WindowEntry): boolean {
    if (entry.state === 'settled') return false;
    entry.state = 'settled';
    this.#dropSettled();
    return true;
  }

  /** Everything not settled is to be emitted again. */
  rewind(): void {
    for (const entry of this.#entries) {
      if (entry.state === 'emitted') entry.state = 'waiting';
    }
  }

  #dropSettled(): void {
    const open = this.#entries.findIndex((entry) => entry.state !== 'settled');
    const done = this.#entries.splice(0, open === -1 ? this.#entries.length : open);
    this.#settledPosition = done.at(-1)?.position ?? this.#settledPosition;
  }
}
