/**
 * Clients that attach and detach at random on a real gateway of a real core, while events are published and the
 * core restarts, against a plain list of what was said when: each client gets what it should, once, in order.
 */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AwakeCore } from '../core/awake-core.ts';
import { type Client, GatewayFixture, tokenFor, until } from './gateway-fixture.ts';

const TYPES = ['issueUpdate', 'datasetUpdate', 'uploadFile', 'downloadFile'];
const IDS = ['1', '2'];
const TOPICS = TYPES.flatMap((type) => IDS.map((id) => `${type} ${id}`));

let core: AwakeCore;
let gateway: GatewayFixture;
beforeEach(async () => {
  core = await AwakeCore.start();
  gateway = new GatewayFixture();
});
afterEach(async () => {
  await gateway.close();
  await core.dispose();
});

/** One number for each thing that happens; what has the smaller one was before. */
let moment = 0;
const tick = () => {
  moment += 1;
  return moment;
};

interface Published {
  readonly number: number;
  readonly topic: string;
  readonly begun: number;
  readonly round: number;
}

/** From an attach to the detach after it; `Infinity` for what has not happened. */
interface Stay {
  readonly topic: string;
  readonly round: number;
  readonly attached: number;
  leftIn: number;
  left: number;
}

class Watcher {
  readonly user: string;
  readonly token: string;
  readonly stays: Stay[] = [];
  readonly got: { readonly number: number; readonly topic: string }[] = [];
  #fences = 0;
  readonly #client: Client;
  readonly #replies: ((text: string) => void)[] = [];

  constructor(user: string, client: Client) {
    this.user = user;
    this.token = tokenFor(user);
    this.#client = client;
    client.socket.on('message', (data) => this.#hear(String(data)));
  }

  get fences(): number {
    return this.#fences;
  }

  async say(action: 'attach' | 'detach', topic: string): Promise<void> {
    const [type, id] = topic.split(' ');
    const reply = new Promise<string>((resolve) => this.#replies.push(resolve));
    this.#client.send({ auth: this.token, action, event: { type, id } });
    expect(await reply).toBe('{"status":200,"message":"Ok","code":0}');
  }

  #hear(text: string): void {
    const message = JSON.parse(text);
    if ('status' in message) this.#replies.shift()?.(text);
    else if (message.type === 'notification') this.#fences += 1;
    else this.got.push({ number: message.data[0], topic: `${message.type} ${message.id}` });
  }

  /** Attaches to what it is not attached to, detaches from the rest. */
  async toggle(topic: string, round: number): Promise<void> {
    const open = this.stays.find((stay) => stay.topic === topic && stay.left === Infinity);
    if (open === undefined) {
      await this.say('attach', topic);
      this.stays.push({ topic, round, attached: tick(), leftIn: Infinity, left: Infinity });
    } else {
      open.leftIn = round;
      await this.say('detach', topic);
      open.left = tick();
    }
  }

  /** Published after the attach was answered, and all of it had come before the detach was sent. */
  mustHave({ topic, begun, round }: Published): boolean {
    return this.stays.some(
      (stay) => stay.topic === topic && stay.attached < begun && round < stay.leftIn,
    );
  }

  /** Neither attached in this round or before, nor left before it was published. */
  mayHave({ topic, begun, round }: Published): boolean {
    return this.stays.some(
      (stay) => stay.topic === topic && stay.round <= round && begun < stay.left,
    );
  }
}

/** Mulberry32: the same choices for the same seed. */
function choices(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

async function publish(topic: string, data: readonly unknown[]): Promise<void> {
  const [type, id] = topic.split(' ');
  expect((await core.post('/v1/events', { type, id, data })).status).toBe(201);
}

async function watch(count: number): Promise<readonly Watcher[]> {
  const limits = { messagesPerSecond: 100_000, messageBurst: 100_000 };
  await gateway.create({ limits, controlSocket: core.socketPath }).start();
  const users = Array.from({ length: count }, (_, index) => `user${index}`);
  return Promise.all(
    users.map(async (user) => {
      const watcher = new Watcher(user, await gateway.connect());
      await watcher.say('attach', `notification ${user}`);
      return watcher;
    }),
  );
}

it.each([1, 2, 3, 4])('with seed %i', async (seed) => {
  const pick = choices(seed);
  const watchers = await watch(5);
  const published: Published[] = [];
  const rounds = 16;
  for (let round = 0; round < rounds; round += 1) {
    const plans = watchers.map(() => Array.from({ length: pick(5) }, () => pick(TOPICS.length)));
    const topics = Array.from({ length: 12 }, () => TOPICS[pick(TOPICS.length)] as string);
    const restarts = pick(5) === 0;
    const changing = watchers.map(async (watcher, index) => {
      for (const choice of plans[index] ?? []) {
        await watcher.toggle(TOPICS[choice] as string, round);
      }
    });
    if (restarts) {
      await core.sleep();
      await core.wake();
    }
    for (const topic of topics) {
      const number = published.length;
      published.push({ number, topic, begun: tick(), round });
      await publish(topic, [number]);
    }
    await Promise.all(changing);
    // What comes in order has come when the last of it has.
    await Promise.all(watchers.map(({ user }) => publish(`notification ${user}`, [])));
    await until(() => watchers.every(({ fences }) => fences > round), `round ${round} to end`);
  }
  for (const watcher of watchers) {
    const numbers = watcher.got.map(({ number }) => number);
    expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other));
    const must = published.filter((one) => watcher.mustHave(one)).map(({ number }) => number);
    expect(must.filter((number) => !numbers.includes(number))).toEqual([]);
    const may = published.filter((one) => watcher.mayHave(one)).map(({ number }) => number);
    expect(numbers.filter((number) => !may.includes(number))).toEqual([]);
    expect(must.length).toBeGreaterThan(0);
  }
});
