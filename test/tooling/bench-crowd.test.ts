/**
 * The load generator of the events bench, on real connections to the server in C and to a server of the test: what it
 * counts, when it says that everybody has a message, and that it refuses to be content with less. Nothing is timed.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

interface Programs {
  readonly crowd?: string;
  readonly limit?: string;
  readonly missing?: string;
}

interface Step {
  readonly say: string | null;
  readonly hear: number;
}

interface Place {
  readonly url: string;
  readonly steps: (topic: string) => readonly Step[];
}

interface Session {
  readonly place: Place;
  publish(topics: readonly number[]): unknown;
}

interface Shape {
  readonly size: number;
  readonly topicOf: (index: number) => number;
  readonly copies?: number;
  readonly sampleEvery?: number;
}

interface Crowd {
  readonly completed: number;
  watch(onProgress: () => void): void;
  fail(error: Error): void;
  whenCompleted(count: number): Promise<void>;
  count(): Promise<{ frames: number; atMono: number; busyMs: number }>;
  samples(): Promise<readonly (readonly [number, number])[]>;
  expectEach(countOf: (index: number) => number): Promise<void>;
}

interface Way {
  readonly programs: Programs;
  readonly wait: 'look' | 'spin' | 'sleep';
}

interface Bench {
  openCrowd(place: Place, shape: Shape, way: Way): Promise<Crowd>;
  buildPrograms(): Programs;
  closeAll(): Promise<void>;
  openSession(contender: object, directory: string, given: object): Promise<Session>;
  readonly CONTENDERS: readonly { readonly id: string }[];
  readonly FRAME_BYTES: number;
  frameOf(text: string): Buffer;
  readonly UnderWay: new (options: {
    crowd: Pick<Crowd, 'completed' | 'watch' | 'fail' | 'whenCompleted'>;
    publish: (topics: readonly number[]) => unknown;
    limit: number;
    batch?: number;
    topicOf: (number: number) => number;
  }) => { readonly published: number; start(): void; finish(): Promise<void> };
}

const bench = path.resolve(import.meta.dirname, '../../bench');
const modules = await Promise.all(
  [
    ...['events/crowd.mjs', 'events/programs.mjs', 'events/session.mjs', 'events/contenders.mjs'],
    ...['events/message.mjs', 'events/under-way.mjs', 'harness/closing.mjs'],
  ].map(async (file) => (await import(pathToFileURL(path.join(bench, file)).href)) as object),
);
const { openCrowd, buildPrograms, closeAll, openSession, UnderWay, ...rest } = Object.assign(
  {},
  ...modules,
) as Bench;

// What was built is deleted with everything else that a test has started: each builds its own.
const canBuild = buildPrograms().missing === undefined;
await closeAll();

const closers: (() => void)[] = [];
afterEach(async () => {
  await closeAll();
  for (const close of closers.splice(0)) close();
});

/** Of a masked frame: after the header, the mask of zeros and the letter that topics begin with. */
const TOPIC_AT = 7;

const itself = (index: number) => index;

const IN_C: readonly (readonly [string, () => Way])[] = [
  ['in C, looking now and then', () => ({ programs: buildPrograms(), wait: 'look' })],
  ['in C, asleep', () => ({ programs: buildPrograms(), wait: 'sleep' })],
  ['in C, polling', () => ({ programs: buildPrograms(), wait: 'spin' })],
];

/** Each way to read the subscribers that can be tried here. */
const WAYS: readonly (readonly [string, () => Way])[] = [
  ['in Node', () => ({ programs: {}, wait: 'look' })],
  ...(canBuild ? IN_C : []),
];

describe.each(WAYS)('subscribers that are read %s', (_, wayOf) => {
  it('say when all of them have got a message, and no sooner', async () => {
    const { place, publish } = await listen();
    const crowd = await openCrowd(place, { size: 3, topicOf: itself }, wayOf());
    publish([0, 1], 2);
    publish([2], 1);
    await crowd.whenCompleted(1);
    await framesAre(crowd, 5);
    expect(crowd.completed).toBe(1);
    publish([2], 1);
    await crowd.whenCompleted(2);
    await crowd.expectEach(() => 2);
  });

  it('count every copy where each has a topic of its own, whoever was first', async () => {
    const { place, publish } = await listen();
    const shape = { size: 4, topicOf: itself, copies: 1 };
    const crowd = await openCrowd(place, shape, wayOf());
    publish([3], 500);
    publish([1], 20);
    await crowd.whenCompleted(520);
    await crowd.expectEach((index) => [0, 20, 0, 500][index] ?? 0);
  });

  it('refuse a byte too many, and a message too few', async () => {
    const { place, publish, write } = await listen();
    const crowd = await openCrowd(place, { size: 2, topicOf: itself }, wayOf());
    publish([0, 1], 1);
    await crowd.whenCompleted(1);
    await expect(crowd.expectEach(() => 2)).rejects.toThrow('expected 2 frames');
    write(1, Buffer.from('x'));
    await expect
      .poll(() => crowd.expectEach(() => 1).catch(String), { timeout: 20_000 })
      .toContain(`Subscriber 1 got ${rest.FRAME_BYTES + 1} bytes`);
  });

  it('keep the number and the time of arrival of the copies that are sampled', async () => {
    const { place, publish } = await listen();
    const shape = { size: 2, topicOf: itself, sampleEvery: 2 };
    const crowd = await openCrowd(place, shape, wayOf());
    const before = Number(process.hrtime.bigint()) / 1e6;
    publish([0, 1], 4);
    await crowd.whenCompleted(4);
    const after = Number(process.hrtime.bigint()) / 1e6;
    const samples = await crowd.samples();
    expect(samples).toHaveLength(4);
    for (const [number, arrivedMono] of samples) {
      expect(number).toBeLessThan(4);
      expect(arrivedMono).toBeGreaterThanOrEqual(before);
      expect(arrivedMono).toBeLessThanOrEqual(after);
    }
  });
});

describe.skipIf(!canBuild)('the programs in C', () => {
  it('deliver everything between them: broadcasts in one topic, more than a socket holds', async () => {
    const programs = buildPrograms();
    const session = await openLimit(programs);
    const shape = { size: 20, topicOf: () => 0 };
    const crowd = await openCrowd(session.place, shape, { programs, wait: 'look' });
    const messages = 30_000;
    session.publish(Array.from({ length: messages }, () => 0));
    await crowd.whenCompleted(messages);
    await crowd.expectEach(() => messages);
    const { frames, busyMs } = await crowd.count();
    expect(frames).toBe(messages * 20);
    expect(busyMs).toBeGreaterThan(0);
  });

  it('deliver to topics of one subscriber, in batches, until it is enough', async () => {
    const programs = buildPrograms();
    const session = await openLimit(programs);
    const shape = { size: 40, topicOf: itself, copies: 1 };
    const crowd = await openCrowd(session.place, shape, { programs, wait: 'look' });
    const underWay = new UnderWay({
      ...{ crowd, publish: session.publish, limit: 64, batch: 8 },
      topicOf: (number) => number % 40,
    });
    underWay.start();
    await framesAre(crowd, 1_000, 'at least');
    await underWay.finish();
    await crowd.expectEach((index) => Math.ceil((underWay.published - index) / 40));
  });

  it('say so when a server goes away', async () => {
    const { place, end } = await listen();
    const way = { programs: buildPrograms(), wait: 'look' } as const;
    const crowd = await openCrowd(place, { size: 2, topicOf: itself }, way);
    const waiting = crowd.whenCompleted(1);
    end();
    await expect(waiting).rejects.toThrow('The process that has the subscribers is gone');
  });

  async function openLimit(programs: Programs): Promise<Session> {
    const contender = rest.CONTENDERS.find(({ id }) => id === 'limit') ?? {};
    return await openSession(contender, '', { programs });
  }
});

describe('messages under way', () => {
  const setUp = (limit: number, batch: number) => {
    let tell = () => {};
    const published: number[][] = [];
    const awaited: number[] = [];
    const crowd = {
      completed: 0,
      watch: (onProgress: () => void) => {
        tell = onProgress;
      },
      fail: () => {},
      whenCompleted: async (count: number) => void awaited.push(count),
    };
    const publish = (topics: readonly number[]) => void published.push([...topics]);
    const loop = new UnderWay({ crowd, publish, limit, batch, topicOf: itself });
    const complete = (count: number) => {
      crowd.completed = count;
      tell();
    };
    return { crowd, loop, published, awaited, complete };
  };

  it('are followed by the next when all subscribers have one, and no sooner', async () => {
    const { loop, published, awaited, complete } = setUp(2, 1);
    loop.start();
    expect(published).toEqual([[0, 1]]);
    complete(0);
    expect(published).toHaveLength(1);
    complete(1);
    expect(published).toEqual([[0, 1], [2]]);
    complete(3);
    expect(published[2]).toEqual([3, 4]);
    complete(5);
    expect(loop.published).toBe(7);
    const finished = loop.finish();
    complete(7);
    await finished;
    expect(awaited).toEqual([7]);
    expect(loop.published).toBe(7);
  });

  it('are given up with the reason when they cannot be published', async () => {
    const { crowd } = setUp(1, 1);
    const publish = () => Promise.reject(new Error('refused'));
    const loop = new UnderWay({ crowd, publish, limit: 1, topicOf: itself });
    loop.start();
    await new Promise((resolve) => setImmediate(resolve));
    await expect(loop.finish()).rejects.toThrow('refused');
  });

  it('are published no fewer together than a batch has', () => {
    const { loop, published, complete } = setUp(8, 4);
    loop.start();
    complete(3);
    expect(published).toHaveLength(1);
    complete(5);
    expect(published[1]).toEqual([8, 9, 10, 11, 12]);
  });
});

async function framesAre(crowd: Crowd, count: number, kind: 'exactly' | 'at least' = 'exactly') {
  const poll = expect.poll(async () => (await crowd.count()).frames, { timeout: 20_000 });
  if (kind === 'exactly') await poll.toBe(count);
  else await poll.toBeGreaterThanOrEqual(count);
}

/** A server that says yes to everybody, knows each by the number of its topic, and sends what the test says. */
async function listen() {
  const sockets = new Map<number, Socket>();
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
      socket.once('data', (frame) => {
        sockets.set(Number(frame.toString('latin1', TOPIC_AT)), socket);
        socket.write(Buffer.from([0x81, 2, 0x6f, 0x6b]));
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const frame = rest.frameOf('x'.repeat(rest.FRAME_BYTES - 4));
  const write = (index: number, bytes: Buffer) => void sockets.get(index)?.write(bytes);
  const end = () => {
    for (const socket of sockets.values()) socket.destroy();
  };
  closers.push(end);
  const steps = (topic: string) => [{ say: topic, hear: 1 }];
  return {
    ...{ place: { url: `ws://127.0.0.1:${port}/`, steps }, write, end },
    publish: (to: readonly number[], count: number) => {
      const bytes = Buffer.concat(Array.from({ length: count }, () => frame));
      for (const index of to) write(index, bytes);
    },
  };
}
