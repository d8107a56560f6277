/**
 * What many sockets share: messages that are framed once, runs of them that are joined once, and the
 * moment at which what a turn of the event loop brought is written, a slice of the sockets at a time.
 *
 * Knows neither topics nor requests; what a socket does with its bytes is the outlet's part.
 */
import { frameTexts } from '../wire/frame.ts';

export interface FanOutOptions {
  /** False: every message through the library. True only where `provesFrames` holds. */
  readonly directFrames: boolean;
  readonly nowMono: () => number;
  /** Replaced only by tests that count. */
  readonly frame?: (texts: readonly string[]) => Buffer;
}

/** What is told when to write. */
export interface Waiting {
  flush(nowMono: number): void;
}

/** Sockets that are written to before others have their turn: about a millisecond. */
export const SLICE = 256;

export class FanOut {
  readonly isDirect: boolean;
  readonly nowMono: () => number;
  readonly #frame: (texts: readonly string[]) => Buffer;
  /** Those that have something to write, in the order in which they got the first of it. */
  #waiting: Waiting[] = [];
  #written = 0;
  #isArmed = false;
  #beginning = new Run();

  constructor({ directFrames, nowMono, frame = frameTexts }: FanOutOptions) {
    this.isDirect = directFrames;
    this.nowMono = nowMono;
    this.#frame = frame;
  }

  /** A text that many may get. */
  message(text: string): Message {
    return new Message(text, this.#frame);
  }

  /** What a socket begins with that has nothing gathered. */
  get beginning(): Run {
    return this.#beginning;
  }

  /** Has `flush` called at the end of this turn. */
  enlist(outlet: Waiting): void {
    this.#waiting.push(outlet);
    if (!this.#isArmed) this.#arm();
  }

  #arm(): void {
    this.#isArmed = true;
    setImmediate(() => this.#writeSlice());
  }

  #writeSlice(): void {
    // Who gets something from here on begins anew: what was shared in this turn can go.
    this.#beginning = new Run();
    const nowMono = this.nowMono();
    const end = Math.min(this.#written + SLICE, this.#waiting.length);
    while (this.#written < end) {
      this.#waiting[this.#written]?.flush(nowMono);
      this.#written += 1;
    }
    this.#isArmed = false;
    if (this.#written < this.#waiting.length) {
      this.#arm();
      return;
    }
    this.#waiting = [];
    this.#written = 0;
  }
}

/** One text message, made into bytes when the first socket needs them, and once. Its bytes never change. */
export class Message {
  readonly text: string;
  readonly #makeFrame: (texts: readonly string[]) => Buffer;
  #frame: Buffer | undefined;
  #payload: Buffer | undefined;

  constructor(text: string, makeFrame: (texts: readonly string[]) => Buffer) {
    this.text = text;
    this.#makeFrame = makeFrame;
  }

  get frame(): Buffer {
    this.#frame ??= this.#makeFrame([this.text]);
    return this.#frame;
  }

  get payload(): Buffer {
    this.#payload ??= Buffer.from(this.text);
    return this.#payload;
  }
}

/** Messages in the order in which a socket got them in one turn; the same object for sockets that got the same. */
export class Run {
  readonly before: Run | undefined;
  /** Undefined at the beginning. */
  readonly last: Message | undefined;
  /** The one that was added last: an event goes to all of its subscribers in a row, so no other is asked for. */
  #next: Run | undefined;
  #bytes: Buffer | undefined;

  constructor(before?: Run, last?: Message) {
    this.before = before;
    this.last = last;
  }

  with(message: Message): Run {
    let next = this.#next;
    if (next === undefined || next.last !== message) {
      next = new Run(this, message);
      this.#next = next;
    }
    return next;
  }

  get bytes(): Buffer {
    this.#bytes ??= this.#join();
    return this.#bytes;
  }

  #join(): Buffer {
    const frames: Buffer[] = [];
    for (let run: Run | undefined = this; run?.last !== undefined; run = run.before) {
      frames.push(run.last.frame);
    }
    const [only] = frames;
    return frames.length === 1 && only !== undefined ? only : Buffer.concat(frames.reverse());
  }
}
