import { describe, expect, test } from 'vitest';
import { CursorKeeper } from '../../src/report/cursor-keeper.ts';
import { Delivery, type DeliveryConnection } from '../../src/report/delivery.ts';
import { SendWindow } from '../../src/report/send-window.ts';
import {
  createReceiver,
  cursorAt,
  eventually,
  idsUpTo,
  SETTINGS,
  shown,
  startClient,
} from './client-fixture.ts';
import { MemorySource } from './memory-source.ts';

describe('a receiver that does not acknowledge', () => {
  test('makes auto fall back with one warning, and loses nothing', async () => {
    const receiver = await createReceiver({ onReport: () => {} });
    await receiver.up();
    const fixture = await startClient(receiver, { acknowledgeTimeout: 100 });
    fixture.source.addEnds(300);
    await cursorAt(fixture, 300);
    fixture.source.addEnds(10);
    await cursorAt(fixture, 310);
    expect(receiver.ids).toEqual(idsUpTo(310));
    expect((await fixture.client.status()).acknowledge).toBe('off');
    const warnings = fixture.lines.filter((line) => line.level === 40);
    expect(warnings.map((line) => line.msg)).toEqual([
      'the receiver acknowledges nothing: reports count as delivered once its transport has them',
    ]);
  });

  test('and is restarted in the middle still gets everything, in order', async () => {
    const receiver = await createReceiver({ onReport: () => {} });
    await receiver.up();
    const fixture = await startClient(receiver, { acknowledgeTimeout: 100 });
    fixture.source.addEnds(500);
    for (const count of [150, 300, 450]) {
      await receiver.until(() => receiver.uniqueIds.length >= count);
      await receiver.down();
      await receiver.up();
    }
    await cursorAt(fixture, 500);
    expect(receiver.uniqueIds).toEqual(idsUpTo(500));
  });

  test('is required again as soon as it acknowledges one', async () => {
    const receiver = await createReceiver({ onReport: () => {} });
    await receiver.up();
    const fixture = await startClient(receiver, { acknowledgeTimeout: 50 });
    fixture.source.addEnds(1);
    await cursorAt(fixture, 1);
    receiver.change({ onReport: (ack) => ack?.() });
    fixture.source.addEnds(1);
    await eventually(async () => (await fixture.client.status()).acknowledge === 'required');
  });

  test('one report at first is sent it again after taskDelayOnError', async () => {
    let dropped = 0;
    const receiver = await createReceiver({
      onReport: (ack) => {
        if (dropped++ > 0) ack?.();
      },
    });
    await receiver.up();
    const fixture = await startClient(receiver, {
      acknowledge: 'required',
      acknowledgeTimeout: 50,
      taskDelayOnError: 30,
    });
    fixture.source.addEnds(3);
    await cursorAt(fixture, 3);
    expect(receiver.ids).toEqual(['e1', 'e2', 'e3', 'e1']);
    expect(shown(fixture, 'error')).toEqual([
      expect.objectContaining({
        level: 40,
        count: 1,
        reason: 'report e1 was not acknowledged within 50 ms',
      }),
    ]);
  });

  test('one report in time gets nothing new before that one again', async () => {
    let dropped = 0;
    const receiver = await createReceiver({
      onReport: (ack) => {
        if (dropped++ > 0) ack?.();
      },
    });
    await receiver.up();
    const fixture = await startClient(receiver, {
      acknowledge: 'required',
      acknowledgeTimeout: 30,
      taskDelayOnError: 200,
    });
    fixture.source.addEnds(1);
    await eventually(() => shown(fixture, 'error').length === 1);
    fixture.source.addEnds(1);
    await cursorAt(fixture, 2);
    expect(receiver.ids).toEqual(['e1', 'e1', 'e2']);
  });

  test('does not make auto fall back once it has acknowledged', async () => {
    let silent = false;
    const receiver = await createReceiver({
      onReport: (ack) => {
        if (!silent) ack?.();
      },
    });
    await receiver.up();
    const fixture = await startClient(receiver, { acknowledgeTimeout: 40, taskDelayOnError: 10 });
    fixture.source.addEnds(1);
    await cursorAt(fixture, 1);
    silent = true;
    fixture.source.addEnds(1);
    await receiver.until(() => receiver.ids.filter((id) => id === 'e2').length >= 3);
    expect(await fixture.source.cursor()).toBe('1');
    silent = false;
    await cursorAt(fixture, 2);
  });

  test('in time but late is heard', async () => {
    const receiver = await createReceiver({
      onReport: (ack) => {
        setTimeout(() => ack?.(), 150);
      },
    });
    await receiver.up();
    const fixture = await startClient(receiver, {
      acknowledge: 'required',
      acknowledgeTimeout: 50,
      taskDelayOnError: 30,
    });
    fixture.source.addEnds(5);
    await cursorAt(fixture, 5);
    expect(receiver.uniqueIds).toEqual(idsUpTo(5));
  });

  test('is believed by its transport with acknowledge = off, and not asked', async () => {
    const asked: boolean[] = [];
    const receiver = await createReceiver({ onReport: (ack) => asked.push(ack !== undefined) });
    await receiver.up();
    const fixture = await startClient(receiver, { acknowledge: 'off' });
    fixture.source.addEnds(200);
    await cursorAt(fixture, 200);
    await receiver.until(() => receiver.received.length === 200);
    expect(asked).not.toContain(true);
  });

  test('and answers no ping either is left, and nothing counts as delivered', async () => {
    const receiver = await createReceiver();
    await receiver.up();
    const fixture = await startClient(receiver, { acknowledge: 'off', acknowledgeTimeout: 100 });
    await receiver.until(() => receiver.connections === 1);
    receiver.hang();
    fixture.source.addEnds(1);
    await eventually(() => shown(fixture, 'disconnect').length === 1);
    expect(shown(fixture, 'disconnect')[0]).toMatchObject({ reason: 'no answer to a ping' });
    await cursorAt(fixture, 1);
    expect(receiver.connections).toBe(2);
  });
});

describe('a log that fails', () => {
  test('to be read is an error event, and is read again', async () => {
    const receiver = await createReceiver();
    await receiver.up();
    const source = new MemorySource();
    source.failReads = 2;
    source.addEnds(2);
    const fixture = await startClient(receiver, { taskDelayOnError: 5 }, source);
    await cursorAt(fixture, 2);
    expect((await fixture.client.status()).counts.error).toBe(2);
    expect(shown(fixture, 'error')).toHaveLength(1);
  });

  test('to move the cursor is an error event, and is moved later', async () => {
    const receiver = await createReceiver();
    await receiver.up();
    const source = new MemorySource();
    source.failAdvances = 1;
    source.addEnds(2);
    const fixture = await startClient(receiver, { taskDelayOnError: 5 }, source);
    await cursorAt(fixture, 2);
    expect((await fixture.client.status()).counts.error).toBe(1);
    expect(receiver.ids).toEqual(idsUpTo(2));
  });

  test('to hold anything but other rows is passed without a report', async () => {
    const receiver = await createReceiver();
    await receiver.up();
    const source = new MemorySource();
    source.addOther(500);
    source.addEnds(1);
    source.addOther(3);
    const fixture = await startClient(receiver, {}, source);
    await receiver.until(() => receiver.received.length === 1);
    await cursorAt(fixture, 504);
    source.addOther(2);
    await eventually(() => source.lookedAt === 506);
    await fixture.stop();
    expect(await source.cursor()).toBe('506');
  });
});

test('an acknowledgement on the way to the pong makes the rest of the batch wait for its own', async () => {
  // Which of the two comes first on a real wire is chance, so the connection is a script.
  const asked = new Map<string, () => void>();
  const emitted: { readonly id: string; readonly memoryMs: number | undefined }[] = [];
  const closing = new AbortController();
  let pong = (_taken: boolean) => {};
  const connection: DeliveryConnection = {
    closed: closing.signal,
    emit: ([message], ack) => {
      const id = message.payload.eventId;
      emitted.push({ id, memoryMs: ack?.memoryMs });
      if (ack) asked.set(id, ack.acknowledged);
    },
    taken: () => new Promise((resolve) => (pong = resolve)),
  };
  const source = new MemorySource();
  source.addEnds(2);
  const reported: string[] = [];
  const now = () => performance.now();
  const delivery = new Delivery(connection, {
    settings: { ...SETTINGS, acknowledgeTimeout: 30, taskDelayOnError: 10 },
    source,
    window: new SendWindow('0'),
    cursor: new CursorKeeper('0', { source, now, delayOnErrorMs: 1, onError: () => {} }),
    memory: { mode: 'fallen-back' },
    observer: {
      reported: (end) => reported.push(end.eventId),
      failed: () => {},
      modeChanged: () => {},
    },
    now,
  });
  const running = delivery.run();
  await eventually(() => asked.size === 2);
  asked.get('e2')?.();
  pong(true);
  await new Promise((resolve) => setImmediate(resolve));
  expect(reported).toEqual(['e2']);
  // While fallen back, one acknowledgement at a time is remembered long: each costs memory.
  expect(emitted).toEqual([
    { id: 'e1', memoryMs: 400 },
    { id: 'e2', memoryMs: 1_000 },
  ]);
  await eventually(() => emitted.length === 3);
  expect(emitted[2]?.id).toBe('e1');
  asked.get('e1')?.();
  await eventually(async () => (await source.cursor()) === '2');
  closing.abort();
  await running;
});
