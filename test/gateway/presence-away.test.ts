/** Presence while the core is away. */
import { afterEach, expect, test } from 'vitest';
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
