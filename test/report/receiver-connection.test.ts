import { expect, onTestFinished, test } from 'vitest';
import { parseReceiver } from '../../src/report/receiver-address.ts';
import { openConnection } from '../../src/report/receiver-connection.ts';
import { taskArguments } from '../../src/report/task-message.ts';
import {
  createReceiver,
  eventually,
  openHandles,
  restingHandles,
  SETTINGS,
} from './client-fixture.ts';
import { endedJob } from './memory-source.ts';
import type { Receiver } from './receiver.ts';

const ARGS = taskArguments(endedJob(1), SETTINGS);

async function open(receiver: Receiver, signal = new AbortController().signal) {
  const connection = await openConnection(
    {
      address: parseReceiver(receiver.url, {}),
      path: '/socket.io',
      event: 'task',
      auth: {},
      timeoutMs: 5_000,
      onError: () => {},
    },
    signal,
  );
  onTestFinished(() => connection.close(0));
  return connection;
}

test('what was emitted is taken once the receiver has it', async () => {
  const receiver = await createReceiver();
  await receiver.up();
  const connection = await open(receiver);
  connection.emit(ARGS);
  expect(await connection.taken(5_000)).toBe(true);
  expect(receiver.ids).toEqual(['e1']);
});

test('nothing is taken by a connection that is over', async () => {
  const receiver = await createReceiver();
  await receiver.up();
  const connection = await open(receiver);
  connection.emit(ARGS);
  const taken = connection.taken(60_000);
  await receiver.down();
  expect(await taken).toBe(false);
  expect(await connection.taken(60_000)).toBe(false);
  expect(connection.reason).toMatch(/^transport (close|error)$/);
});

test('a ping that expired unnoticed buffers nothing and keeps no timer', async () => {
  const receiver = await createReceiver({ server: { pingInterval: 20, pingTimeout: 20 } });
  const before = await restingHandles();
  await receiver.up();
  const connection = await open(receiver);
  // Only a blocked event loop notices too late: that is the very case.
  const untilMono = performance.now() + 100;
  while (performance.now() < untilMono);
  let acknowledged = 0;
  connection.emit(ARGS, { acknowledged: () => (acknowledged += 1), memoryMs: 600_000 });
  await eventually(() => connection.closed.aborted);
  await connection.close(0);
  await receiver.down();
  await eventually(() => openHandles().length <= before.length);
  expect(acknowledged).toBe(0);
});

test('an attempt that is told to stop rejects at once and leaves no socket', async () => {
  const receiver = await createReceiver({ admit: () => new Promise(() => {}) });
  await receiver.up();
  const stop = new AbortController();
  const opening = open(receiver, stop.signal);
  await eventually(() => receiver.openSockets === 1);
  stop.abort();
  await expect(opening).rejects.toThrow('stopped');
  await eventually(() => receiver.openSockets === 0);
  await expect(open(receiver, stop.signal)).rejects.toThrow();
});
