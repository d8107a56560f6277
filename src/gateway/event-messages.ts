/**
 * One event as the messages of all protocols: each rendered when the first who speaks it needs it, and once.
 *
 * As it comes from the core, an event is a push of v2 already, and what stands before its `seq` is one of v1.
 */
import { ReceivedText } from '../client/received-event.ts';
import type { PublishedEvent } from '../protocol/events.ts';
import type { FanOut, Message } from './fan-out.ts';
import { renderPush } from './protocols/events-v1.ts';
import { renderPushV2 } from './protocols/events-v2-text.ts';
import { renderEvent } from './protocols/sse.ts';

export class EventMessages {
  readonly event: PublishedEvent;
  readonly #fanOut: FanOut;
  #v1: Message | undefined;
  #v2: Message | undefined;
  #sse: Message | undefined;

  constructor(event: PublishedEvent, fanOut: FanOut) {
    this.event = event;
    this.#fanOut = fanOut;
  }

  get v1(): Message {
    this.#v1 ??= this.#fanOut.message(textV1(this.event));
    return this.#v1;
  }

  /** @param epoch of the log, the same for all */
  sse(epoch: string): Message {
    this.#sse ??= this.#fanOut.message(renderEvent(this.event, this.v2.text, epoch));
    return this.#sse;
  }

  get v2(): Message {
    this.#v2 ??= this.#fanOut.message(textV2(this.event));
    return this.#v2;
  }
}

function textV1(event: PublishedEvent): string {
  if (!(event instanceof ReceivedText)) return renderPush(event);
  return `${event.text.slice(0, event.dataEnd)}}`;
}

function textV2(event: PublishedEvent): string {
  return event instanceof ReceivedText ? event.text : renderPushV2(event);
}
