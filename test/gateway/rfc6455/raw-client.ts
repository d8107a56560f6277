/** A client that sends bytes and reads frames, with no WebSocket library between it and the gateway. */
import { connect, type Socket } from 'node:net';

export interface ServerFrame {
  readonly fin: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
}

export class RawClient {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake = (): void => {};

  constructor(port: number) {
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake();
    });
    // A reset ends the connection as well; what came before it counts.
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  write(bytes: Buffer | string): void {
    this.#socket.write(bytes);
  }

  /** Each on its own, and the next only when the system has taken the one before. */
  async writeEach(pieces: Iterable<Buffer>): Promise<void> {
    for (const piece of pieces) {
      await new Promise<void>((resolve) => {
        this.#socket.write(piece, () => setImmediate(resolve));
      });
    }
  }

  /** The head of the answer to a handshake; what follows it is kept. */
  async head(): Promise<string> {
    await this.#until(() => this.#received.includes('\r\n\r\n'));
    const end = this.#received.indexOf('\r\n\r\n') + 4;
    const head = this.#received.toString('latin1', 0, end);
    this.#received = this.#received.subarray(end);
    return head;
  }

  /** Undefined when the connection has ended. */
  async frame(): Promise<ServerFrame | undefined> {
    let frame: (ServerFrame & { readonly bytes: number }) | undefined;
    await this.#until(() => {
      frame = parseFrame(this.#received);
      return frame !== undefined;
    });
    this.#received = this.#received.subarray(frame?.bytes ?? 0);
    return frame;
  }

  /** What comes until the connection ends. */
  async rest(): Promise<readonly ServerFrame[]> {
    const frames: ServerFrame[] = [];
    for (let frame = await this.frame(); frame !== undefined; frame = await this.frame()) {
      frames.push(frame);
    }
    return frames;
  }

  async ended(): Promise<void> {
    await this.#until(() => this.#ended);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Resolves as well when nothing more can come. */
  async #until(isDone: () => boolean): Promise<void> {
    while (!isDone() && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** Of a server: never masked. */
function parseFrame(bytes: Buffer): (ServerFrame & { readonly bytes: number }) | undefined {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  if ((second & 0x80) !== 0) throw new Error('The server sent a masked frame.');
  if ((first & 0x70) !== 0) throw new Error('The server sent a frame with a reserved bit.');
  const header = second < 126 ? 2 : second === 126 ? 4 : 10;
  if (bytes.length < header) return undefined;
  const length = lengthOf(bytes, second);
  if (bytes.length < header + length) return undefined;
  return {
    fin: (first & 0x80) !== 0,
    opcode: first & 0x0f,
    payload: bytes.subarray(header, header + length),
    bytes: header + length,
  };
}

function lengthOf(bytes: Buffer, short: number): number {
  if (short < 126) return short;
  return short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
}
