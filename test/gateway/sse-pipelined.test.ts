/** Requests that come before the one in front of them is answered, as HTTP/1.1 allows. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AwakeCore } from '../core/awake-core.ts';
import { GatewayFixture, tokenFor } from './gateway-fixture.ts';

let core: AwakeCore;
let gateway: GatewayFixture;
beforeEach(async () => {
  core = await AwakeCore.start();
  gateway = new GatewayFixture();
  await gateway.create({ controlSocket: core.socketPath }).start();
});
afterEach(async () => {
  await gateway.close();
  await core.dispose();
});

/** What is answered to all of them, sent in one piece. */
async function pipelined(requests: readonly string[]): Promise<string> {
  const socket = connect(gateway.port, '127.0.0.1');
  let answer = '';
  socket.on('data', (data) => {
    answer += String(data);
  });
  socket.end(requests.join(''));
  await once(socket, 'close');
  return answer;
}

const streamOf = (headers: string): string =>
  `GET /events?type=job&id=1 HTTP/1.1\r\nHost: here\r\n${headers}\r\n`;

const connections = async (): Promise<number> =>
  (await core.get('/v1/status')).body.subscribers.connections;

describe('requests of the stream in a row on one socket', () => {
  it('leave nothing behind where no token came, and are answered once', async () => {
    const answer = await pipelined(Array.from({ length: 100 }, () => streamOf('')));
    expect(answer.match(/HTTP\/1\.1 401 /g)).toHaveLength(1);
    await expect.poll(connections, { timeout: 20_000 }).toBe(0);
  });

  it('do not count as connections of their user when the socket is gone', async () => {
    const asked = streamOf(`Authorization: Bearer ${tokenFor('ada')}\r\n`);
    await pipelined([asked, asked, asked]);
    await expect.poll(connections, { timeout: 20_000 }).toBe(0);
  });
});
