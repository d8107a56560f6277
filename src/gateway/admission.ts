/** Says at the start how many connections there is room for, and afterwards when there is none. */
import type { WebSocketEventsSettings } from '../config/settings.ts';
import type { Logger } from '../process/logger.ts';
import type { GatewayFigures } from '../protocol/gateways.ts';
import { type Capacity, decideCapacity, isCutShort } from './capacity.ts';

/** One line for all that are refused in this time. */
const TELL_EVERY_MS = 10_000;
const HINT = 'raise the limit of file descriptors: LimitNOFILE= in the unit, or ulimit -Hn';

export class Admission {
  readonly capacity: Capacity;
  readonly #asked: { readonly descriptors: number; readonly maxConnections: number };
  readonly #log: Logger;
  readonly #nowMono: () => number;
  #refused = 0;
  #told = 0;
  #toldAtMono = Number.NEGATIVE_INFINITY;

  constructor(
    { maxConnections }: Pick<WebSocketEventsSettings, 'maxConnections'>,
    descriptors: number,
    log: Logger,
    nowMono: () => number = () => performance.now(),
  ) {
    this.#log = log;
    this.#nowMono = nowMono;
    this.capacity = decideCapacity(descriptors, maxConnections);
    this.#asked = { descriptors, maxConnections };
  }

  /** Says how many there is room for: once, before connections are let in. */
  announce(): void {
    const { descriptors, maxConnections } = this.#asked;
    const facts = { descriptors, connections: this.capacity.connections };
    this.#log.info(facts, 'room for connections');
    if (isCutShort(this.capacity, maxConnections)) {
      const warning = { ...facts, maxConnections, hint: HINT };
      this.#log.warn(warning, 'fewer connections than maxConnections');
    }
  }

  /** As the core is told. */
  get room(): Pick<GatewayFigures, 'room' | 'refusedTotal'> {
    const { connections } = this.capacity;
    return {
      room: Number.isFinite(connections) ? connections : null,
      refusedTotal: this.#refused,
    };
  }

  /** @param sockets that are open now */
  refuse(sockets: number): void {
    this.#refused += 1;
    const nowMono = this.#nowMono();
    if (nowMono - this.#toldAtMono < TELL_EVERY_MS) return;
    const refused = this.#refused - this.#told;
    const { connections } = this.capacity;
    const facts = { refused, sockets, connections, hint: HINT };
    this.#log.warn(facts, 'connections refused: no room for more');
    this.#toldAtMono = nowMono;
    this.#told = this.#refused;
  }
}
