/** Presence over real gateways that share a real core: who is there, who came, who went. */
import { afterEach, describe, expect, test } from 'vitest';
import { type Client, type GatewayFixture, tokenFor } from './gateway-fixture.ts';
import { GatewaysOnCore } from './gateways-on-core.ts';

const EVENT = { type: 'room', id: '7' };

let stand: GatewaysOnCore;
afterEach(() => stand.dispose());

/** @param linger so long that nobody leaves during a test, where it is left out */
async function start(gateways: number, linger = '1h'): Promise<void> {
  stand = await GatewaysOnCore.start(gateways, `[webSocketEvents]\npresenceLinger = ${linger}\n`);
}

function gatewayOf(n: number): GatewayFixture {
  return stand.gateways[n] as GatewayFixture;
}

async function ask(client: Client, request: object) {
  return JSON.parse(await client.ask(request));
}

/** A client that is attached to the room. */
async function enter(user: string, n = 0): Promise<Client> {
  const client = await stand.connect(user, n);
  expect(await ask(client, { action: 'attach', event: EVENT })).toMatchObject({ code: 0 });
  return client;
}

async function watch(client: Client) {
  const reply = await ask(client, { action: 'presence', event: EVENT, watch: true });
  expect(reply).toMatchObject({ code: 0 });
  return reply.presence[0].users as string[];
}

/** Reads changes until one names this user. */
async function hear(client: Client, side: 'join' | 'leave', user: string) {
  const heard = { join: [] as string[], leave: [] as string[] };
  while (!heard[side].includes(user)) {
    const message = JSON.parse(await client.next());
    expect(message).toMatchObject({ action: 'presence', event: EVENT });
    heard.join.push(...message.join);
    heard.leave.push(...message.leave);
  }
  return heard;
}

describe('who is there', () => {
  test('is answered with the users of all gateways, each once', async () => {
    await start(2);
    const ada = await enter('ada', 0);
    await enter('ada', 1);
    await enter('bob', 1);
    await expect
      .poll(async () => await ask(ada, { action: 'presence', event: EVENT, rid: 5 }), {
        timeout: 20_000,
        // Each question costs the connection a message.
        interval: 200,
      })
      .toEqual({
        ...{ status: 200, message: 'Ok', code: 0, rid: 5 },
        presence: [{ ...EVENT, users: ['ada', 'bob'], count: 2 }],
      });
  });

  test('is known at once of those who attached here, also to one who is not attached', async () => {
    await start(1);
    await enter('ada');
    await enter('bob');
    const eve = await stand.connect('eve');
    const events = [EVENT, { type: 'room', id: '8' }];
    expect((await ask(eve, { action: 'presence', events })).presence).toEqual([
      { ...EVENT, users: ['ada', 'bob'], count: 2 },
      { type: 'room', id: '8', users: [], count: 0 },
    ]);
    await enter('cid');
    expect((await ask(eve, { action: 'presence', event: EVENT })).presence[0].count).toBe(3);
  });

  test.each([
    ['a type without presence', { event: { type: 'job', id: '1' } }],
    ['a pattern', { event: { type: 'room', id: '*' } }],
    ['a watch that is no yes and no no', { event: EVENT, watch: 1 }],
    ['a watch of what one is not attached to', { event: EVENT, watch: true }],
  ])('is refused with code 5 for %s', async (_name, request) => {
    await start(1);
    const client = await stand.connect('ada');
    expect(await ask(client, { action: 'presence', rid: 1, ...request })).toMatchObject({
      ...{ status: 400, code: 5, rid: 1 },
      detail: expect.any(String),
    });
  });
});

describe('who comes and goes', () => {
  test('is told to those who watch, over gateways, and to nobody else', async () => {
    await start(2, '100ms');
    const ada = await enter('ada', 0);
    const eve = await enter('eve', 0);
    await watch(ada);
    const bob = await enter('bob', 1);
    await hear(ada, 'join', 'bob');
    await ask(bob, { action: 'detach', event: EVENT });
    await hear(ada, 'leave', 'bob');
    // A push would stand before the reply.
    expect(await ask(eve, { action: 'ping', rid: 'last' })).toMatchObject({ rid: 'last' });
  });

  test('counts v1 clients, who hear nothing of it', async () => {
    await start(1, '100ms');
    const ada = await enter('ada');
    await watch(ada);
    const old = await gatewayOf(0).connect();
    await old.attach(tokenFor('bob'), EVENT.type, EVENT.id);
    await hear(ada, 'join', 'bob');
    expect(await old.ask('{}')).toBe('{"status":400,"message":"Invalid request","code":5}');
    old.socket.close();
    await hear(ada, 'leave', 'bob');
  });

  test('leaves out who comes back within the linger, to whatever gateway', async () => {
    await start(2);
    const ada = await enter('ada', 0);
    const bob = await enter('bob', 0);
    expect(await watch(ada)).toEqual(['ada', 'bob']);
    bob.socket.terminate();
    await enter('bob', 1);
    await enter('eve', 1);
    expect(await hear(ada, 'join', 'eve')).toEqual({ join: ['eve'], leave: [] });
  });

  test('is not told any more after watch: false, and after a detach', async () => {
    await start(1);
    const ada = await enter('ada');
    const eve = await enter('eve');
    for (const client of [ada, eve]) await watch(client);
    await ask(ada, { action: 'presence', event: EVENT, watch: false });
    await enter('bob');
    await hear(eve, 'join', 'bob');
    expect(await ask(ada, { action: 'ping', rid: 1 })).toMatchObject({ rid: 1 });
    await watch(ada);
    await ask(ada, { action: 'detach', event: EVENT });
    await enter('cid');
    await hear(eve, 'join', 'cid');
    expect(await ask(ada, { action: 'ping', rid: 2 })).toMatchObject({ rid: 2 });
  });

  test('leaves with the gateway that is gone', async () => {
    await start(2, '300ms');
    const ada = await enter('ada', 0);
    await enter('bob', 1);
    await expect
      .poll(
        async () =>
          (await ask(ada, { action: 'presence', event: EVENT, watch: false })).presence[0].count,
        {
          timeout: 20_000,
          interval: 200,
        },
      )
      .toBe(2);
    await watch(ada);
    await gatewayOf(1).close();
    await hear(ada, 'leave', 'bob');
  });
});

describe('a restart of the core', () => {
  test('is neither a leave nor a join of those who stay', async () => {
    await start(2);
    const ada = await enter('ada', 0);
    await watch(ada);
    await enter('bob', 1);
    await hear(ada, 'join', 'bob');
    await stand.core.sleep();
    await stand.core.wake();
    const eve = await stand.connect('eve', 1);
    expect(await ask(eve, { action: 'attach', event: EVENT })).toMatchObject({ code: 0 });
    expect(await hear(ada, 'join', 'eve')).toEqual({ join: ['eve'], leave: [] });
  });

  test('does not hide who went meanwhile', async () => {
    await start(2, '500ms');
    const ada = await enter('ada', 0);
    await watch(ada);
    const bob = await enter('bob', 1);
    await hear(ada, 'join', 'bob');
    await stand.core.sleep();
    await ask(bob, { action: 'detach', event: EVENT });
    await stand.core.wake();
    await hear(ada, 'leave', 'bob');
  });
});
