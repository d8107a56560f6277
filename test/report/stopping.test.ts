import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  createFixture,
  createReceiver,
  cursorAt,
  eventually,
  idsUpTo,
  openHandles,
  restingHandles,
  startClient,
  stateIs,
} from './client-fixture.ts';

/** Accepts connections and never says a word. */
async function createBlackHole(): Promise<{ url: string; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket)).on('error', () => {});
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
}

/** Refuses WebSockets, and takes requests without ever answering them. */
async function createSilentProxy(): Promise<{ url: string; requests: () => number }> {
  let requests = 0;
  const server = createHttpServer(() => {
    requests += 1;
  });
  server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, requests: () => requests };
}

describe('stopping', () => {
  test('unstarted, twice, and a start afterwards are all quiet', async () => {
    const fixture = createFixture({ url: 'http://127.0.0.1:9' });
    await fixture.stop();
    await fixture.stop();
    await fixture.client.start();
    expect((await fixture.client.status()).state).toBe('disconnected');
    expect(fixture.lines).toEqual([]);
  });

  test('while starting leaves nothing running', async () => {
    const before = await restingHandles();
    const fixture = createFixture({ url: 'http://127.0.0.1:9' });
    const starting = fixture.client.start();
    await Promise.all([fixture.stop(), starting]);
    await eventually(() => openHandles().length <= before.length);
    expect(fixture.lines).toEqual([]);
  });

  test('while connecting to a receiver that never answers leaves no socket and no timer', async () => {
    const hole = await createBlackHole();
    const before = await restingHandles();
    const fixture = createFixture({ url: hole.url, timeout: 60_000 });
    await fixture.client.start();
    await eventually(() => hole.sockets.size === 1);
    await fixture.stop();
    await eventually(() => hole.sockets.size === 0);
    await eventually(() => openHandles().length <= before.length);
    expect((await fixture.client.status()).state).toBe('disconnected');
  });

  test('while connecting to a proxy that knows no WebSocket and never answers leaves none either', async () => {
    const proxy = await createSilentProxy();
    const before = await restingHandles();
    const fixture = createFixture({ url: proxy.url, timeout: 60_000 });
    await fixture.client.start();
    await eventually(() => proxy.requests() === 1);
    await fixture.stop();
    await eventually(() => openHandles().length <= before.length);
  });

  test('while the receiver hangs ends in time and leaves no socket', async () => {
    const receiver = await createReceiver();
    await receiver.up();
    await restingHandles();
    const fixture = await startClient(receiver);
    await receiver.until(() => receiver.connections === 1);
    receiver.hang();
    const startedMono = performance.now();
    await fixture.stop();
    expect(performance.now() - startedMono).toBeLessThan(2_000);
    // The one left is the receiver's own end, which does not know yet.
    const sockets = () => openHandles().filter((name) => name === 'TCPSocketWrap').length;
    await eventually(() => sockets() === 1);
    expect(receiver.openSockets).toBe(1);
  });

  test('in the very moment of connecting closes that connection', async () => {
    const receiver = await createReceiver();
    await receiver.up();
    const fixture = createFixture({ url: receiver.url });
    let stopped: Promise<void> | undefined;
    fixture.onLine = (line) => {
      if (line.event === 'connect') stopped = fixture.stop();
    };
    await fixture.client.start();
    await eventually(() => stopped !== undefined);
    await stopped;
    await eventually(() => receiver.openSockets === 0);
  });

  test('while waiting for the next attempt is at once', async () => {
    const receiver = await createReceiver();
    const fixture = await startClient(receiver, { reconnectionDelay: 3_600_000 });
    await eventually(async () => (await fixture.client.status()).counts.connect_error === 1);
    const startedMono = performance.now();
    await fixture.stop();
    expect(performance.now() - startedMono).toBeLessThan(1_000);
  });

  test('says goodbye, twice over if told twice, and leaves no socket and no timer', async () => {
    const receiver = await createReceiver();
    await receiver.up();
    const before = await restingHandles();
    const fixture = await startClient(receiver);
    fixture.source.addEnds(100);
    await stateIs(fixture, 'connected');
    const reasons: string[] = [];
    await receiver.until(() => receiver.connections === 1);
    receiver.lastSocket?.once('disconnect', (reason) => reasons.push(reason));
    await Promise.all([fixture.stop(), fixture.stop()]);
    await fixture.stop();
    await eventually(() => receiver.openSockets === 0 && openHandles().length <= before.length);
    expect(reasons).toEqual(['client namespace disconnect']);
    expect(fixture.lines.filter((line) => line.event === 'disconnect')).toEqual([
      expect.objectContaining({ level: 30, reason: 'io client disconnect', count: 1 }),
    ]);
  });

  test('waits for what is on its way, so that it need not be repeated', async () => {
    const acks: (() => void)[] = [];
    const receiver = await createReceiver({ onReport: (ack) => acks.push(() => ack?.()) });
    await receiver.up();
    const fixture = await startClient(receiver, { acknowledge: 'required' });
    fixture.source.addEnds(100);
    await receiver.until(() => acks.length === 64);
    const stopping = fixture.stop();
    for (const acknowledge of acks.slice(0, 40)) acknowledge();
    await eventually(async () => (await fixture.client.status()).reported === 40);
    // Room for more, but nothing more is begun.
    await cursorAt(fixture, 40);
    for (const acknowledge of acks.slice(40)) acknowledge();
    await stopping;
    expect(fixture.source.handedOut).toBe(64);
    expect(await fixture.source.cursor()).toBe('64');
    expect(receiver.ids).toEqual(idsUpTo(64));
  });

  test('with reports that nobody acknowledges ends in time, timers and all', async () => {
    const receiver = await createReceiver({ onReport: () => {} });
    await receiver.up();
    const before = await restingHandles();
    const fixture = await startClient(receiver, { acknowledge: 'required' });
    fixture.source.addEnds(100);
    await receiver.until(() => receiver.received.length === 64);
    const startedMono = performance.now();
    await fixture.stop(400);
    expect(performance.now() - startedMono).toBeLessThan(1_000);
    await eventually(() => openHandles().length <= before.length);
    expect(await fixture.source.cursor()).toBe('0');
  });

  test('and starting another client goes on where this one stopped', async () => {
    const receiver = await createReceiver();
    await receiver.up();
    const first = await startClient(receiver);
    first.source.addEnds(50);
    await eventually(async () => (await first.source.cursor()) === '50');
    await first.stop();
    first.source.addEnds(50);
    await startClient(receiver, {}, first.source);
    await receiver.until(() => receiver.received.length === 100);
    expect(receiver.ids).toEqual(idsUpTo(100));
  });
});

test('starting twice connects once', async () => {
  const receiver = await createReceiver();
  await receiver.up();
  const fixture = createFixture({ url: receiver.url });
  onTestFinished(() => fixture.stop());
  await Promise.all([fixture.client.start(), fixture.client.start()]);
  await fixture.client.start();
  fixture.source.addEnds(20);
  await cursorAt(fixture, 20);
  expect(receiver.ids).toEqual(idsUpTo(20));
  expect(receiver.connections).toBe(1);
});
