/**
 * What leaves on one socket: everything that is a message goes through here, so that order holds.
 *
 *   send ─▶ gathered ─ end of the turn ─▶ written         gathered ─ discard ─▶ forgotten
 *
 * Goes past the `ws` library for text messages only, while `takesFrames` says so; without `directFrames`
 * everything goes through the library, one by one. Pings and the library's own answers to pings and closes
 * are whole frames that may stand between any two messages; nothing is written after a close frame.
 */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { takesMoreFrames } from '../wire/frame.ts';
import type { FanOut, Message, Run, Waiting } from './fan-out.ts';

/** Whose outlet it is. */
export interface OutletOwner {
  /** Bytes that may be unread when more is to be written. */
  readonly maxUnread: number;
  /** Called instead of a write when more is unread. */
  tooSlow(): void;
}

export interface OutletPlace {
  readonly socket: WebSocket;
  /** The connection below `socket`. */
  readonly transport: Socket;
}

export class Outlet implements Waiting {
  readonly #fanOut: FanOut;
  readonly #owner: OutletOwner;
  readonly #socket: WebSocket;
  readonly #transport: Socket;
  /** Asked for each event of each subscriber, so not of the socket: extensions are settled by the handshake. */
  readonly #isDirect: boolean;
  #gathered: Run | undefined;
  #isEnlisted = false;
  #allReadAtMono: number;

  constructor(fanOut: FanOut, { socket, transport }: OutletPlace, owner: OutletOwner) {
    this.#fanOut = fanOut;
    this.#owner = owner;
    this.#socket = socket;
    this.#transport = transport;
    this.#isDirect = fanOut.isDirect && socket.extensions === '';
    this.#allReadAtMono = fanOut.nowMono();
    transport.on('drain', () => {
      this.#allReadAtMono = fanOut.nowMono();
    });
  }

  send(message: Message): void {
    if (this.#isDirect) this.#gathered = (this.#gathered ?? this.#begin()).with(message);
    else this.#sendByLibrary(message);
  }

  /** A message for this socket alone. */
  say(text: string): void {
    this.send(this.#fanOut.message(text));
  }

  /** Bytes that the system has not taken; what this turn brought does not count yet. */
  get unreadBytes(): number {
    // Without an extension the library keeps nothing back.
    return this.#isDirect ? this.#transport.writableLength : this.#socket.bufferedAmount;
  }

  /** When nothing was unread for the last time. @param nowMono looked at anew where it is given */
  allReadAtMono(nowMono: number): number {
    if (this.unreadBytes === 0) this.#allReadAtMono = nowMono;
    return this.#allReadAtMono;
  }

  /** After what was gathered. */
  close(code: number, reason: string): void {
    this.#write();
    this.#socket.close(code, reason);
  }

  /** Forgets what was gathered: the socket is too slow, or gone. */
  discard(): void {
    this.#gathered = undefined;
  }

  /** Called by the fan-out, once for each time that this was enlisted. */
  flush(nowMono: number): void {
    this.#isEnlisted = false;
    if (this.#gathered === undefined) return;
    // Looked at before the write: one event larger than the limit must still reach an idle client.
    const isTooSlow = this.#isTooSlow(nowMono);
    if (!isTooSlow) this.#write();
    else this.#refuse();
  }

  #begin(): Run {
    if (!this.#isEnlisted) this.#fanOut.enlist(this);
    this.#isEnlisted = true;
    return this.#fanOut.beginning;
  }

  #write(): void {
    const run = this.#gathered;
    this.#gathered = undefined;
    // After a close frame nothing may follow, whoever sent it.
    if (run === undefined || !takesMoreFrames(this.#socket, this.#transport)) return;
    this.#transport.write(run.bytes);
  }

  #sendByLibrary(message: Message): void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    if (this.#isTooSlow(this.#fanOut.nowMono())) this.#refuse();
    else socket.send(message.payload, { binary: false });
  }

  #isTooSlow(nowMono: number): boolean {
    const unread = this.unreadBytes;
    if (unread === 0) this.#allReadAtMono = nowMono;
    return unread > this.#owner.maxUnread;
  }

  #refuse(): void {
    this.discard();
    this.#owner.tooSlow();
  }
}
