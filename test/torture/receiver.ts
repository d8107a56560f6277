/**
 * The service that hears Task Finish and Task Failed: acknowledges, sometimes slowly, and keeps all;
 * now and then it loses a report together with its connection.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import type { Receipt } from './evidence.ts';
import type { Draws } from './random.ts';

const LOSS_CHANCE = 0.01;
const SLOW_CHANCE = 0.1;
const SLOWEST_MS = 300;

interface TaskMessage {
  readonly success: boolean;
  readonly payload: { readonly jobId: string; readonly eventId: string };
}

export class Receiver {
  readonly receipts: Receipt[] = [];
  /** See `Evidence.unacknowledged`. */
  readonly unacknowledged: number[] = [];
  readonly #http = createServer();
  readonly #io = new Server(this.#http);
  readonly #draws: Draws;
  #knownCursor: () => number = () => 0;

  constructor(draws: Draws) {
    this.#draws = draws;
  }

  async start(): Promise<number> {
    this.#io.on('connection', (socket) => {
      socket.on('task', (message: TaskMessage, _user: unknown, acknowledge: () => void) => {
        if (this.#draws.chance(LOSS_CHANCE)) {
          socket.disconnect(true);
          return;
        }
        this.#receive(message);
        if (!this.#draws.chance(SLOW_CHANCE)) acknowledge();
        else setTimeout(acknowledge, this.#draws.between(1, SLOWEST_MS));
      });
      socket.on('disconnect', () => this.#lose());
    });
    await new Promise<void>((resolve) => this.#http.listen(0, '127.0.0.1', resolve));
    return (this.#http.address() as AddressInfo).port;
  }

  /** @param knownCursor what is known to be settled */
  compareWith(knownCursor: () => number): void {
    this.#knownCursor = knownCursor;
  }

  async stop(): Promise<void> {
    await this.#io.close();
  }

  #receive({ success, payload }: TaskMessage): void {
    // EPOCH-SEQ
    const seq = Number(payload.eventId.split('-').at(-1));
    this.receipts.push({ seq, success, jobId: payload.jobId, knownCursor: this.#knownCursor() });
  }

  #lose(): void {
    const known = this.#knownCursor();
    this.unacknowledged.push(
      new Set(this.receipts.flatMap(({ seq }) => (seq > known ? [seq] : []))).size,
    );
  }
}
