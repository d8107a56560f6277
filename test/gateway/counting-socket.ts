/** A socket that counts: what was written past the library, what by it, and what the system has not taken. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

export class CountingSocket {
  readonly OPEN = 1;
  readyState = 1;
  extensions = '';
  /** Bytes of each write on the connection below. */
  readonly writes: Buffer[] = [];
  /** Each message that the library was given. */
  readonly sent: string[] = [];
  /** Of everything, in order: `write`, `send` or `close`. */
  readonly calls: string[] = [];
  readonly #transport = Object.assign(new EventEmitter(), {
    writable: true,
    writableLength: 0,
    write: (bytes: Buffer) => {
      this.calls.push('write');
      this.writes.push(bytes);
      return true;
    },
  });

  /** As the library counts where it keeps nothing back. */
  get bufferedAmount(): number {
    return this.#transport.writableLength;
  }

  set bufferedAmount(bytes: number) {
    this.#transport.writableLength = bytes;
  }

  send(payload: Buffer): void {
    this.calls.push('send');
    this.sent.push(payload.toString());
  }

  close(code: number): void {
    this.calls.push(`close ${code}`);
    this.readyState = 2;
  }

  get target(): { readonly socket: WebSocket; readonly transport: Socket } {
    return {
      socket: this as unknown as WebSocket,
      transport: this.#transport as unknown as Socket,
    };
  }

  /** The messages in what was written, as text; only for messages below 126 bytes. */
  get written(): readonly string[] {
    const bytes = Buffer.concat(this.writes);
    const texts: string[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = bytes[at + 1] ?? 0;
      texts.push(bytes.toString('utf8', at + 2, at + 2 + length));
      at += 2 + length;
    }
    return texts;
  }
}
