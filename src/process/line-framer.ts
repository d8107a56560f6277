/**
 * Cuts a stream of bytes into lines of text with bounded memory.
 *
 * Framing is done on bytes and decoding on whole lines, so a character that two chunks share comes
 * out right. A line longer than the limit keeps its beginning and is marked.
 */
export interface FramedLine {
  readonly text: string;
  /** True when the end of the line was dropped. */
  readonly truncated: boolean;
}

const NEW_LINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export class LineFramer {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #bytes = 0;
  #truncated = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @returns the lines that this chunk completed */
  push(chunk: Buffer): readonly FramedLine[] {
    const lines: FramedLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEW_LINE); end !== -1; end = chunk.indexOf(NEW_LINE, start)) {
      lines.push(this.#whole(chunk, start, end) ?? this.#completed(chunk.subarray(start, end)));
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return lines;
  }

  /** @returns the last line if the stream did not end with a line break */
  end(): readonly FramedLine[] {
    return this.#bytes > 0 || this.#truncated ? [this.#take()] : [];
  }

  /** A line that is in one chunk as a whole, as most are, is read where it stands. */
  #whole(chunk: Buffer, start: number, end: number): FramedLine | undefined {
    if (this.#bytes > 0 || this.#truncated || end - start > this.#maxBytes) return undefined;
    return { text: decode(chunk, start, end), truncated: false };
  }

  #completed(piece: Buffer): FramedLine {
    this.#keep(piece);
    return this.#take();
  }

  #keep(piece: Buffer): void {
    const room = this.#maxBytes - this.#bytes;
    if (piece.length > room) this.#truncated = true;
    const kept = piece.subarray(0, room);
    if (kept.length === 0) return;
    // Copied: a short line must not keep its stream's whole 64 KiB chunk alive.
    this.#parts.push(Buffer.from(kept));
    this.#bytes += kept.length;
  }

  #take(): FramedLine {
    const bytes = Buffer.concat(this.#parts, this.#bytes);
    const truncated = this.#truncated;
    this.#parts = [];
    this.#bytes = 0;
    this.#truncated = false;
    return { text: decode(bytes, 0, bytes.length), truncated };
  }
}

function decode(bytes: Buffer, start: number, end: number): string {
  const isCarried = end > start && bytes[end - 1] === CARRIAGE_RETURN;
  return bytes.toString('utf8', start, isCarried ? end - 1 : end);
}
