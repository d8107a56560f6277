/** As much as the server can deliver while so many messages are under way. */
import { setTimeout as delay } from 'node:timers/promises';
import { openCrowd } from '../crowd.mjs';
import { meter } from '../meter.mjs';
import { UnderWay } from '../under-way.mjs';

const WARM_UP_MS = 1_000;
/** Own topics: with fewer, a server would wait for the round trip instead of working. */
const OWN_UNDER_WAY = 256;
const OWN_BATCH = 32;

/** Every message to all subscribers of one topic. */
export function broadcast(limit) {
  return async (session, options) => {
    const shape = { size: options.subscribers, topicOf: () => 0 };
    const crowd = await openCrowd(session.place, shape, options);
    const underWay = new UnderWay({
      ...{ crowd, publish: session.publish, limit, topicOf: () => 0 },
    });
    const figures = await measure({ session, crowd, underWay }, options);
    await crowd.expectEach(() => underWay.published);
    return figures;
  };
}

/** Every topic has one subscriber; the topics have their turns. */
export async function ownTopics(session, options) {
  const { topics } = options;
  const shape = { size: topics, topicOf: (index) => index, copies: 1 };
  const crowd = await openCrowd(session.place, shape, options);
  const underWay = new UnderWay({
    ...{ crowd, publish: session.publish, limit: OWN_UNDER_WAY, batch: OWN_BATCH },
    topicOf: (number) => number % topics,
  });
  const figures = await measure({ session, crowd, underWay }, options);
  await crowd.expectEach((index) => Math.ceil((underWay.published - index) / topics));
  return figures;
}

async function measure({ session, crowd, underWay }, { seconds }) {
  underWay.start();
  await delay(WARM_UP_MS);
  const figures = await meter(session, crowd, seconds);
  await underWay.finish();
  return figures;
}
