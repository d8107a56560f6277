/**
 * The log as an async iterator: a bounded buffer between a follower and a reader of any speed.
 *
 * A reader that is slow pauses the connection, so memory stays bounded and the log keeps the rest.
 */
import { deadlineIn } from '../process/service.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { LogEvent, Topic, VolatileEvent } from '../protocol/events.ts';
import type { ControlAddress } from './control-address.ts';
import { type GapFacts, LogFollower } from './log-follower.ts';

export interface EventStreamOptions {
  readonly address: ControlAddress;
  readonly topics: readonly Topic[];
  readonly since?: string | undefined;
  readonly epoch?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** False: fail when the daemon cannot be reached at first. Later losses are always bridged. */
  readonly patient: boolean;
  /** Events that are only live, as they come. */
  readonly onVolatile?: ((event: VolatileEvent) => void) | undefined;
  /** Omitted: a gap ends the iteration with an error. */
  readonly onGap?: ((facts: GapFacts) => void) | undefined;
  /** Called each time that the subscription is in force. */
  readonly onConnected?: () => void;
  /** Called once, when the iteration is over for the follower. */
  readonly onEnd?: () => void;
}

const PAUSE_AT = 1_000;
const RESUME_AT = 250;
const STOP_WITHIN_MS = 2_000;

interface Reader {
  readonly resolve: (result: IteratorResult<LogEvent, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const DONE: IteratorResult<LogEvent, undefined> = { done: true, value: undefined };

/** Events in the log's order; each has the `seq` to resume from. Ends with `return`, `signal` or an error. */
export class EventStream implements AsyncIterableIterator<LogEvent> {
  readonly #options: EventStreamOptions;
  readonly #follower: LogFollower;
  readonly #buffer: LogEvent[] = [];
  readonly #readers: Reader[] = [];
  readonly #onAbort = () => this.#finish({ error: this.#options.signal?.reason });
  /** Resolves when the subscription is in force: what is published from then on will come. */
  readonly attached: Promise<void>;
  #end: { readonly error?: unknown } | undefined;
  #errorTold = false;
  #wasConnected = false;
  #paused = false;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.#follower = new LogFollower({
      address: options.address,
      events: options.topics,
      ...(options.since === undefined ? {} : { since: options.since }),
      ...(options.epoch === undefined ? {} : { epoch: options.epoch }),
      onEvent: (event) => this.#push(event),
      onVolatile: (event) => {
        if (this.#end === undefined) options.onVolatile?.(event);
      },
      onState: (state, facts) => this.#changed(state, facts.error),
      onGap: (facts) => this.#gap(facts),
    });
    this.attached = this.#start();
    // The iteration throws the same error; `attached` need not be awaited.
    this.attached.catch(() => undefined);
  }

  /** `seq` of the last event that came in, or where the subscription started. */
  position(): string | undefined {
    return this.#follower.position();
  }

  next(): Promise<IteratorResult<LogEvent, undefined>> {
    const event = this.#buffer.shift();
    if (event !== undefined) {
      if (this.#paused && this.#buffer.length <= RESUME_AT) this.#setPaused(false);
      return Promise.resolve({ done: false, value: event });
    }
    if (this.#end !== undefined) return this.#ended();
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  async return(): Promise<IteratorResult<LogEvent, undefined>> {
    this.#finish({});
    this.#buffer.length = 0;
    await this.#follower.stop(deadlineIn(STOP_WITHIN_MS));
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #start(): Promise<void> {
    const { signal } = this.#options;
    if (signal?.aborted) this.#onAbort();
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    await this.#follower.start().catch((error: unknown) => this.#finish({ error }));
    if (this.#end !== undefined && 'error' in this.#end) throw this.#end.error;
  }

  #push(event: LogEvent): void {
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader.resolve({ done: false, value: event });
      return;
    }
    this.#buffer.push(event);
    if (this.#buffer.length >= PAUSE_AT && !this.#paused) this.#setPaused(true);
  }

  #setPaused(paused: boolean): void {
    this.#paused = paused;
    if (paused) this.#follower.pause();
    else this.#follower.resume();
  }

  #changed(state: 'connected' | 'disconnected', error: Error | undefined): void {
    if (state === 'connected') {
      this.#wasConnected = true;
      this.#options.onConnected?.();
    } else if (!this.#wasConnected && !this.#options.patient) this.#finish({ error });
  }

  #gap(facts: GapFacts): void {
    if (this.#options.onGap !== undefined) {
      this.#options.onGap(facts);
      return;
    }
    const message = `The log no longer has all events after ${facts.since}; it can go on from ${facts.seq}.`;
    const hint = 'Read the present state of what you follow, then follow without `since`.';
    this.#finish({ error: new TaskbellError('E_NOT_FOUND', message, { hint }) });
  }

  /** What is already buffered is still delivered before the end. */
  #finish(end: { readonly error?: unknown }): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    void this.#follower.stop(deadlineIn(STOP_WITHIN_MS));
    this.#options.onEnd?.();
    for (const reader of this.#readers.splice(0)) this.#ended().then(reader.resolve, reader.reject);
  }

  #ended(): Promise<IteratorResult<LogEvent, undefined>> {
    const end = this.#end;
    // Said once; whoever asks again after an error gets the plain end, as iterators do.
    if (end === undefined || !('error' in end) || this.#errorTold) return Promise.resolve(DONE);
    this.#errorTold = true;
    return Promise.reject(end.error);
  }
}
