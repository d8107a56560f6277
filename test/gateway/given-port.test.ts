/** Gateways whose port somebody else listens on, and what becomes of connections when they go. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Listener } from '../../src/gateway/listener.ts';
import type { ChildService } from '../../src/process/child-process.ts';
import { deadlineIn } from '../../src/process/service.ts';
import { PublicPort } from '../../src/supervisor/public-port.ts';
import { GatewayFixture, LIMITS, tokenFor, until } from './gateway-fixture.ts';

const OK = '{"status":200,"message":"Ok","code":0}';
const HANDSHAKE = [
  ...['GET /ws HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket'],
  ...['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', ''],
].join('\r\n');

type Accepting = Pick<ChildService, 'accept'>;

let accepting: Accepting | undefined;
let accepted: number;
let port: PublicPort;
const clients: Socket[] = [];
beforeEach(() => {
  accepted = 0;
  const take = (connection: Socket): boolean => {
    accepted += 1;
    // On its way to another process it would become a new socket, which reads.
    connection.resume();
    accepting?.accept?.(connection);
    return true;
  };
  port = new PublicPort({
    place: { address: '127.0.0.1', port: 0 },
    takers: () => (accepting === undefined ? [] : [{ take }]),
    log: pino({ enabled: false }),
  });
});
afterEach(() => {
  port.close();
  for (const client of clients.splice(0)) client.destroy();
  accepting = undefined;
});

/** A client that has said nothing yet, and is accepted. */
async function knock(): Promise<Socket> {
  const before = accepted;
  const client = connect((await port.open()).port, '127.0.0.1');
  client.on('error', () => undefined);
  clients.push(client);
  await once(client, 'connect');
  await until(() => accepted > before, 'it is accepted');
  return client;
}

async function answerTo(client: Socket): Promise<string> {
  const [bytes] = await once(client, 'data');
  return String(bytes).split('\r\n', 1)[0] ?? '';
}

describe('a gateway', () => {
  let gateway: GatewayFixture;
  let service: ChildService;
  beforeEach(async () => {
    gateway = new GatewayFixture();
    service = await gateway.start({ openPort: () => port.open(), limits: { drainTime: 60_000 } });
    accepting = service;
  });
  afterEach(() => gateway.close());

  it('serves what it is given as if it had listened itself', async () => {
    const client = await gateway.connect();
    expect(await client.attach(tokenFor('ada'), 'issueUpdate', 'i1')).toBe(OK);
    gateway.core.publish({ type: 'issueUpdate', id: 'i1', data: [1] });
    expect(await client.next()).toBe('{"type":"issueUpdate","id":"i1","data":[1]}');
  });

  it('that retires asks its clients to come back, and ends', async () => {
    const clients = await Promise.all([gateway.connect(), gateway.connect()]);
    await service.retire?.(null);
    for (const client of clients) {
      const { code, reason } = await client.closed;
      expect(code).toBe(1012);
      expect(reason).toMatch(/^\{"retry":\d+\}$/);
    }
  });

  it('that retires still answers the handshake of a connection that it had been given', async () => {
    const client = await knock();
    const retired = service.retire?.(null);
    client.write(HANDSHAKE);
    expect(await answerTo(client)).toBe('HTTP/1.1 101 Switching Protocols');
    await retired;
  });

  it('that retires tells clients of what happens until it is their turn to go', async () => {
    // More than go at once.
    const clients = await Promise.all(Array.from({ length: 60 }, () => gateway.connect()));
    const last = clients.at(-1);
    if (last === undefined) throw new Error('there is no client');
    expect(await last.attach(tokenFor('ada'), 'issueUpdate', 'i1')).toBe(OK);
    const retired = service.retire?.(null);
    gateway.core.publish({ type: 'issueUpdate', id: 'i1', data: ['late news'] });
    expect(await last.next()).toContain('late news');
    // Without it this test would last a minute.
    await service.stop(deadlineIn(1_000));
    await retired;
    expect((await last.closed).code).toBe(1012);
  });

  it('stops at once in the middle of retiring', async () => {
    const client = await gateway.connect();
    const retired = service.retire?.(null);
    await service.stop(deadlineIn(2_000));
    await retired;
    expect((await client.closed).code).toBe(1012);
  });
});

describe('a listener', () => {
  function listen(options: { readonly connections?: number; readonly sockets?: number } = {}) {
    const { connections = 10, sockets = 10 } = options;
    let full = 0;
    const listener = new Listener({
      settings: LIMITS,
      isOpen: () => true,
      onSocket: (socket) => void socket.on('error', () => undefined),
      capacity: { connections, sockets },
      onFull: () => {
        full += 1;
      },
      onError: () => undefined,
      handshakeTimeoutMs: 50,
    });
    listener.serve();
    accepting = listener;
    return { listener, full: () => full };
  }

  it('drops who does not say in time what it wants', async () => {
    const { listener } = listen();
    const client = await knock();
    client.write(HANDSHAKE.slice(0, 20));
    expect(await answerTo(client)).toBe('HTTP/1.1 408 Request Timeout');
    await once(client, 'close');
    await until(() => listener.sockets === 0, 'it is not counted any more');
  });

  it('answers a client that has ended its side', async () => {
    listen();
    const client = await knock();
    client.end('GET /elsewhere HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await answerTo(client)).toBe('HTTP/1.1 404 Not Found');
  });

  it('beyond its connections puts handshakes off, with a hint when to come back', async () => {
    const { full } = listen({ connections: 1 });
    const first = await knock();
    first.write(HANDSHAKE);
    expect(await answerTo(first)).toBe('HTTP/1.1 101 Switching Protocols');
    const second = await knock();
    second.write(HANDSHAKE);
    const [bytes] = await once(second, 'data');
    expect(String(bytes)).toMatch(/^HTTP\/1.1 503 [\s\S]*Retry-After: [1-5]\r\n/);
    expect(full()).toBe(1);
  });

  it('beyond its sockets drops connections unread, and takes others when there is room', async () => {
    const { listener, full } = listen({ connections: 1, sockets: 1 });
    const first = await knock();
    first.write(HANDSHAKE);
    await answerTo(first);
    await once(await knock(), 'close');
    expect(full()).toBe(1);
    first.destroy();
    await until(() => listener.sockets === 0, 'the first has gone');
    const third = await knock();
    third.write(HANDSHAKE);
    expect(await answerTo(third)).toBe('HTTP/1.1 101 Switching Protocols');
  });

  it('has settled when nobody is left who has not said what it wants', async () => {
    const { listener } = listen();
    await listener.settled();
    const client = await knock();
    const settled = listener.settled();
    client.write(HANDSHAKE);
    await settled;
  });

  it('closes those who have not said what they want', async () => {
    const { listener } = listen();
    const client = await knock();
    const closed = once(client, 'close');
    listener.close();
    await closed;
  });
});
