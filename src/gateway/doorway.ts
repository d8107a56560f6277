/**
 * The connections of a listener: how many are open, and which have not said yet what they want.
 *
 *   enter ─▶ in the doorway ─ request or upgrade ▶ inside ─▶ closed        in the doorway ─ too late ▶ dropped
 *
 * Judges no request.
 */
import type { Socket } from 'node:net';

/** As the HTTP server answers. */
const TOO_LATE = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n';

export class Doorway {
  readonly #timeoutMs: number;
  readonly #waiting = new Map<Socket, NodeJS.Timeout>();
  readonly #whenEmpty = new Set<() => void>();
  #sockets = 0;

  /** @param timeoutMs how long a client may take to say what it wants */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  get sockets(): number {
    return this.#sockets;
  }

  enter(socket: Socket): void {
    this.#sockets += 1;
    // The HTTP server counts the time only of connections that it has accepted itself.
    const late = setTimeout(() => socket.end(TOO_LATE, () => socket.destroy()), this.#timeoutMs);
    this.#waiting.set(socket, late);
    socket.once('close', () => {
      this.#sockets -= 1;
      this.leave(socket);
    });
  }

  leave(socket: Socket): void {
    clearTimeout(this.#waiting.get(socket));
    if (!this.#waiting.delete(socket) || this.#waiting.size > 0) return;
    for (const resolve of this.#whenEmpty) resolve();
    this.#whenEmpty.clear();
  }

  async emptied(): Promise<void> {
    if (this.#waiting.size === 0) return;
    await new Promise<void>((resolve) => this.#whenEmpty.add(resolve));
  }

  /** Drops those that have not said what they want. */
  close(): void {
    for (const socket of this.#waiting.keys()) socket.destroy();
  }
}
