/** A follower over TCP whose network goes silent without closing anything. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LogFollower } from '../../src/client/log-follower.ts';
import { deadlineIn } from '../../src/process/service.ts';
import { ControlServer } from './control-server.ts';
import { eventually } from './eventually.ts';

let core: ControlServer;
let relay: Server;
let follower: LogFollower;
/** Both ends of every connection of the relay. */
const wires: Socket[] = [];
const event = (id: string) => ({ type: 'issueUpdate', id, data: [] });

beforeEach(async () => {
  core = await ControlServer.create();
  relay = createServer((near) => {
    const far = connect(core.socketPath);
    for (const wire of [near, far]) wire.on('error', () => undefined);
    near.pipe(far).pipe(near);
    wires.push(near, far);
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  await follower.stop(deadlineIn(1_000));
  for (const wire of wires.splice(0)) wire.destroy();
  await new Promise((resolve) => relay.close(resolve));
  await core.dispose();
});

test('gives a connection up that answers no ping, and goes on where it stood', async () => {
  const { port } = relay.address() as AddressInfo;
  const seen: string[] = [];
  const errors: (string | undefined)[] = [];
  follower = new LogFollower({
    address: { url: `http://127.0.0.1:${port}`, token: 'any' },
    events: [{ type: '*', id: '*' }],
    onEvent: ({ seq }) => void seen.push(seq),
    onState: (_state, { error }) => void errors.push(error?.message),
    pingEveryMs: 200,
  });
  await follower.start();
  core.append(event('a'));
  await eventually(() => seen.length === 1);
  // As if somebody had pulled the cable: nothing is closed, and nothing passes.
  for (const wire of wires) wire.unpipe().pause();
  core.append(event('b'));
  core.append(event('a'));
  await eventually(() => seen.length === 3);
  expect(seen).toEqual(['1', '2', '3']);
  expect(errors).toContain('the daemon does not answer pings');
});
