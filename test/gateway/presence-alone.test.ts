/** Presence of one gateway, with the core played by the test: away, with many users, with topics that nobody asks about. */
import { afterEach, expect, test, vi } from 'vitest';
import type { ConnectionLink } from '../../src/gateway/connection-world.ts';
import { FanOut } from '../../src/gateway/fan-out.ts';
import type { Subscriber } from '../../src/gateway/hub.ts';
import { Presence } from '../../src/gateway/presence.ts';
import { SubscriptionIndex } from '../../src/gateway/subscription-index.ts';

const ROOM = { type: 'room', id: '7' };

class Stand {
  readonly told: { readonly action: string; readonly changes?: readonly unknown[] }[] = [];
  readonly subscriptions = new SubscriptionIndex<Subscriber>();
  readonly presence: Presence;
  isCoreThere = false;

  constructor(patienceMs: number, maxWatched = 100_000) {
    this.presence = new Presence({
      types: new Set(['room']),
      subscriptions: this.subscriptions,
      fanOut: new FanOut({ directFrames: false, nowMono: () => performance.now() }),
      tell: (message) => {
        if (this.isCoreThere) this.told.push(message as { action: string });
        return this.isCoreThere;
      },
      ...{ patienceMs, maxWatched },
    });
  }

  attach(user: string): void {
    const subscriber = { token: { user } } as unknown as Subscriber;
    this.subscriptions.attach(subscriber, ROOM);
  }

  async ask(signal = new AbortController().signal, topics = [ROOM]) {
    const link = { signal } as ConnectionLink;
    const request = { topics, watch: undefined, rid: 1 };
    return JSON.parse(await this.presence.answer(request, link));
  }
}

let stand: Stand;
afterEach(() => stand.presence.stop());

test('is code 5 when the core says nothing in time', async () => {
  stand = new Stand(1);
  stand.attach('ada');
  expect(await stand.ask()).toMatchObject({ code: 5, rid: 1, detail: expect.any(String) });
});

test('is asked of the core when it is back, after all who are there were named', async () => {
  stand = new Stand(60_000);
  stand.attach('ada');
  const asking = stand.ask();
  stand.isCoreThere = true;
  stand.presence.connected();
  expect(stand.told).toEqual([
    { action: 'present', changes: [{ ...ROOM, user: 'ada', here: true }] },
    { action: 'watch', topics: [ROOM] },
  ]);
  const states = [{ ...ROOM, users: ['ada', 'bob'], isWhole: false }];
  stand.presence.hear({ action: 'presence', states });
  expect(await asking).toMatchObject({ presence: [{ ...ROOM, users: ['ada', 'bob'], count: 2 }] });
});

test('is waited for no longer than the connection lives, and than the gateway', async () => {
  stand = new Stand(60_000);
  const gone = new AbortController();
  const [first, second] = [stand.ask(gone.signal), stand.ask()];
  gone.abort();
  expect(await first).toMatchObject({ code: 5 });
  stand.presence.stop();
  expect(await second).toMatchObject({ code: 5 });
});

test('names at most 1,000 users in a reply and counts all, and tells the core of so many at once', async () => {
  stand = new Stand(60_000);
  const users = Array.from({ length: 1_500 }, (_, n) => `u${n}`);
  for (const user of users) stand.attach(user);
  const asking = stand.ask();
  stand.isCoreThere = true;
  stand.presence.connected();
  const told = stand.told.filter(({ action }) => action === 'present');
  expect(told.map(({ changes }) => changes?.length)).toEqual([1_000, 500]);
  stand.presence.hear({ action: 'presence', states: [{ ...ROOM, users, isWhole: true }] });
  const [room] = (await asking).presence;
  expect(room.users).toHaveLength(1_000);
  expect(room.count).toBe(1_500);
});

test('names at most 10,000 users in one reply about many topics, and counts all of each', async () => {
  stand = new Stand(60_000);
  stand.isCoreThere = true;
  const users = Array.from({ length: 900 }, (_, n) => `u${n}`);
  const rooms = Array.from({ length: 12 }, (_, n) => ({ type: 'room', id: `${n}` }));
  const asking = stand.ask(undefined, rooms);
  const states = rooms.map((room) => ({ ...room, users, isWhole: true }));
  stand.presence.hear({ action: 'presence', states });
  const { presence } = await asking;
  const named = presence.map((one: { readonly users: readonly string[] }) => one.users.length);
  expect(named).toEqual([...Array.from({ length: 11 }, () => 900), 100]);
  for (const { count } of presence) expect(count).toBe(900);
});

test('is not asked about more topics than there is room for, and about those that are known all the same', async () => {
  stand = new Stand(60_000, 2);
  stand.isCoreThere = true;
  const [one, two, three] = ['1', '2', '3'].map((id) => ({ type: 'room', id }));
  if (one === undefined || two === undefined || three === undefined) throw new Error('no rooms');
  const asking = stand.ask(undefined, [one, two]);
  const refused = await stand.ask(undefined, [two, three]);
  expect(refused).toMatchObject({ code: 5, rid: 1, detail: expect.stringContaining('ask again') });
  const states = [one, two].map((room) => ({ ...room, users: [], isWhole: true }));
  stand.presence.hear({ action: 'presence', states });
  expect(await asking).toMatchObject({ code: 0 });
  expect(await stand.ask(undefined, [one, two])).toMatchObject({ code: 0 });
  expect(stand.told).toHaveLength(2);
});

test('lets go of a topic that nobody asks about any more, and asks for it anew', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    stand = new Stand(60_000);
    stand.isCoreThere = true;
    const answered = async () => {
      const asking = stand.ask();
      stand.presence.hear({ action: 'presence', states: [{ ...ROOM, users: [], isWhole: true }] });
      expect(await asking).toMatchObject({ code: 0 });
    };
    const actions = () => stand.told.map(({ action }) => action);
    await answered();
    await answered();
    expect(actions()).toEqual(['watch']);
    vi.advanceTimersByTime(10_000);
    expect(actions()).toEqual(['watch']);
    vi.advanceTimersByTime(10_000);
    expect(actions()).toEqual(['watch', 'unwatch']);
    await answered();
    expect(actions()).toEqual(['watch', 'unwatch', 'watch']);
    stand.presence.stop();
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
