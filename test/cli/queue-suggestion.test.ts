import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControlServer } from '../client/control-server.ts';
import { runCommand } from './run-command.ts';

let server: ControlServer;

beforeEach(async () => {
  server = await ControlServer.create();
  server.routes.set('GET /v1/queues', () => ({ queues: [{ name: 'default' }, { name: 'mail' }] }));
  for (const verb of ['pause', 'drain']) {
    server.routes.set(`POST /v1/queues/:name/${verb}`, () => ({ name: 'x', jobs: {} }));
  }
});

afterEach(() => server.dispose());

const run = (...argv: readonly string[]) =>
  runCommand([...argv, '--socket', server.socketPath], { cwd: server.directory });

test.each(['pause', 'drain'])(
  'queue %s of a misspelt name says which one it looks like',
  async (verb) => {
    const { exitCode, stderr } = await run('queue', verb, 'mial');
    expect(exitCode).toBe(0);
    expect(stderr).toBe('the queue mial was not in use until now; did you mean mail?\n');
  },
);

test('a queue that is known, or like no other, is paused without a word', async () => {
  expect((await run('queue', 'pause', 'mail')).stderr).toBe('');
  expect((await run('queue', 'pause', 'reports')).stderr).toBe('');
});

test('a daemon that cannot tell its queues pauses one all the same', async () => {
  server.routes.delete('GET /v1/queues');
  const { exitCode, stderr } = await run('queue', 'pause', 'mial');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
});
