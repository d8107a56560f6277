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

  constructor(patienceMs: number) {
    this.presence = new Presence({
      types: new Set(['room']),
      subscriptions: this.subscriptions,
      fanOut: new FanOut({ directFrames: false, nowMono: () => performance.now() }),
      tell: (message) => {
        if (this.isCoreThere) this.told.push(message as { action: string });
        return this.isCoreThere;
      },
      patienceMs,
    });
  }

  attach(user: string): void {
    const subscriber = { token: { user } } as unknown as Subscriber;
    this.subscriptions.attach(subscriber, ROOM);
  }

  async ask(signal = new AbortController().signal) {
    const link = { signal } as ConnectionLink;
    const request = { topics: [ROOM], watch: undefined, rid: 1 };
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
