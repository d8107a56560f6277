/**
 * What one gateway has done since its process began, as numbers.
 *
 * Counted once for an event, never once for a subscriber: nothing here may cost a delivery anything.
 */

/** How a connection ended when no close code of ours did. */
export type EndedBy = 'client' | 'silent';

export class GatewayMetrics {
  readonly #closed = new Map<string, number>();
  #opened = 0;
  #events = 0;
  #delivered = 0;

  /** @returns how many were opened, this one included */
  noteOpened(): number {
    this.#opened += 1;
    return this.#opened;
  }

  /** An event was handed to so many connections. */
  noteEvent(subscribers: number): void {
    this.#events += 1;
    this.#delivered += subscribers;
  }

  /** @param by the close code, where we closed it */
  noteClosed(by: number | EndedBy): void {
    const key = String(by);
    this.#closed.set(key, (this.#closed.get(key) ?? 0) + 1);
  }

  get totals() {
    return {
      openedTotal: this.#opened,
      eventsTotal: this.#events,
      deliveredTotal: this.#delivered,
      closedTotal: Object.fromEntries(this.#closed),
    };
  }
}
