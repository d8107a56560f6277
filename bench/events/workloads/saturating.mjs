/** As much as the server can deliver while so many messages are under way. */
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../harness/clock.mjs';
import { percentile } from '../../harness/statistics.mjs';
import { loadOf } from '../../jobs/load.mjs';
import { Crowd } from '../crowd.mjs';
import { topicName } from '../message.mjs';
import { UnderWay } from '../under-way.mjs';

const WARM_UP_MS = 1_000;
/** Own topics: with fewer, a server would wait for the round trip instead of working. */
const OWN_UNDER_WAY = 256;
/** The clock is read for one copy in so many. */
const SAMPLED = 97;

/** Every message to all subscribers of one topic. */
export function broadcast(limit) {
  return async (session, { subscribers, seconds }) => {
    const crowd = await openCrowd(session, subscribers, () => 0);
    const shape = { limit, topicOf: () => 0, copies: subscribers };
    const { figures, published } = await measure({ session, crowd, seconds, shape });
    crowd.expectEach(published);
    return figures;
  };
}

/** Every topic has one subscriber; the topics have their turns. */
export async function ownTopics(session, { topics, seconds }) {
  const crowd = await openCrowd(session, topics, (index) => index);
  const shape = { limit: OWN_UNDER_WAY, topicOf: (number) => number % topics, copies: 1 };
  const { figures, published } = await measure({ session, crowd, seconds, shape });
  crowd.expectEach((index) => Math.ceil((published - index) / topics));
  return figures;
}

/** A broadcast, first with subscribers that all read, then with one more that does not. */
export async function stalled(session, { subscribers, seconds }) {
  const crowd = await openCrowd(session, subscribers, () => 0);
  const all = await latenciesOf({ session, crowd, seconds });
  const stuck = await openCrowd(session, 1, () => 0);
  stuck.stall(0);
  const others = await latenciesOf({ session, crowd, seconds });
  return {
    ...{ 'p50, all read': percentile(all, 0.5), 'p50, one does not': percentile(others, 0.5) },
    ...{ 'p99, all read': percentile(all, 0.99), 'p99, one does not': percentile(others, 0.99) },
  };
}

async function openCrowd(session, count, topicOf) {
  const crowd = new Crowd(count);
  const steps = (index) => session.place.steps(topicName(topicOf(index)));
  await crowd.open({ url: session.place.url, steps });
  return crowd;
}

async function measure({ session, crowd, seconds, shape }) {
  const underWay = new UnderWay({ session, crowd, ...shape });
  underWay.start();
  await delay(WARM_UP_MS);
  const figures = await loadOf(session, async () => {
    const before = crowd.delivered;
    await delay(seconds * 1_000);
    return crowd.delivered - before;
  });
  await underWay.finish();
  return { figures, published: underWay.published };
}

/** From the call of publish to the read of one subscriber, in ms. */
async function latenciesOf({ session, crowd, seconds }) {
  const latencies = [];
  const sentMono = [];
  // Frames are counted from the beginning of the crowd's life.
  const [earlier] = crowd.frames;
  let seen = 0;
  const publish = (topics) => {
    const now = monotonicMs();
    for (const _ of topics) sentMono.push(now);
    return session.publish(topics);
  };
  const underWay = new UnderWay({
    ...{ session: { publish }, crowd, limit: 16, topicOf: () => 0, copies: crowd.size },
    first: earlier,
    onFrame: (_, number) => {
      seen += 1;
      if (seen % SAMPLED === 0) latencies.push(monotonicMs() - sentMono[number]);
    },
  });
  underWay.start();
  await delay(seconds * 3_000);
  await underWay.finish();
  return latencies;
}
