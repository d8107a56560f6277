import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  createFixture,
  createReceiver,
  cursorAt,
  eventually,
  idsUpTo,
  shown,
  startClient,
  stateIs,
} from './client-fixture.ts';

async function createDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'taskbell-report-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

describe('reaching the receiver', () => {
  test('at a path of its own, with an event and a user as it expects them', async () => {
    const receiver = await createReceiver({ path: '/api/v1/org-socket' });
    await receiver.up();
    const fixture = await startClient(receiver, {
      path: '/api/v1/org-socket',
      event: 'taskEnded',
      userArgument: 'merged',
    });
    fixture.source.addEnds(1);
    await cursorAt(fixture, 1);
    expect(receiver.received[0]).toMatchObject({
      event: 'taskEnded',
      args: [{ success: true, message: 'Task Finish', userId: 'user-1' }],
    });
    expect(receiver.received[0]?.args).toHaveLength(1);
  });

  test('in a namespace, which is the path of the url', async () => {
    const receiver = await createReceiver({ namespace: '/org' });
    await receiver.up();
    const fixture = await startClient(receiver);
    fixture.source.addEnds(2);
    await cursorAt(fixture, 2);
    expect(receiver.ids).toEqual(idsUpTo(2));
    expect((await fixture.client.status()).url).toBe(receiver.url);
  });

  test('with query and auth, and neither shown in status or log', async () => {
    const receiver = await createReceiver();
    await receiver.up();
    const fixture = await startClient(receiver, {
      url: `${receiver.url}?key=secret-1`,
      query: { tenant: 'secret-2' },
      auth: { token: 'secret-3' },
    });
    await stateIs(fixture, 'connected');
    const { query, auth } = receiver.lastSocket?.handshake ?? {};
    expect(query).toMatchObject({ key: 'secret-1', tenant: 'secret-2' });
    expect(auth).toEqual({ token: 'secret-3' });
    receiver.kick();
    await receiver.down();
    await eventually(() => shown(fixture, 'connect_error').length > 0);
    expect(JSON.stringify([fixture.lines, await fixture.client.status()])).not.toContain('secret');
  });

  test('through long polling where WebSockets are refused', async () => {
    const receiver = await createReceiver({ server: { transports: ['polling'] } });
    await receiver.up();
    for (const acknowledge of ['required', 'off'] as const) {
      const fixture = await startClient(receiver, { acknowledge });
      fixture.source.addEnds(100);
      await cursorAt(fixture, 100);
      await fixture.stop();
    }
    await receiver.until(() => receiver.received.length === 200);
    expect(receiver.ids).toEqual([...idsUpTo(100), ...idsUpTo(100)]);
  });
});

describe('a token from a file', () => {
  test('is read again at each connection, and its white space is not part of it', async () => {
    const tokenFile = join(await createDirectory(), 'token');
    await writeFile(tokenFile, '  first\n');
    const receiver = await createReceiver();
    await receiver.up();
    const fixture = await startClient(receiver, { tokenFile, auth: { tenant: 'a' } });
    await stateIs(fixture, 'connected');
    expect(receiver.lastSocket?.handshake.auth).toEqual({ tenant: 'a', token: 'first' });
    await writeFile(tokenFile, 'second\n');
    receiver.kick();
    await receiver.until(() => receiver.connections === 2);
    expect(receiver.lastSocket?.handshake.auth).toEqual({ tenant: 'a', token: 'second' });
  });

  test('that cannot be read is a connect_error that names it, until it can', async () => {
    const tokenFile = join(await createDirectory(), 'token');
    const receiver = await createReceiver();
    await receiver.up();
    const fixture = await startClient(receiver, { tokenFile });
    await eventually(() => shown(fixture, 'connect_error').length === 1);
    expect((await fixture.client.status()).lastError).toMatch(/^\[webSocket\] tokenFile: ENOENT/);
    await writeFile(tokenFile, 'here');
    await stateIs(fixture, 'connected');
  });
});

describe('a receiver that cannot be reached', () => {
  test('because it refuses the connection, says why, and is tried again', async () => {
    let welcome = false;
    const receiver = await createReceiver({
      admit: () => {
        if (!welcome) throw new Error('who are you?');
      },
    });
    await receiver.up();
    const fixture = await startClient(receiver);
    await eventually(async () => ((await fixture.client.status()).counts.connect_error ?? 0) > 2);
    expect((await fixture.client.status()).lastError).toBe('who are you?');
    welcome = true;
    await stateIs(fixture, 'connected');
    expect((await fixture.client.status()).lastError).toBeNull();
  });

  test('because it never answers the namespace, is given up after the timeout', async () => {
    const receiver = await createReceiver({ admit: () => new Promise(() => {}) });
    await receiver.up();
    const fixture = await startClient(receiver, { timeout: 100 });
    await eventually(() => shown(fixture, 'connect_error').length === 1);
    expect(shown(fixture, 'connect_error')[0]).toMatchObject({ reason: 'no answer within 100 ms' });
    await eventually(() => receiver.openSockets <= 1);
  });

  test('because the path is another, says the HTTP status', async () => {
    const receiver = await createReceiver({ path: '/right' });
    await receiver.up();
    const fixture = await startClient(receiver, { path: '/wrong' });
    await eventually(() => shown(fixture, 'connect_error').length === 1);
    expect(shown(fixture, 'connect_error')[0]).toMatchObject({ reason: 'HTTP status 404' });
  });
});

describe('settings that cannot work', () => {
  test('stop the start with a configuration error', async () => {
    await expect(createFixture({ url: 'nonsense' }).client.start()).rejects.toMatchObject({
      code: 'E_CONFIG',
    });
    const reserved = createFixture({ url: 'http://127.0.0.1:9', event: 'connect' });
    await expect(reserved.client.start()).rejects.toMatchObject({ code: 'E_CONFIG' });
  });

  test('no url is the state off: nothing runs, nothing is pending', async () => {
    const fixture = createFixture({ url: null });
    await fixture.client.start();
    fixture.source.addEnds(5);
    expect(await fixture.client.status()).toMatchObject({ state: 'off', url: null, pending: 0 });
    fixture.client.retry();
    await fixture.stop();
    expect(fixture.source.reads).toBe(0);
    expect((await fixture.client.status()).state).toBe('off');
  });
});
