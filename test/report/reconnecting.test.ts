import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  createReceiver,
  cursorAt,
  eventually,
  idsUpTo,
  shown,
  startClient,
  stateIs,
} from './client-fixture.ts';

describe('giving up', () => {
  test('reconnectionAttempts = 2 fails after two, once, until an operator retries', async () => {
    const receiver = await createReceiver();
    const fixture = await startClient(receiver, { reconnectionAttempts: 2 });
    await stateIs(fixture, 'failed');
    expect((await fixture.client.status()).counts).toMatchObject({
      connect_error: 3,
      reconnect_error: 2,
      reconnect_failed: 1,
    });
    expect(shown(fixture, 'reconnect_failed')).toEqual([
      expect.objectContaining({ level: 50, count: 1, attempts: 2 }),
    ]);
    await receiver.up();
    fixture.source.addEnds(2);
    fixture.client.retry();
    await cursorAt(fixture, 2);
    expect(receiver.ids).toEqual(idsUpTo(2));
  });

  test('autoReconnect = false stays down after a disconnection until an operator retries', async () => {
    const receiver = await createReceiver();
    await receiver.up();
    const fixture = await startClient(receiver, { autoReconnect: false });
    await stateIs(fixture, 'connected');
    receiver.kick();
    await stateIs(fixture, 'failed');
    expect(receiver.connections).toBe(1);
    fixture.client.retry();
    await stateIs(fixture, 'connected');
    expect(receiver.connections).toBe(2);
  });

  test('an operator need not wait for the next attempt', async () => {
    const receiver = await createReceiver();
    const fixture = await startClient(receiver, { reconnectionDelay: 3_600_000 });
    await stateIs(fixture, 'disconnected');
    await eventually(() => shown(fixture, 'connect_error').length === 1);
    await receiver.up();
    fixture.client.retry();
    await stateIs(fixture, 'connected');
  });
});

test('a receiver that accepts and hangs up at once is asked less and less', async () => {
  const receiver = await createReceiver();
  await receiver.up();
  const fixture = await startClient(receiver, { reconnectionDelay: 50 });
  const kicking = setInterval(() => receiver.kick(), 5);
  onTestFinished(() => clearInterval(kicking));
  await eventually(() => receiver.connections >= 3);
  const before = receiver.connections;
  await delay(2_000);
  // Without the longer delays there would be some 40, at 25 ms each on the average.
  expect(receiver.connections - before).toBeLessThan(15);
  clearInterval(kicking);
  fixture.client.retry();
  await stateIs(fixture, 'connected');
});
