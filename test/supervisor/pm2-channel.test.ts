/** A parent with an IPC channel, as pm2 is one, and a service below it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const FIXTURE = fileURLToPath(new URL('./fixtures/service.mjs', import.meta.url));

let directory: string;
let service: ChildProcess;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'taskbell-channel-'));
  service = fork(FIXTURE, ['up', '{}'], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: { ...process.env, STATE_DIRECTORY: directory },
  });
});

afterEach(async () => {
  if (service.exitCode === null && service.signalCode === null) {
    service.kill('SIGKILL');
    await once(service, 'exit');
  }
  rmSync(directory, { recursive: true, force: true });
});

test('the parent is told that the service is ready, and ends it with the message shutdown', async () => {
  const [message] = await once(service, 'message');
  expect(message).toBe('ready');
  const ended = once(service, 'exit');
  service.send({ shutdown: true });
  service.send('nothing that is known');
  service.send('shutdown');
  // The open channel does not keep it.
  expect(await ended).toEqual([0, null]);
});

test('a parent that hangs up does not end the service', async () => {
  await once(service, 'message');
  service.disconnect();
  const ended = once(service, 'exit');
  service.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});
