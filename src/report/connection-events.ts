/**
 * Counts and logs the seven connection events that operators know.
 *
 * Each occurrence is one line with its count. The first failure of a kind is a warning; while it
 * goes on, its repeats are debug lines.
 */
import type { Logger } from '../process/logger.ts';
import type { Moment } from '../process/pretty-line.ts';

export const CONNECTION_EVENTS = [
  'connect',
  'disconnect',
  'error',
  'connect_error',
  'reconnect',
  'reconnect_error',
  'reconnect_failed',
] as const;
export type ConnectionEvent = (typeof CONNECTION_EVENTS)[number];

const WORDS: Readonly<Record<ConnectionEvent, string>> = {
  connect: 'connected to the report receiver',
  disconnect: 'disconnected from the report receiver',
  error: 'error while reporting',
  connect_error: 'could not connect to the report receiver',
  reconnect: 'reconnected to the report receiver',
  reconnect_error: 'could not reconnect to the report receiver',
  reconnect_failed: 'gave up reconnecting to the report receiver',
};

export type EventFacts = Readonly<Record<string, unknown>> & { readonly moment?: Moment };

export class ConnectionEvents {
  readonly #log: Logger;
  readonly #counts = new Map<ConnectionEvent, number>(CONNECTION_EVENTS.map((name) => [name, 0]));
  readonly #warned = new Set<ConnectionEvent>();

  constructor(log: Logger) {
    this.#log = log;
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** As it should be. */
  note(event: ConnectionEvent, facts: EventFacts): void {
    this.#record('info', event, facts);
  }

  /** Degraded: a warning, unless one was given since things were well. */
  warn(event: ConnectionEvent, facts: EventFacts): void {
    this.#record(this.#warned.has(event) ? 'debug' : 'warn', event, facts);
    this.#warned.add(event);
  }

  /** Someone must act. */
  alarm(event: ConnectionEvent, facts: EventFacts): void {
    this.#record('error', event, facts);
  }

  /** Things are well again: the next failure is news. */
  recovered(...events: readonly ConnectionEvent[]): void {
    for (const event of events) this.#warned.delete(event);
  }

  #record(level: 'info' | 'warn' | 'debug' | 'error', event: ConnectionEvent, facts: EventFacts) {
    const count = (this.#counts.get(event) ?? 0) + 1;
    this.#counts.set(event, count);
    this.#log[level]({ event, count, ...facts }, WORDS[event]);
  }
}
