/** What the public port lets in. */
import { get } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Listener } from '../../src/gateway/listener.ts';
import { Client, GatewayFixture, LIMITS } from './gateway-fixture.ts';

let gateway: GatewayFixture;

beforeEach(() => {
  gateway = new GatewayFixture();
});
afterEach(() => gateway.close());

function statusOf(path: string): Promise<{ status: number | undefined; upgrade: unknown }> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: gateway.port, path }, (response) => {
      response.resume();
      resolve({ status: response.statusCode, upgrade: response.headers.upgrade });
    }).on('error', reject);
  });
}

async function handshake(options: ConstructorParameters<typeof Client>[1], path = '/ws') {
  const client = new Client(`ws://127.0.0.1:${gateway.port}${path}`, options);
  const refused = new Promise<number>((resolve) => {
    client.socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0);
      client.socket.terminate();
    });
  });
  const status = await Promise.race([client.opened.then(() => 101).catch(() => refused), refused]);
  client.socket.terminate();
  return status;
}

describe('the path', () => {
  it('is the configured one, with or without a query; anything else is 404', async () => {
    await gateway.start();
    expect(await handshake({})).toBe(101);
    expect(await handshake({}, '/ws?client=1')).toBe(101);
    expect(await handshake({}, '/')).toBe(404);
    expect(await handshake({}, '/ws/')).toBe(404);
    expect(await handshake({}, '/socket.io/')).toBe(404);
  });

  it('asks a plain request to upgrade', async () => {
    await gateway.start();
    expect(await statusOf('/ws')).toEqual({ status: 426, upgrade: 'websocket' });
    expect(await statusOf('/')).toEqual({ status: 404, upgrade: undefined });
  });
});

describe('the origin', () => {
  it('must be in the list, letter by letter, for clients that send one', async () => {
    await gateway.start({ limits: { origins: ['https://app.example'] } });
    expect(await handshake({ origin: 'https://app.example' })).toBe(101);
    expect(await handshake({})).toBe(101);
    for (const origin of [
      'https://app.example.evil.example',
      'http://app.example',
      'https://app.example:8443',
      'null',
    ]) {
      expect(await handshake({ origin })).toBe(403);
    }
  });

  it('may be any with `*`', async () => {
    await gateway.start({ limits: { origins: ['*'] } });
    expect(await handshake({ origin: 'https://any.example' })).toBe(101);
  });
});

it('compresses nothing, and speaks no subprotocol that it does not know', async () => {
  await gateway.start();
  const client = await gateway.connect({ perMessageDeflate: true });
  expect(client.socket.extensions).toBe('');
  const port = gateway.port;
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(
        'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
          'Sec-WebSocket-Protocol: taskbell.events.v9, chat\r\n\r\n',
      );
    });
    socket.once('data', (data) => {
      socket.destroy();
      resolve(String(data));
    });
  });
  expect(answer).toMatch(/^HTTP\/1.1 101 /);
  expect(answer.toLowerCase()).not.toContain('sec-websocket-protocol');
});

it('puts handshakes off until the log is followed', async () => {
  const service = gateway.create();
  const started = service.start();
  await expect.poll(() => gateway.port).toBeGreaterThan(0);
  expect(await handshake({})).toBe(503);
  await gateway.core.start();
  await started;
  expect(await handshake({})).toBe(101);
});

it('drops a client that does not finish its handshake in time', async () => {
  const listener = new Listener({
    settings: LIMITS,
    isOpen: () => true,
    onSocket: () => {},
    onError: () => {},
    handshakeTimeoutMs: 200,
  });
  const { port } = await listener.listen();
  for (const text of ['', 'GET /ws HTTP/1.1\r\nHost: x\r\n']) {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
  }
  listener.close();
});
