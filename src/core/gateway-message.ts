/** What a gateway says on its follow stream besides following: parsed and bounded. Pure. */
import * as v from 'valibot';
import { MAX_EVENT_ID_BYTES } from '../protocol/events.ts';
import { type FromGateway, MAX_PRESENCE_CHANGES } from '../protocol/gateways.ts';

const TOPIC = {
  type: v.pipe(v.string(), v.maxLength(100)),
  id: v.pipe(v.string(), v.maxBytes(MAX_EVENT_ID_BYTES)),
};
const TOPICS = v.pipe(v.array(v.object(TOPIC)), v.maxLength(MAX_PRESENCE_CHANGES));
const CHANGE = v.object({ ...TOPIC, user: v.string(), here: v.boolean() });
const CHANGES = v.pipe(v.array(CHANGE), v.maxLength(MAX_PRESENCE_CHANGES));

const MESSAGE = v.variant('action', [
  // What is in an answer, the one who asked knows.
  v.object({ action: v.literal('answer'), ask: v.number(), answer: v.looseObject({}) }),
  v.object({ action: v.literal('present'), changes: CHANGES }),
  v.object({ action: v.literal('watch'), topics: TOPICS }),
  v.object({ action: v.literal('unwatch'), topics: TOPICS }),
]);

/** Undefined for what is none of it. */
export function parseFromGateway(text: string): FromGateway | undefined {
  try {
    const result = v.safeParse(MESSAGE, JSON.parse(text));
    return result.success ? (result.output as unknown as FromGateway) : undefined;
  } catch {
    // Not JSON: the follower that listens on the same stream answers it.
    return undefined;
  }
}
