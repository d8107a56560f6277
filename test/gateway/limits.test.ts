/** Every limit of a connection, over a real WebSocket. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GatewayFixture, tokenFor, until } from './gateway-fixture.ts';

const OK = '{"status":200,"message":"Ok","code":0}';
const INVALID = '{"status":400,"message":"Invalid request","code":5}';

let gateway: GatewayFixture;

beforeEach(() => {
  gateway = new GatewayFixture();
});
afterEach(() => gateway.close());

describe('subscriptions', () => {
  it('are refused with code 5 beyond the limit, and free again after a detach', async () => {
    await gateway.start({ limits: { maxSubscriptions: 2 } });
    const client = await gateway.connect();
    const auth = tokenFor('ada');
    expect(await client.attach(auth, 'job', '1')).toBe(OK);
    expect(await client.attach(auth, 'job', '2')).toBe(OK);
    expect(await client.attach(auth, 'job', '3')).toBe(INVALID);
    expect(await client.attach(auth, 'job', '2')).toBe(OK);
    await client.ask({ auth, action: 'detach', event: { type: 'job', id: '1' } });
    expect(await client.attach(auth, 'job', '3')).toBe(OK);
  });
});

describe('connections of one user', () => {
  it('end with 4409 beyond the limit; others are untouched and a place becomes free again', async () => {
    await gateway.start({ limits: { maxConnectionsPerUser: 1 } });
    const first = await gateway.connect();
    expect(await first.attach(tokenFor('ada'), 'job', '1')).toBe(OK);
    const second = await gateway.connect();
    second.send({ auth: tokenFor('ada'), action: 'attach', event: { type: 'job', id: '1' } });
    expect((await second.closed).code).toBe(4409);
    const bob = await gateway.connect();
    expect(await bob.attach(tokenFor('bob'), 'job', '1')).toBe(OK);
    first.socket.close();
    await first.closed;
    const closes = () => gateway.lines.filter((line) => line.msg === 'connection closed').length;
    await until(() => closes() === 2, 'the gateway saw both ends');
    const third = await gateway.connect();
    expect(await third.attach(tokenFor('ada'), 'job', '1')).toBe(OK);
  });
});

describe('messages', () => {
  it('beyond the rate end the connection with 4429 and say when to come back', async () => {
    await gateway.start({ limits: { messagesPerSecond: 1, messageBurst: 3 } });
    const client = await gateway.connect();
    for (let n = 0; n < 4; n += 1) client.send('{}');
    const { code, reason } = await client.closed;
    expect(code).toBe(4429);
    expect(reason).toMatch(/^\{"retry":\d+\}$/);
    expect(JSON.parse(reason).retry).toBeGreaterThan(0);
  });

  it('count pings as well', async () => {
    await gateway.start({ limits: { messagesPerSecond: 1, messageBurst: 3 } });
    const client = await gateway.connect();
    for (let n = 0; n < 4; n += 1) client.socket.ping();
    expect((await client.closed).code).toBe(4429);
  });

  it('far over the size limit end the connection with 1009', async () => {
    await gateway.start();
    const client = await gateway.connect();
    client.send('x'.repeat(4 * 65_536 + 1));
    expect((await client.closed).code).toBe(1009);
  });

  it('that wait for their turn are bounded: 1013', async () => {
    await gateway.start({
      access: { datasets: 'directory' },
      limits: { messagesPerSecond: 1_000, messageBurst: 1_000 },
    });
    gateway.core.answer = () => new Promise(() => {});
    const client = await gateway.connect();
    client.send({ auth: tokenFor('ada'), action: 'attach', event: { type: 'job', id: '1' } });
    for (let n = 0; n < 256; n += 1) client.send('{}');
    expect(await client.closed).toEqual({ code: 1013, reason: '{"retry":1000}' });
  });

  it('that are no UTF-8 end the connection with 1007', async () => {
    await gateway.start();
    const client = await gateway.connect();
    client.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    expect((await client.closed).code).toBe(1007);
  });
});

describe('authentication', () => {
  it('must come in time: 4401', async () => {
    await gateway.start({ limits: { authenticationTimeout: 100 } });
    const silent = await gateway.connect();
    const wrong = await gateway.connect();
    await wrong.attach('garbage', 'job', '1');
    expect((await silent.closed).code).toBe(4401);
    expect((await wrong.closed).code).toBe(4401);
  });

  it('ends with the token and its grace: 4401', async () => {
    await gateway.start({ auth: { expiryGrace: 0 } });
    const client = await gateway.connect();
    const exp = Math.floor(Date.now() / 1_000) + 2;
    expect(await client.attach(tokenFor('ada', { exp }), 'job', '1')).toBe(OK);
    expect((await client.closed).code).toBe(4401);
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1_000);
  });

  it('is extended by a later token of the same user, and not shortened by an earlier one', async () => {
    await gateway.start({ auth: { expiryGrace: 0 } });
    const exp = Math.floor(Date.now() / 1_000) + 2;
    const [extended, short] = [await gateway.connect(), await gateway.connect()];
    await short.attach(tokenFor('ada', { exp }), 'job', '1');
    await extended.attach(tokenFor('ada'), 'job', '1');
    await extended.attach(tokenFor('ada', { exp }), 'job', '1');
    expect((await short.closed).code).toBe(4401);
    gateway.core.publish({ type: 'job', id: '1', data: [] });
    expect(await extended.next()).toBe('{"type":"job","id":"1","data":[]}');
  });

  it('does not end a connection with onExpiry = keep', async () => {
    await gateway.start({ auth: { expiryGrace: 0, onExpiry: 'keep' } });
    const exp = Math.floor(Date.now() / 1_000) + 1;
    const client = await gateway.connect();
    await client.attach(tokenFor('ada', { exp }), 'job', '1');
    await until(() => Date.now() > exp * 1_000 + 1_100, 'a tick after the end of the token');
    gateway.core.publish({ type: 'job', id: '1', data: [] });
    expect(await client.next()).toBe('{"type":"job","id":"1","data":[]}');
  });
});

describe('silence', () => {
  it('is broken by a ping, and a peer that does not answer is dropped', async () => {
    await gateway.start({ limits: { pingInterval: 500 } });
    const deaf = await gateway.connect({ autoPong: false });
    const alive = await gateway.connect();
    await alive.attach(tokenFor('ada'), 'job', '1');
    await new Promise((resolve) => deaf.socket.once('ping', resolve));
    expect((await deaf.closed).code).toBe(1006);
    gateway.core.publish({ type: 'job', id: '1', data: [] });
    expect(await alive.next()).toBe('{"type":"job","id":"1","data":[]}');
  });
});

describe('a slow consumer', () => {
  it('is closed with 4408 while the others get everything', async () => {
    await gateway.start({ limits: { maxUnread: 65_536 } });
    const [slow, good] = [await gateway.connect(), await gateway.connect()];
    await slow.attach(tokenFor('ada'), 'job', '1');
    await good.attach(tokenFor('bob'), 'job', '1');
    slow.transport.pause();
    const data = ['x'.repeat(100_000)];
    let published = 0;
    const closing = () => gateway.lines.some((line) => line.code === 4408);
    while (!closing() && published < 1_000) {
      gateway.core.publish({ type: 'job', id: '1', data });
      published += 1;
      expect((await good.next()).length).toBeGreaterThan(100_000);
    }
    // What the gateway itself holds stays within the limit and one event.
    const line = gateway.lines.find(({ code }) => code === 4408);
    expect(line?.unreadBytes).toBeLessThan(65_536 + 101_000);
    slow.transport.resume();
    expect(await slow.closed).toEqual({ code: 4408, reason: '{"retry":1000}' });
    gateway.core.publish({ type: 'job', id: '1', data: ['still here'] });
    expect(await good.next()).toBe('{"type":"job","id":"1","data":["still here"]}');
  });

  it('is closed with 4408 when little is unread for too long', async () => {
    await gateway.start({ limits: { maxUnread: 1_000_000_000, maxUnreadTime: 300 } });
    const slow = await gateway.connect();
    await slow.attach(tokenFor('ada'), 'job', '1');
    slow.transport.pause();
    const data = ['x'.repeat(1_000_000)];
    for (let n = 0; n < 10; n += 1) gateway.core.publish({ type: 'job', id: '1', data });
    await until(() => gateway.lines.some((line) => line.code === 4408), 'closed as too slow');
  });

  it('that is merely idle gets one event larger than the limit', async () => {
    await gateway.start({ limits: { maxUnread: 1_000 } });
    const client = await gateway.connect();
    await client.attach(tokenFor('ada'), 'job', '1');
    gateway.core.publish({ type: 'job', id: '1', data: ['x'.repeat(8_000_000)] });
    expect((await client.next()).length).toBeGreaterThan(8_000_000);
  });
});
