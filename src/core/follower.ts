/**
 * One reader of the log on a WebSocket of the control server: attached from a position, it gets
 * every row after it, in order. A slow reader is read for from the log; nothing is kept for it.
 */

import type { Duplex } from 'node:stream';
import * as v from 'valibot';
import type { WebSocket } from 'ws';
import { type EventLog, type LogRow, renderLogEvents } from '../log/event-log.ts';
import type { FollowReply } from '../protocol/events.ts';
import { takesFrames } from '../wire/frame.ts';
import { framesOf } from './row-frames.ts';

/** Rows at a time: an event may have 1 MiB, and a page is in memory at once. */
const PAGE = 100;
/** Rows wait in the log while more than this is unsent. */
const MAX_UNSENT_BYTES = 1_048_576;

const TOPIC = v.object({ type: v.string(), id: v.string() });
const REQUEST = v.object({
  action: v.literal('attach'),
  events: v.pipe(v.array(TOPIC), v.minLength(1), v.maxLength(1_000)),
  rid: v.optional(v.number()),
  since: v.optional(v.string()),
  epoch: v.optional(v.string()),
});

export interface FollowerWorld {
  readonly log: EventLog;
  /** What is wrong with an event type that somebody wants to follow; null for `*` and for what exists. */
  readonly problemWith: (type: string) => string | null;
  /** Rows go out as frames of our own, a commit's in one write; otherwise by the library, one by one. */
  readonly ownFrames: boolean;
}

export class Follower {
  readonly #socket: WebSocket;
  readonly #transport: Duplex;
  readonly #log: EventLog;
  readonly #problemWith: FollowerWorld['problemWith'];
  readonly #ownFrames: boolean;
  #wanted: (row: LogRow) => boolean = () => false;
  #position: string | undefined;
  #reading = false;
  readonly #stopListening: () => void;

  /** @param transport the connection below the WebSocket: many small frames leave it as one write */
  constructor(socket: WebSocket, transport: Duplex, world: FollowerWorld) {
    const { log, problemWith, ownFrames } = world;
    this.#socket = socket;
    this.#transport = transport;
    this.#log = log;
    this.#problemWith = problemWith;
    this.#ownFrames = ownFrames;
    socket.on('message', (data) => this.#receive(String(data)));
    // The close that follows an error ends the listening; the follower reconnects by itself.
    socket.on('error', () => undefined);
    this.#stopListening = log.onAppended((rows) => this.#append(rows));
    socket.on('close', this.#stopListening);
  }

  #receive(text: string): void {
    const request = parseRequest(text);
    if (request === undefined) {
      this.#reply({ status: 400, message: 'Invalid request', code: 5 });
      return;
    }
    const { events, since, epoch, rid } = request;
    const problem = events.map(({ type }) => this.#problemWith(type)).find((one) => one !== null);
    if (typeof problem === 'string') {
      const told = rid === undefined ? {} : { rid };
      this.#reply({ status: 400, message: 'Invalid request', code: 5, ...told, detail: problem });
      return;
    }
    const recovered = since === undefined || this.#isMine(since, epoch);
    const start = recovered ? this.#startOf(since) : this.#beforeOldest();
    this.#wanted = filterFor(events);
    this.#position = start;
    this.#reply({
      ...{ status: 200, message: 'Ok', code: 0 },
      ...(rid === undefined ? {} : { rid }),
      ...{ seq: start, epoch: this.#log.epoch, recovered },
    });
    this.#catchUp();
  }

  #isMine(since: string, epoch: string | undefined): boolean {
    return (epoch === undefined || epoch === this.#log.epoch) && this.#log.holds(since);
  }

  /** As the log writes it: a position that never equals its end would be read on from for ever. */
  #startOf(since: string | undefined): string {
    return since === undefined ? this.#log.top() : String(Number(since));
  }

  #beforeOldest(): string {
    const oldest = this.#log.oldest();
    return oldest === '0' ? this.#log.top() : String(Number(oldest) - 1);
  }

  #reply(reply: FollowReply): void {
    this.#socket.send(JSON.stringify(reply));
  }

  /** Rows that were committed just now go out directly when nothing lies between. */
  #append(rows: readonly LogRow[]): void {
    const first = rows[0];
    if (this.#position === undefined || first === undefined || this.#reading) return;
    const next = Number(first.seq) - 1 === Number(this.#position);
    if (next && this.#socket.bufferedAmount < MAX_UNSENT_BYTES) this.#push(rows);
    else this.#catchUp();
  }

  #push(rows: readonly LogRow[]): void {
    const wanted = rows.filter(this.#wanted);
    // The very array of the log is what other followers have framed already.
    if (wanted.length > 0) this.#write(wanted.length === rows.length ? rows : wanted);
    this.#position = rows.at(-1)?.seq ?? this.#position;
  }

  #write(rows: readonly LogRow[]): void {
    const socket = this.#socket;
    const transport = this.#transport;
    if (this.#ownFrames && takesFrames({ socket, transport })) {
      transport.write(framesOf(rows));
      return;
    }
    transport.cork();
    for (const text of renderLogEvents(rows)) socket.send(text);
    transport.uncork();
  }

  #catchUp(): void {
    if (this.#reading || this.#position === this.#log.top()) return;
    this.#reading = true;
    void this.#readOn();
  }

  async #readOn(): Promise<void> {
    while (this.#socket.readyState === this.#socket.OPEN && this.#position !== this.#log.top()) {
      await this.#drained();
      const top = this.#log.top();
      const rows = await this.#log.read({ after: this.#position ?? '0', limit: PAGE });
      this.#push(rows);
      // The numbers up to the top may have no rows: after a power cut the log leaps over some.
      if (rows.length === 0) this.#position = top;
      // Other readers and writers have their turn between two pages.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#reading = false;
  }

  #drained(): Promise<void> {
    if (this.#socket.bufferedAmount < MAX_UNSENT_BYTES) return Promise.resolve();
    return new Promise((resolve) => {
      // The callback of an empty ping comes when all before it was handed to the kernel, or failed.
      this.#socket.ping(undefined, undefined, () => resolve());
    });
  }
}

type Request = v.InferOutput<typeof REQUEST>;

function parseRequest(text: string): Request | undefined {
  try {
    const result = v.safeParse(REQUEST, JSON.parse(text));
    return result.success ? result.output : undefined;
  } catch {
    // Not JSON: answered like any other request that is not valid.
    return undefined;
  }
}

/** `*` as type or id means all; an id that ends in `.*` means a prefix. */
function filterFor(topics: Request['events']): (row: LogRow) => boolean {
  if (topics.some(({ type, id }) => type === '*' && id === '*')) return () => true;
  return (row) =>
    topics.some(
      ({ type, id }) => (type === '*' || type === row.type) && (id === '*' || matches(id, row.id)),
    );
}

function matches(pattern: string, id: string): boolean {
  return pattern === id || (pattern.endsWith('.*') && id.startsWith(pattern.slice(0, -1)));
}
