/**
 * Delivers ended jobs over one connection, for as long as it lives: reads them into the window,
 * emits them in order, settles them, and lets the cursor follow.
 *
 * Three things run side by side: `#feed` reads the log while half the window is free;
 * `#pump` emits what is waiting; `#overdue` or `#confirm` decides about what is emitted, by the
 * acknowledge mode. The window outlives the connection, this object does not.
 */
import type { WebSocketSettings } from '../config/settings.ts';
import {
  type AcknowledgeMode,
  decideOverdue,
  modeAfterAcknowledgement,
  settlesWhenTaken,
} from './acknowledge-mode.ts';
import type { CursorKeeper } from './cursor-keeper.ts';
import type { ReceiverConnection } from './receiver-connection.ts';
import type { EndedJob, ReportSource } from './report-source.ts';
import { beginReportSpan } from './report-span.ts';
import { type SendWindow, WINDOW_SIZE, type WindowEntry } from './send-window.ts';
import { type TaskMessageSettings, taskArguments } from './task-message.ts';
import { sleep, Wake } from './wake.ts';

export interface DeliverySettings
  extends TaskMessageSettings,
    Pick<WebSocketSettings, 'acknowledgeTimeout' | 'taskDelayOnError'> {}

/** What is happening, for the log and the status. */
export interface DeliveryObserver {
  reported(end: EndedJob): void;
  /** An emit was not acknowledged in time, or the log could not be read. */
  failed(problem: { readonly reason: string; readonly err?: unknown }): void;
  modeChanged(mode: AcknowledgeMode): void;
}

export interface DeliveryParts {
  readonly settings: DeliverySettings;
  readonly source: ReportSource;
  readonly window: SendWindow;
  readonly cursor: CursorKeeper;
  /** Kept between connections: what was learned about the receiver. */
  readonly memory: { mode: AcknowledgeMode };
  readonly observer: DeliveryObserver;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** What a delivery needs of its connection. */
export type DeliveryConnection = Pick<ReceiverConnection, 'closed' | 'emit' | 'taken'>;

/** A slow receiver's acknowledgement counts for so many rounds of emitting again. */
const ACK_MEMORY_ROUNDS = 10;
const SHORT_ACK_MEMORY_MS = 1_000;

export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #connection: DeliveryConnection;
  readonly #feeding = new AbortController();
  readonly #room = new Wake();
  readonly #settled = new Wake();
  #paused = false;
  #confirming = false;
  #probedAtMono = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(connection: DeliveryConnection, parts: DeliveryParts) {
    this.#connection = connection;
    this.#parts = parts;
  }

  /** Resolves when the connection is over. Never rejects. */
  async run(): Promise<void> {
    const { closed } = this.#connection;
    closed.addEventListener('abort', () => this.quiet(), { once: true });
    if (closed.aborted) return;
    this.#parts.window.rewind();
    this.#pump();
    await this.#feed();
    if (!closed.aborted) await new Wake().wait(closed);
    clearTimeout(this.#timer);
  }

  /** Reads and emits no more; what is emitted can still settle. */
  quiet(): void {
    this.#feeding.abort();
  }

  /** Resolves when everything emitted has settled, or the connection or the time is over. */
  async drained(withinMs: number): Promise<void> {
    const { closed } = this.#connection;
    const untilMono = this.#parts.now() + withinMs;
    while (!closed.aborted && this.#parts.window.oldestEmitted() !== undefined) {
      const leftMs = untilMono - this.#parts.now();
      if (leftMs <= 0) return;
      await this.#settled.wait(closed, leftMs);
    }
  }

  async #feed(): Promise<void> {
    const { signal } = this.#feeding;
    while (!signal.aborted) {
      try {
        await this.#readOn(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#parts.observer.failed({ reason: 'the log could not be read', err: error });
        await sleep(this.#parts.settings.taskDelayOnError, signal);
      }
    }
  }

  async #readOn(signal: AbortSignal): Promise<void> {
    const { source, window, cursor } = this.#parts;
    if (!hasRoom(window)) {
      await this.#room.wait(signal);
      return;
    }
    const from = window.readPosition;
    const page = await source.readEnds(from, window.free);
    if (page.next === from) {
      await source.waitForMore(from, signal);
      return;
    }
    window.add(page);
    if (window.size === 0) cursor.skipTo(window.settledPosition);
    if (!signal.aborted) this.#pump();
  }

  #pump(): void {
    if (this.#paused || this.#connection.closed.aborted) return;
    for (const entry of this.#parts.window.waiting()) this.#emit(entry);
    this.#watch();
  }

  #emit(entry: WindowEntry): void {
    const args = taskArguments(entry.end, this.#parts.settings);
    entry.state = 'emitted';
    entry.emittedAtMono = this.#parts.now();
    // Of an emit that was lost with its connection.
    entry.endSpan?.('not acknowledged');
    entry.endSpan = beginReportSpan(entry.end);
    if (this.#parts.memory.mode === 'off') {
      this.#connection.emit(args);
      return;
    }
    const acknowledged = () => this.#acknowledged(entry);
    this.#connection.emit(args, { acknowledged, memoryMs: this.#ackMemoryMs() });
  }

  /**
   * Every emit asks for an acknowledgement, for a receiver's handler may call the callback unseen.
   * How long it is remembered is what bounds the memory: emits that wait for theirs are few, those
   * that count as delivered at once are as many as the receiver can take.
   */
  #ackMemoryMs(): number {
    const { settings, memory, now } = this.#parts;
    const roundMs = settings.acknowledgeTimeout + settings.taskDelayOnError;
    if (memory.mode === 'fallen-back') {
      if (now() - this.#probedAtMono < settings.acknowledgeTimeout) return SHORT_ACK_MEMORY_MS;
      this.#probedAtMono = now();
    }
    return ACK_MEMORY_ROUNDS * roundMs;
  }

  #acknowledged(entry: WindowEntry): void {
    this.#learn(modeAfterAcknowledgement(this.#parts.memory.mode));
    this.#settle([entry]);
  }

  #settle(entries: readonly WindowEntry[]): void {
    const { window, cursor, observer } = this.#parts;
    for (const entry of entries) {
      entry.endSpan?.();
      entry.endSpan = undefined;
      if (window.settle(entry)) observer.reported(entry.end);
    }
    cursor.moveTo(window.settledPosition);
    if (hasRoom(window)) this.#room.ring();
    this.#settled.ring();
  }

  #learn(mode: AcknowledgeMode): void {
    if (this.#parts.memory.mode === mode) return;
    this.#parts.memory.mode = mode;
    this.#parts.observer.modeChanged(mode);
  }

  /** Sees to it that someone decides about what is emitted. */
  #watch(): void {
    if (this.#connection.closed.aborted) return;
    if (settlesWhenTaken(this.#parts.memory.mode)) {
      void this.#confirm();
      return;
    }
    const oldest = this.#parts.window.oldestEmitted();
    if (this.#timer !== undefined || oldest === undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#overdue();
      },
      Math.max(0, this.#dueMono(oldest) - this.#parts.now()),
    );
  }

  #overdue(): void {
    const oldest = this.#parts.window.oldestEmitted();
    if (oldest === undefined || this.#paused) return;
    // Not due: the timer was set for an entry that has settled since.
    const { memory, now } = this.#parts;
    switch (this.#dueMono(oldest) > now() ? 'watch-on' : decideOverdue(memory.mode)) {
      case 'watch-on':
        this.#watch();
        return;
      case 'fall-back':
        this.#learn('fallen-back');
        this.#watch();
        return;
      case 'emit-again':
        void this.#emitAgain(oldest);
        return;
      case 'wait':
    }
  }

  #dueMono(entry: WindowEntry): number {
    return entry.emittedAtMono + this.#parts.settings.acknowledgeTimeout;
  }

  async #emitAgain(oldest: WindowEntry): Promise<void> {
    const { settings, observer, window } = this.#parts;
    const { eventId } = oldest.end;
    observer.failed({
      reason: `report ${eventId} was not acknowledged within ${settings.acknowledgeTimeout} ms`,
    });
    this.#paused = true;
    const how = await sleep(settings.taskDelayOnError, this.#connection.closed);
    this.#paused = false;
    if (how === 'aborted') return;
    window.rewind();
    this.#pump();
  }

  /** Settles by the transport's word, batch by batch, until nothing is left or the mode changes. */
  async #confirm(): Promise<void> {
    if (this.#confirming) return;
    this.#confirming = true;
    const { window, settings, memory } = this.#parts;
    for (;;) {
      const batch = window.emitted();
      if (batch.length === 0 || !settlesWhenTaken(memory.mode)) break;
      if (!(await this.#connection.taken(settings.acknowledgeTimeout))) break;
      if (settlesWhenTaken(memory.mode)) this.#settle(batch);
    }
    this.#confirming = false;
    // An acknowledgement came meanwhile: from now on the rest is waited for.
    if (!settlesWhenTaken(memory.mode)) this.#watch();
  }
}

/** Reads of half a window at least: one statement for many ends while acknowledgements trickle in. */
function hasRoom(window: SendWindow): boolean {
  return window.free >= WINDOW_SIZE / 2;
}
