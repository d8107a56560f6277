/**
 * Writes log lines without ever waiting for whoever takes them, and with bounded memory.
 *
 *   flowing ─ no room ─▶ waiting ─ room again ─▶ flowing      lines wait in memory, up to the bound
 *                           │ and what comes beyond the bound is dropped and counted
 *   flowing ─ error ─▶ (dropped and counted) ─ a write succeeds ─▶ flowing
 *
 * The count is written in the place of the lines, when it flows again. Lines of one turn of the event loop go
 * out together; urgent ones at once, with those before them. Refuses to throw: a daemon goes on without its log.
 */
import type { LogTarget } from './log-target.ts';

export interface LogOutletOptions {
  readonly target: LogTarget;
  /** The line, with its line break, that tells of lines that were dropped. */
  readonly tellDropped: (lines: number, because: string) => string;
  /** What may wait in memory. */
  readonly maxWaitingBytes?: number;
}

interface Piece {
  readonly bytes: Buffer;
  readonly lines: number;
  /** Its beginning is written already. */
  readonly begun: boolean;
}

const MAX_WAITING_BYTES = 1_048_576;
/** Lines of one turn are gathered up to here. */
const MAX_GATHERED_CHARS = 65_536;
const FIRST_RETRY_MS = 5;
const LAST_RETRY_MS = 100;
const LINE_BREAK = Buffer.from('\n');

export class LogOutlet {
  readonly #target: LogTarget;
  readonly #tellDropped: LogOutletOptions['tellDropped'];
  readonly #maxWaitingBytes: number;
  #gathered = '';
  #gatheredLines = 0;
  #turnEnd: NodeJS.Immediate | undefined;
  #waiting: Piece[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  #dropped = 0;
  #because = '';
  /** The end of a line was dropped: the next one must not be glued to its beginning. */
  #torn = false;

  constructor(options: LogOutletOptions) {
    this.#target = options.target;
    this.#tellDropped = options.tellDropped;
    this.#maxWaitingBytes = options.maxWaitingBytes ?? MAX_WAITING_BYTES;
  }

  /** @param text whole lines, each with its line break */
  write(text: string, lines = 1): void {
    this.#gathered += text;
    this.#gatheredLines += lines;
    if (this.#gathered.length > MAX_GATHERED_CHARS) this.flush();
    else this.#turnEnd ??= setImmediate(() => this.flush());
  }

  /** Writes what can be written now. */
  flush(): void {
    clearImmediate(this.#turnEnd);
    this.#turnEnd = undefined;
    if (this.#waiting.length > 0) this.#drain();
    if (this.#gatheredLines === 0) return;
    const piece = { bytes: Buffer.from(this.#gathered), lines: this.#gatheredLines, begun: false };
    this.#gathered = '';
    this.#gatheredLines = 0;
    this.#put(piece);
  }

  /** Resolves when all is written, or at the end of the time. */
  async close(withinMs: number): Promise<void> {
    const endMono = performance.now() + withinMs;
    this.flush();
    while (this.#waiting.length > 0 && performance.now() < endMono) {
      await new Promise((resolve) => setTimeout(resolve, FIRST_RETRY_MS));
      this.#drain();
    }
    clearTimeout(this.#timer);
  }

  #put(piece: Piece): void {
    if (this.#waiting.length > 0) {
      this.#enqueue(piece);
      return;
    }
    this.#confess();
    if (this.#dropped > 0) this.#drop(piece, this.#because);
    // There was no room for the confession, which comes first.
    else if (this.#waiting.length > 0) this.#enqueue(piece);
    else this.#send(piece);
  }

  #enqueue(piece: Piece): void {
    // Once it was full there must be real room again, or the log would be all counts and no lines.
    const room = this.#dropped > 0 ? this.#maxWaitingBytes / 2 : this.#maxWaitingBytes;
    if (this.#waitingBytes + piece.bytes.length > room) {
      this.#drop(piece, 'nobody reads it fast enough');
      return;
    }
    if (this.#dropped > 0) this.#wait(this.#confession());
    this.#wait(piece);
  }

  /** Says how many lines are missing, where there are any; they stay counted if that cannot be said either. */
  #confess(): void {
    if (this.#dropped > 0) this.#send(this.#confession());
  }

  #confession(): Piece {
    const text = this.#tellDropped(this.#dropped, this.#because);
    const piece = { bytes: Buffer.from(text), lines: this.#dropped, begun: false };
    this.#dropped = 0;
    return piece;
  }

  #send(piece: Piece): void {
    const rest = this.#attempt(piece);
    if (rest !== undefined) this.#wait(rest);
  }

  /** @returns what there was no room for */
  #attempt(piece: Piece): Piece | undefined {
    const bytes = this.#torn ? Buffer.concat([LINE_BREAK, piece.bytes]) : piece.bytes;
    try {
      const taken = this.#target.write(bytes);
      if (taken > 0) this.#torn = false;
      if (taken === bytes.length) return undefined;
      if (taken === 0) return piece;
      return { bytes: bytes.subarray(taken), lines: piece.lines, begun: true };
    } catch (error) {
      if (piece.begun) this.#torn = true;
      this.#drop(piece, (error as NodeJS.ErrnoException).code ?? String(error));
      return undefined;
    }
  }

  #wait(piece: Piece): void {
    this.#waiting.push(piece);
    this.#waitingBytes += piece.bytes.length;
    this.#arm();
  }

  #drain(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const rest = this.#attempt(next);
      this.#waitingBytes += (rest?.bytes.length ?? 0) - next.bytes.length;
      if (rest !== next) this.#retryMs = FIRST_RETRY_MS;
      if (rest !== undefined) {
        this.#waiting[0] = rest;
        this.#arm();
        return;
      }
      this.#waiting.shift();
    }
    this.#confess();
  }

  #arm(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#drain();
    }, this.#retryMs);
    // What nobody reads must not keep a process alive.
    this.#timer.unref();
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
  }

  #drop(piece: Piece, because: string): void {
    this.#dropped += piece.lines;
    this.#because = because;
  }
}
