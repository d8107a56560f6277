/**
 * One reader of the log on a WebSocket of the control server: attached from a position, it gets
 * every row after it, in order. A slow reader is read for from the log; nothing is kept for it, so that it
 * misses what is only live. Rows that went before it read them end the connection: its next attach says so.
 */

import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { type EventLog, isKept, type LiveRow, renderLogEvents } from '../log/event-log.ts';
import type { FollowReply, SyncMessage, Topic } from '../protocol/events.ts';
import { takesFrames } from '../wire/frame.ts';
import {
  type AttachRequest,
  filterFor,
  parseFollowRequest,
  type Request,
  type RowFilter,
  typesOf,
} from './follow-request.ts';
import type { FollowerHeartbeat } from './follower-heartbeat.ts';
import { framesOf } from './row-frames.ts';

/** Rows at a time: an event may have 1 MiB, and a page is in memory at once. */
const PAGE = 100;
/** Rows wait in the log while more than this is unsent. */
const MAX_UNSENT_BYTES = 1_048_576;

export interface FollowerWorld {
  readonly log: EventLog;
  /** What is wrong with an event type that somebody wants to follow; null for `*` and for what exists. */
  readonly problemWith: (type: string) => string | null;
  /** Rows go out as frames of our own, a commit's in one write; otherwise by the library, one by one. */
  readonly ownFrames: boolean;
  /** Shared by all followers. */
  readonly heartbeat: FollowerHeartbeat;
  /** Rows that are only live were not sent: this follower has too much unsent. */
  readonly onDropped?: (count: number) => void;
  /** Of one follower: hears what is no request to follow. True: it was meant for somebody else here. */
  readonly otherwise?: ((text: string) => boolean) | undefined;
}

export class Follower {
  readonly #socket: WebSocket;
  readonly #transport: Duplex;
  readonly #log: EventLog;
  readonly #problemWith: FollowerWorld['problemWith'];
  readonly #ownFrames: boolean;
  readonly #heartbeat: FollowerHeartbeat;
  readonly #onDropped: FollowerWorld['onDropped'];
  readonly #otherwise: FollowerWorld['otherwise'];
  #filter: RowFilter = filterFor([]);
  #types: readonly string[] | undefined = [];
  /** The other end knows that rows up to here went before their time in the log was over. */
  #knownGone = 0;
  #position: string | undefined;
  /** The last position that the other end was told, by a reply, an event or a sync. */
  #told: string | undefined;
  #reading = false;
  readonly #stopListening: () => void;

  /** @param transport the connection below the WebSocket: many small frames leave it as one write */
  constructor(socket: WebSocket, transport: Duplex, world: FollowerWorld) {
    const { log, problemWith, ownFrames, heartbeat, onDropped } = world;
    this.#onDropped = onDropped;
    this.#otherwise = world.otherwise;
    this.#socket = socket;
    this.#transport = transport;
    this.#log = log;
    this.#problemWith = problemWith;
    this.#ownFrames = ownFrames;
    this.#heartbeat = heartbeat;
    socket.on('message', (data) => this.#receive(String(data)));
    // The close that follows an error ends the listening; the follower reconnects by itself.
    socket.on('error', () => undefined);
    this.#stopListening = log.onLive((rows) => this.#append(rows));
    socket.on('close', () => {
      this.#stopListening();
      heartbeat.forget(this);
    });
  }

  /** Up to where the log was handed to the connection; undefined before the first attach. */
  get position(): string | undefined {
    return this.#position;
  }

  tellPosition(): void {
    const seq = this.#position;
    if (seq === undefined || seq === this.#told) return;
    const sync: SyncMessage = { action: 'sync', seq };
    this.#socket.send(JSON.stringify(sync));
    this.#told = seq;
  }

  #receive(text: string): void {
    const request = parseFollowRequest(text);
    if (request === undefined && this.#otherwise?.(text) === true) return;
    const problem = request === undefined ? null : this.#objectTo(request);
    if (request === undefined || problem !== null) {
      const rid = request?.rid;
      this.#reply({
        ...{ status: 400, message: 'Invalid request', code: 5 },
        ...(rid === undefined ? {} : { rid }),
        ...(problem === null ? {} : { detail: problem }),
      });
    } else if (request.action === 'attach') this.#attach(request);
    else this.#reattach(request.events, request.rid);
  }

  #objectTo({ action, events = [] }: Request): string | null {
    const problem = events.map(({ type }) => this.#problemWith(type)).find((one) => one !== null);
    if (problem !== undefined) return problem;
    const isEarly = action === 'reattach' && this.#position === undefined;
    return isEarly ? 'A reattach changes what an attach began: send that first.' : null;
  }

  #attach({ events = [], since, epoch, rid }: AttachRequest): void {
    this.#follow(events);
    const isHeld = since === undefined || this.#isMine(since, epoch);
    const recovered = isHeld && (since === undefined || this.#log.holds(since, this.#types));
    // What went by a bound of its type leaves the rest: nothing of that is sent twice.
    const start = isHeld ? this.#startOf(since) : this.#beforeOldest();
    this.#position = start;
    this.#reply({
      ...{ status: 200, message: 'Ok', code: 0 },
      ...(rid === undefined ? {} : { rid }),
      ...{ seq: start, epoch: this.#log.epoch, recovered },
    });
    this.#catchUp();
  }

  /** Rows up to the position were judged by the former filter and are on their way; all others come after the reply. */
  #reattach(events: readonly Topic[], rid: number | undefined): void {
    this.#follow(events);
    this.#reply({
      ...{ status: 200, message: 'Ok', code: 0 },
      ...(rid === undefined ? {} : { rid }),
      ...(this.#position === undefined ? {} : { seq: this.#position }),
    });
  }

  #follow(topics: readonly Topic[]): void {
    this.#filter = filterFor(topics);
    this.#types = typesOf(topics);
    this.#knownGone = Number(this.#log.gone(this.#types));
  }

  #isMine(since: string, epoch: string | undefined): boolean {
    return (epoch === undefined || epoch === this.#log.epoch) && this.#log.holds(since, []);
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
    this.#told = reply.seq ?? this.#told;
  }

  /** Rows that were committed just now go out directly when nothing lies between. */
  #append(rows: readonly LiveRow[]): void {
    if (this.#position === undefined) return;
    const first = rows.find(isKept);
    const isNext =
      !this.#reading &&
      (first === undefined || Number(first.seq) - 1 === Number(this.#position)) &&
      this.#socket.bufferedAmount < MAX_UNSENT_BYTES;
    if (isNext) {
      this.#push(rows);
      return;
    }
    this.#pass(rows);
    if (first !== undefined) this.#catchUp();
  }

  /** What is only live overtakes the rows that are still to be read, and waits for nobody. */
  #pass(rows: readonly LiveRow[]): void {
    const passing = this.#filter(rows.filter((row) => !isKept(row)));
    if (passing.length === 0) return;
    if (this.#socket.bufferedAmount < MAX_UNSENT_BYTES) this.#write(passing);
    else this.#onDropped?.(passing.length);
  }

  #push(rows: readonly LiveRow[]): void {
    // The very array of the log, where all are wanted, is what other followers have framed already.
    const wanted = this.#filter(rows);
    if (wanted.length > 0) this.#write(wanted);
    this.#told = wanted.findLast(isKept)?.seq ?? this.#told;
    this.#stand(rows.findLast(isKept)?.seq ?? this.#position);
  }

  /** Who is not told where it stands reads all of it again after the next loss of the connection. */
  #stand(position: string | undefined): void {
    this.#position = position;
    if (position !== this.#told) this.#heartbeat.owe(this);
  }

  #write(rows: readonly LiveRow[]): void {
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
    while (this.#isOpen && this.#position !== this.#log.top()) {
      await this.#drained();
      // The log may be closed by now, and nobody would read of it.
      if (!this.#isOpen) break;
      const top = this.#log.top();
      const rows = await this.#log.read({ after: this.#position ?? '0', limit: PAGE });
      if (!this.#isOpen) break;
      if (this.#hasLost()) {
        this.#socket.close(1012, 'rows went before they were read');
        break;
      }
      this.#push(rows);
      // The numbers up to the top may have no rows: after a power cut the log leaps over some.
      if (rows.length === 0) this.#stand(top);
      // Other readers and writers have their turn between two pages.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#reading = false;
  }

  get #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Rows after the position were removed since the other end was told what is missing. */
  #hasLost(): boolean {
    const position = this.#position ?? '0';
    const gone = Number(this.#log.gone(this.#types));
    return gone > Math.max(Number(position), this.#knownGone) || !this.#log.holds(position, []);
  }

  #drained(): Promise<void> {
    if (this.#socket.bufferedAmount < MAX_UNSENT_BYTES) return Promise.resolve();
    return new Promise((resolve) => {
      // The callback of an empty ping comes when all before it was handed to the kernel, or failed.
      this.#socket.ping(undefined, undefined, () => resolve());
    });
  }
}
