import { describe, expect, test } from 'vitest';
import {
  createReceiver,
  cursorAt,
  eventually,
  idsUpTo,
  shown,
  startClient,
} from './client-fixture.ts';

describe('a receiver that acknowledges', () => {
  test('gets the fixed message and the user, once and in order', async () => {
    const receiver = await createReceiver();
    await receiver.up();
    const fixture = await startClient(receiver);
    fixture.source.addEnds(200);
    await cursorAt(fixture, 200);
    expect(receiver.ids).toEqual(idsUpTo(200));
    expect(receiver.received[0]).toMatchObject({
      event: 'task',
      args: [{ success: true, message: 'Task Finish' }, { userId: 'user-1' }],
    });
  });

  test('makes auto required, and the status says how much was reported', async () => {
    const receiver = await createReceiver();
    await receiver.up();
    const fixture = await startClient(receiver);
    fixture.source.addEnds(3);
    await cursorAt(fixture, 3);
    expect(await fixture.client.status()).toMatchObject({
      state: 'connected',
      url: receiver.url,
      pending: 0,
      cursor: '3',
      acknowledge: 'required',
      reported: 3,
      lastError: null,
      counts: { connect: 1, disconnect: 0, error: 0, connect_error: 0, reconnect_failed: 0 },
    });
  });

  test('may acknowledge with anything, even an error', async () => {
    const receiver = await createReceiver({
      onReport: (ack) => ack?.(new Error('no'), { status: 500 }, null),
    });
    await receiver.up();
    const fixture = await startClient(receiver, { acknowledge: 'required' });
    fixture.source.addEnds(5);
    await cursorAt(fixture, 5);
    expect(receiver.ids).toEqual(idsUpTo(5));
  });

  test('may acknowledge twice', async () => {
    let packet = 0;
    const receiver = await createReceiver({
      onReport: (ack, _received, socket) => {
        ack?.();
        // The library refuses to acknowledge twice; the wire does not. Ids count up from 0.
        socket.conn.write(`3${packet++}["again"]`);
      },
    });
    await receiver.up();
    const fixture = await startClient(receiver, { acknowledge: 'required' });
    fixture.source.addEnds(150);
    await cursorAt(fixture, 150);
    expect(receiver.ids).toEqual(idsUpTo(150));
    expect((await fixture.client.status()).reported).toBe(150);
  });

  test('may acknowledge out of order: the cursor waits for the first gap', async () => {
    const acks: (() => void)[] = [];
    const receiver = await createReceiver({ onReport: (ack) => acks.push(() => ack?.()) });
    await receiver.up();
    const fixture = await startClient(receiver, { acknowledge: 'required' });
    fixture.source.addEnds(3);
    await receiver.until(() => acks.length === 3);
    acks[2]?.();
    acks[1]?.();
    await eventually(async () => (await fixture.client.status()).reported === 2);
    expect(await fixture.source.cursor()).toBe('0');
    acks[0]?.();
    await cursorAt(fixture, 3);
  });

  test('is never sent more than 64 reports ahead of its acknowledgements', async () => {
    const acks: (() => void)[] = [];
    const receiver = await createReceiver({ onReport: (ack) => acks.push(() => ack?.()) });
    await receiver.up();
    const fixture = await startClient(receiver, { acknowledge: 'required' });
    fixture.source.addEnds(200);
    await receiver.until(() => acks.length === 64);
    expect(fixture.source.handedOut).toBe(64);
    for (let n = 0; n < 200; n += 1) {
      await receiver.until(() => acks.length > n);
      expect(acks.length - n).toBeLessThanOrEqual(64);
      acks[n]?.();
    }
    await cursorAt(fixture, 200);
  });

  test('costs fewer cursor writes than reports when they come in bursts', async () => {
    const receiver = await createReceiver();
    await receiver.up();
    const fixture = await startClient(receiver);
    fixture.source.addEnds(1_000);
    await cursorAt(fixture, 1_000);
    expect(fixture.source.advances.length).toBeLessThan(500);
    expect(fixture.source.reads).toBeLessThan(100);
  });
});

describe('a receiver that is away', () => {
  test('at the start gets everything when it comes', async () => {
    const receiver = await createReceiver();
    const fixture = await startClient(receiver);
    fixture.source.addEnds(100);
    await eventually(() => shown(fixture, 'connect_error').length === 1);
    await receiver.up();
    await cursorAt(fixture, 100);
    expect(receiver.ids).toEqual(idsUpTo(100));
  });

  test('and comes back in the middle of 500 reports misses none and sees them in order', async () => {
    const receiver = await createReceiver();
    await receiver.up();
    const fixture = await startClient(receiver);
    fixture.source.addEnds(500);
    for (const count of [100, 250, 400]) {
      await receiver.until(() => receiver.uniqueIds.length >= count);
      await receiver.down();
      await receiver.up();
    }
    await cursorAt(fixture, 500);
    expect(receiver.uniqueIds).toEqual(idsUpTo(500));
    // Each restart repeats at most what was unacknowledged.
    expect(receiver.ids.length - 500).toBeLessThanOrEqual(3 * 64);
    expect(shown(fixture, 'reconnect')).toHaveLength(3);
    // Each is news, for things were well in between.
    expect(shown(fixture, 'disconnect').map((line) => line.level)).toEqual([40, 40, 40]);
    expect(shown(fixture, 'reconnect')[0]).toMatchObject({ moment: 'reconnection', count: 1 });
  });

  test('and flaps 100 times while 300 reports flow misses none and sees them in order', async () => {
    const receiver = await createReceiver();
    await receiver.up();
    const fixture = await startClient(receiver, { reconnectionDelay: 5 });
    for (let flap = 1; flap <= 100; flap += 1) {
      fixture.source.addEnds(3);
      await receiver.until(() => receiver.connections >= flap, `connection ${flap}`);
      receiver.kick();
    }
    await cursorAt(fixture, 300);
    expect(receiver.uniqueIds).toEqual(idsUpTo(300));
    expect((await fixture.client.status()).counts.disconnect).toBeGreaterThanOrEqual(100);
  });

  test('costs no memory: with 100,000 ends waiting nothing is read', async () => {
    const receiver = await createReceiver();
    const fixture = await startClient(receiver);
    fixture.source.addEnds(100_000);
    await eventually(async () => ((await fixture.client.status()).counts.connect_error ?? 0) > 5);
    expect(fixture.source.handedOut).toBe(0);
    expect((await fixture.client.status()).pending).toBe(100_000);
  });

  test('after a page was emitted costs that page and no more', async () => {
    const receiver = await createReceiver({ onReport: () => {} });
    await receiver.up();
    const fixture = await startClient(receiver, { acknowledge: 'required' });
    fixture.source.addEnds(100_000);
    await receiver.until(() => receiver.received.length === 64);
    await receiver.down();
    await eventually(async () => ((await fixture.client.status()).counts.connect_error ?? 0) > 5);
    expect(fixture.source.handedOut).toBe(64);
  });

  test('gets again, with the same eventIds, only what it had not acknowledged', async () => {
    const receiver = await createReceiver({
      onReport: (ack, { eventId }) => {
        if (eventId !== 'e2') ack?.();
      },
    });
    await receiver.up();
    const fixture = await startClient(receiver, { acknowledge: 'required' });
    fixture.source.addEnds(3);
    await eventually(async () => (await fixture.client.status()).reported === 2);
    receiver.change({ onReport: (ack) => ack?.() });
    receiver.kick();
    await cursorAt(fixture, 3);
    expect(receiver.ids).toEqual(['e1', 'e2', 'e3', 'e2']);
  });

  test('is a warning once, with its counts, and not once per attempt', async () => {
    const receiver = await createReceiver();
    const fixture = await startClient(receiver);
    await eventually(async () => ((await fixture.client.status()).counts.reconnect_error ?? 0) > 5);
    expect(shown(fixture, 'connect_error')).toEqual([
      expect.objectContaining({ level: 40, count: 1, component: 'report' }),
    ]);
    expect(shown(fixture, 'reconnect_error')).toHaveLength(1);
    expect((await fixture.client.status()).lastError).toContain('ECONNREFUSED');
    const repeats = fixture.lines.filter((line) => line.event === 'connect_error');
    expect(repeats.map((line) => line.count)).toEqual(repeats.map((_, n) => n + 1));
  });
});
