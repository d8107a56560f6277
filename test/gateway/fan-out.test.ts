/** What fan-out costs, as counts that no machine changes: framings, joins, writes, turns. */
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { FanOut, SLICE } from '../../src/gateway/fan-out.ts';
import { Hub, type Subscriber, SYSTEM_CLOCK } from '../../src/gateway/hub.ts';
import { Outlet } from '../../src/gateway/outlet.ts';
import { frameTexts } from '../../src/wire/frame.ts';
import { CountingSocket } from './counting-socket.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

interface World {
  readonly fanOut: FanOut;
  readonly framed: () => number;
  readonly open: (options?: { maxUnread?: number; extensions?: string }) => Client;
}

interface Client {
  readonly socket: CountingSocket;
  readonly outlet: Outlet;
  readonly slow: ReturnType<typeof vi.fn>;
}

function world(directFrames = true): World {
  const frame = vi.fn(frameTexts);
  const fanOut = new FanOut({ directFrames, nowMono: () => 0, frame });
  const open = ({ maxUnread = 1_000, extensions = '' } = {}) => {
    const socket = new CountingSocket();
    socket.extensions = extensions;
    const slow = vi.fn();
    const outlet = new Outlet(fanOut, socket.target, { maxUnread, tooSlow: slow });
    return { socket, outlet, slow };
  };
  return { fanOut, framed: () => frame.mock.calls.length, open };
}

function hubOf({ fanOut, open }: World, count: number): { hub: Hub; clients: readonly Client[] } {
  const hub = new Hub(SYSTEM_CLOCK, fanOut);
  const clients = Array.from({ length: count }, () => {
    const client = open();
    const subscriber: Subscriber = {
      token: undefined,
      push: (messages) => client.outlet.send(messages.v1),
      describe: () => {
        throw new Error('nobody looks at connections here');
      },
      tick: () => {},
      recheckAccess: () => {},
      close: () => {},
      terminate: () => {},
    };
    hub.subscriptions.attach(subscriber, { type: 'job', id: '1' });
    return client;
  });
  return { hub, clients };
}

const EVENT = { type: 'job', id: '1', data: ['x'], seq: '1', prev: null, at: '' } as const;

describe('an event that many get', () => {
  it('is rendered once, framed once, and written once to each in the turn', async () => {
    const here = world();
    const { hub, clients } = hubOf(here, 100);
    const stringify = vi.spyOn(JSON, 'stringify');
    hub.publish(EVENT);
    expect(stringify).toHaveBeenCalledTimes(1);
    stringify.mockRestore();
    await turn();
    expect(here.framed()).toBe(1);
    for (const { socket } of clients) expect(socket.calls).toEqual(['write']);
    const [first] = clients;
    for (const { socket } of clients) expect(socket.writes[0]).toBe(first?.socket.writes[0]);
  });

  it('costs nothing for those who are not subscribed, and no rendering where nobody is', async () => {
    const here = world();
    const { hub, clients } = hubOf(here, 3);
    const stringify = vi.spyOn(JSON, 'stringify');
    hub.publish({ ...EVENT, id: '2' });
    expect(stringify).not.toHaveBeenCalled();
    stringify.mockRestore();
    await turn();
    expect(here.framed()).toBe(0);
    for (const { socket } of clients) expect(socket.calls).toEqual([]);
  });
});

describe('what one turn brings', () => {
  it('is one write for each socket, and one run of bytes for all that got the same', async () => {
    const { fanOut, framed, open } = world();
    const clients = Array.from({ length: 50 }, () => open());
    for (const text of ['a', 'b', 'c']) {
      const message = fanOut.message(text);
      for (const { outlet } of clients) outlet.send(message);
    }
    await turn();
    expect(framed()).toBe(3);
    const bytes = clients[0]?.socket.writes[0];
    expect(clients[0]?.socket.written).toEqual(['a', 'b', 'c']);
    for (const { socket } of clients) {
      expect(socket.writes).toHaveLength(1);
      expect(socket.writes[0]).toBe(bytes);
    }
  });

  it('keeps replies and pushes in the order in which they were said', async () => {
    const { fanOut, open } = world();
    const { socket, outlet } = open();
    outlet.say('reply 1');
    outlet.send(fanOut.message('push'));
    outlet.say('reply 2');
    await turn();
    expect(socket.writes).toHaveLength(1);
    expect(socket.written).toEqual(['reply 1', 'push', 'reply 2']);
  });

  it('goes out before a close, and what comes after a close does not', async () => {
    const { open } = world();
    const { socket, outlet } = open();
    outlet.say('last words');
    outlet.close(1012, '');
    outlet.say('too late');
    await turn();
    expect(socket.calls).toEqual(['write', 'close 1012']);
    expect(socket.written).toEqual(['last words']);
  });

  it('is dropped when the client closed meanwhile', async () => {
    const { open } = world();
    const { socket, outlet } = open();
    outlet.say('nobody reads this');
    socket.readyState = 2;
    await turn();
    expect(socket.calls).toEqual([]);
  });

  it('is forgotten by a discard, and what follows in the same turn is written', async () => {
    const { open } = world();
    const { socket, outlet } = open();
    outlet.say('forgotten');
    outlet.discard();
    outlet.say('written');
    await turn();
    expect(socket.written).toEqual(['written']);
  });
});

describe('a broadcast to very many', () => {
  it('is written in slices, with turns for others between them', async () => {
    const { fanOut, open } = world();
    const clients = Array.from({ length: 3 * SLICE }, () => open());
    const reached = () => clients.filter(({ socket }) => socket.writes.length > 0).length;
    const message = fanOut.message('to all');
    for (const { outlet } of clients) outlet.send(message);
    await turn();
    expect(reached()).toBe(SLICE);
    await turn();
    expect(reached()).toBe(2 * SLICE);
    await turn();
    expect(reached()).toBe(3 * SLICE);
  });

  it('keeps the order of each socket when more comes between two slices', async () => {
    const { fanOut, open } = world();
    const clients = Array.from({ length: 2 * SLICE + 7 }, () => open());
    for (const text of ['a', 'b', 'c']) {
      const message = fanOut.message(text);
      for (const { outlet } of clients) outlet.send(message);
      await turn();
    }
    for (let n = 0; n < 4; n += 1) await turn();
    for (const { socket } of clients) expect(socket.written).toEqual(['a', 'b', 'c']);
  });
});

describe('a socket that is not read', () => {
  it('is told of instead of written to, once, when more than the limit is unread', async () => {
    const { open } = world();
    const { socket, outlet, slow } = open({ maxUnread: 100 });
    socket.bufferedAmount = 101;
    outlet.say('a');
    outlet.say('b');
    await turn();
    expect(slow).toHaveBeenCalledTimes(1);
    expect(socket.calls).toEqual([]);
  });

  it('gets a message larger than the limit when nothing else is unread', async () => {
    const { open } = world();
    const { socket, outlet, slow } = open({ maxUnread: 10 });
    outlet.say('x'.repeat(100));
    await turn();
    expect(slow).not.toHaveBeenCalled();
    expect(socket.writes).toHaveLength(1);
  });

  it('does not hold up the others', async () => {
    const { fanOut, open } = world();
    const clients = Array.from({ length: 20 }, () => open());
    const stalled = clients[3];
    if (stalled !== undefined) stalled.socket.bufferedAmount = 10_000;
    const message = fanOut.message('to all');
    for (const { outlet } of clients) outlet.send(message);
    await turn();
    expect(stalled?.slow).toHaveBeenCalledTimes(1);
    const others = clients.filter((client) => client !== stalled);
    for (const { socket } of others) expect(socket.written).toEqual(['to all']);
  });
});

describe('through the library', () => {
  it('goes every message, at once and in order, with directFrames = false', () => {
    const { fanOut, framed, open } = world(false);
    const { socket, outlet } = open();
    outlet.say('reply');
    outlet.send(fanOut.message('püsh'));
    outlet.close(1012, '');
    outlet.say('too late');
    expect(socket.sent).toEqual(['reply', 'püsh']);
    expect(socket.calls).toEqual(['send', 'send', 'close 1012']);
    expect(framed()).toBe(0);
  });

  it('goes every message of a socket that negotiated an extension', async () => {
    const { open } = world();
    const { socket, outlet } = open({ extensions: 'permessage-deflate' });
    outlet.say('a');
    await turn();
    expect(socket.calls).toEqual(['send']);
  });

  it('is refused to a socket that is too slow', () => {
    const { open } = world(false);
    const { socket, outlet, slow } = open({ maxUnread: 10 });
    socket.bufferedAmount = 11;
    outlet.say('a');
    expect(slow).toHaveBeenCalledTimes(1);
    expect(socket.sent).toEqual([]);
  });
});

it('gives each socket exactly its messages, whatever comes in which turn', async () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({
        kind: fc.constant('broadcast' as const),
        to: fc.uniqueArray(fc.nat(5), { minLength: 1 }),
      }),
      fc.record({ kind: fc.constant('say' as const), to: fc.nat(5).map((n) => [n]) }),
      fc.record({ kind: fc.constant('turn' as const), to: fc.constant<number[]>([]) }),
    ),
    { maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const { fanOut, open } = world();
      const clients = Array.from({ length: 6 }, () => open());
      const expected: string[][] = clients.map(() => []);
      for (const [n, { kind, to }] of script.entries()) {
        if (kind === 'turn') await turn();
        const message = fanOut.message(`${kind} ${n}`);
        for (const index of to) {
          if (kind === 'say') clients[index]?.outlet.say(message.text);
          else clients[index]?.outlet.send(message);
          expected[index]?.push(message.text);
        }
      }
      await turn();
      expect(clients.map(({ socket }) => socket.written)).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});
