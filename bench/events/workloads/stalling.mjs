/** How long copies take to reach subscribers that read, without and with one beside them that does not. */
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../harness/clock.mjs';
import { median, percentile } from '../../harness/statistics.mjs';
import { openConnections } from '../connections.mjs';
import { openCrowd } from '../crowd.mjs';
import { topicName } from '../message.mjs';
import { UnderWay } from '../under-way.mjs';

const UNDER_WAY = 16;
/** Turns of each kind, odd: whatever else the machine does changes more slowly than they do. */
const TURNS = 5;
/** The time of arrival is kept of one copy in so many; a prime, so that every subscriber has its turn. */
const SAMPLED = 97;

export async function stalled(session, options) {
  const topicOf = () => 0;
  const shape = { size: options.subscribers, topicOf, sampleEvery: SAMPLED };
  const crowd = await openCrowd(session.place, shape, options);
  const sentMono = [];
  const run = async () => {
    const first = sentMono.length;
    const publish = (topics) => {
      const now = monotonicMs();
      for (const _ of topics) sentMono.push(now);
      return session.publish(topics);
    };
    const underWay = new UnderWay({ crowd, publish, limit: UNDER_WAY, topicOf });
    underWay.start();
    await delay(options.seconds * 1_000);
    await underWay.finish();
    return { first, end: sentMono.length };
  };
  await run();
  const turns = { alone: [], beside: [] };
  for (let turn = 0; turn < TURNS; turn += 1) {
    turns.alone.push(await run());
    const deaf = await openDeaf(session.place);
    turns.beside.push(await run());
    deaf.destroy();
  }
  await crowd.expectEach(() => sentMono.length);
  return figuresOf(await latencies(crowd, sentMono), turns);
}

/** One more subscriber, which reads nothing any more. */
async function openDeaf({ url, steps }) {
  const place = { url, steps: () => steps(topicName(0)) };
  const [socket] = await openConnections(1, place, () => {});
  socket.pause();
  return socket;
}

/** From the call of publish to the read of one subscriber, in ms, with the number of the message. */
async function latencies(crowd, sentMono) {
  const samples = await crowd.samples();
  return samples.map(([number, arrivedMono]) => ({ number, ms: arrivedMono - sentMono[number] }));
}

function figuresOf(all, { alone, beside }) {
  const within = (turns) =>
    all
      .filter(({ number }) => turns.some(({ first, end }) => number >= first && number < end))
      .map(({ ms }) => ms);
  const p99 = (turn) => percentile(within([turn]), 0.99);
  const [without, one] = [within(alone), within(beside)];
  return {
    ...{
      'p50 ms, all read': percentile(without, 0.5),
      'p50 ms, one does not': percentile(one, 0.5),
    },
    ...{
      'p99 ms, all read': percentile(without, 0.99),
      'p99 ms, one does not': percentile(one, 0.99),
    },
    // Each turn beside the one before it: what the machine did in a single one must not decide.
    'p99, times all read': median(beside.map((turn, i) => p99(turn) / p99(alone[i]))),
    samples: without.length + one.length,
  };
}
