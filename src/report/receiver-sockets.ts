/**
 * Keeps every TCP connection of one attempt in hand, so that all can be ended in time.
 *
 * Why: engine.io-client leaves a polling request open when it is closed while connecting, and a
 * WebSocket whose peer is gone waits 30 s for the closing handshake. Both go through the agent.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';

export class ReceiverSockets {
  readonly agent: HttpAgent;
  readonly #open = new Set<Duplex>();

  constructor(secure: boolean) {
    this.agent = secure ? new HttpsAgent() : new HttpAgent();
    const create = this.agent.createConnection.bind(this.agent);
    this.agent.createConnection = (options, callback) => {
      const socket = create(options, callback);
      if (socket) this.#keep(socket);
      return socket;
    };
  }

  /** Waits so long for them to close by themselves, then ends those that are left. */
  async close(graceMs: number): Promise<void> {
    const closed = [...this.#open].map(
      (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
    );
    if (graceMs <= 0) this.#destroy();
    const timer = setTimeout(() => this.#destroy(), graceMs);
    await Promise.all(closed);
    clearTimeout(timer);
  }

  #keep(socket: Duplex): void {
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
  }

  #destroy(): void {
    for (const socket of this.#open) socket.destroy();
  }
}
