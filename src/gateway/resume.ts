/**
 * Brings a subscriber from a position in the log to the present: history first, then what arrived meanwhile,
 * then what comes. No gap, no repeat, in order.
 *
 *   reading a page ─▶ answering (the first) ─▶ sending it ─▶ more? reading … ─▶ releasing what is held
 *
 * To be called in the turn in which the topics were attached: from then on their events are held.
 */
import type { PublishedEvent, Topic } from '../protocol/events.ts';
import type { HistoryPage, HistoryRequest } from '../protocol/history.ts';
import { CLOSE, closingWithRetry, restartClosing } from './close-codes.ts';
import type { ConnectionLink, ConnectionWorld } from './connection-world.ts';
import { HeldEvents } from './history-hold.ts';
import { renderPushV2 } from './protocols/events-v2-text.ts';

const MAX_HELD = 1_000;
const MAX_PAGE_EVENTS = 500;
const MAX_PAGE_BYTES = 262_144;
const AWAY_RETRY_MS = 5_000;

/** What history is said on. */
export type ResumeLink = Pick<ConnectionLink, 'signal' | 'say' | 'drained' | 'close' | 'hold'>;

export interface ResumeRequest {
  readonly topics: readonly Topic[];
  /** What of the history is asked for first. */
  readonly from: Pick<HistoryRequest, 'since' | 'epoch' | 'cursor' | 'last'>;
  /** Writes the reply: called once, before the first event, unless the connection ends first. */
  readonly answer: (page: HistoryPage) => void;
  /** An event as its text; as v2 pushes it when omitted. */
  readonly render?: (event: PublishedEvent) => string;
}

export class Resume {
  readonly #link: ResumeLink;
  readonly #world: ConnectionWorld;
  readonly #request: ResumeRequest;
  readonly #held: HeldEvents;
  readonly #maxBytes: number;

  /** From here on the events of the topics are held. */
  constructor(link: ResumeLink, world: ConnectionWorld, request: ResumeRequest) {
    this.#link = link;
    this.#world = world;
    this.#request = request;
    // Half of what may be unread, so that an event which follows a page does not close the connection.
    this.#maxBytes = Math.min(MAX_PAGE_BYTES, Math.ceil(world.limits.maxUnread / 2));
    const bounds = { maxEvents: MAX_HELD, maxLength: this.#maxBytes };
    this.#held = new HeldEvents(request.topics, bounds);
    link.hold(this.#held);
  }

  /** @returns the position up to which everything was said; undefined when the connection ended before */
  async run(): Promise<string | undefined> {
    try {
      return await this.#read();
    } catch (err) {
      if (this.#isEnding) return undefined;
      this.#world.log.warn({ err }, 'history could not be read; a client has to come back for it');
      this.#link.close(closingWithRetry(CLOSE.overloaded, AWAY_RETRY_MS));
      return undefined;
    }
  }

  get #isEnding(): boolean {
    return this.#link.signal.aborted;
  }

  async #read(): Promise<string | undefined> {
    let page = await this.#page(this.#request.from);
    if (this.#isEnding) return undefined;
    this.#request.answer(page);
    this.#send(page.events);
    while (!this.#isCaughtUp(page)) {
      await this.#link.drained();
      if (this.#isEnding) return undefined;
      page = await this.#page({ since: page.next, epoch: page.epoch });
      if (this.#isEnding) return undefined;
      if (!page.recovered) {
        // The log let go of what was about to be read: only a new attach can say so.
        this.#link.close(restartClosing(Math.random()));
        return undefined;
      }
      this.#send(page.events);
    }
    // In the same turn as the last look at what is held.
    for (const { event } of this.#held.release(page.next)) this.#send([event]);
    return page.next;
  }

  #page(from: ResumeRequest['from']): Promise<HistoryPage> {
    this.#held.beginRead();
    const { topics } = this.#request;
    const request = { topics, ...from, limit: MAX_PAGE_EVENTS, maxBytes: this.#maxBytes };
    return this.#world.history.read(request, this.#link.signal);
  }

  #isCaughtUp({ next, more }: HistoryPage): boolean {
    return this.#held.joins(next, !more);
  }

  #send(events: readonly PublishedEvent[]): void {
    const { render = renderPushV2 } = this.#request;
    for (const event of events) this.#link.say(render(event));
  }
}
