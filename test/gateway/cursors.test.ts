/** Acknowledgements on their way to a core: few requests, the newest position, none forgotten. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ControlHttp } from '../../src/client/control-http.ts';
import { CursorMoves } from '../../src/gateway/cursors.ts';
import type { CursorMove } from '../../src/protocol/history.ts';

const EVERY_MS = 50;
const ada = (name: string) => ({ user: 'ada', name });

let server: Server;
let http: ControlHttp;
let moves: CursorMoves;
let status: number;
const asked: (readonly CursorMove[])[] = [];
beforeEach(async () => {
  asked.length = 0;
  status = 200;
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    asked.push(JSON.parse(Buffer.concat(chunks).toString()).moves);
    response.writeHead(status).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  http = new ControlHttp({ url: `http://127.0.0.1:${port}`, token: 'x' }, 0);
  moves = new CursorMoves(http, pino({ level: 'silent' }), EVERY_MS);
});
afterEach(async () => {
  await moves.stop(20_000);
  http.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

it('takes the newest of each cursor at once', async () => {
  for (const seq of ['1', '3', '2', '10', '9']) moves.note(ada('phone'), seq);
  moves.note(ada('desk'), '4');
  await expect.poll(() => asked.length, { timeout: 20_000 }).toBe(1);
  expect(asked[0]).toEqual([
    { user: 'ada', name: 'phone', seq: '10' },
    { user: 'ada', name: 'desk', seq: '4' },
  ]);
});

it('tries again what could not be taken, unless there is a newer one', async () => {
  status = 503;
  moves.note(ada('phone'), '1');
  moves.note(ada('desk'), '1');
  await expect.poll(() => asked.length, { timeout: 20_000 }).toBe(1);
  status = 200;
  moves.note(ada('phone'), '2');
  await expect
    .poll(() => asked.slice(1).flat(), { timeout: 20_000 })
    .toEqual(
      expect.arrayContaining([
        { user: 'ada', name: 'phone', seq: '2' },
        { user: 'ada', name: 'desk', seq: '1' },
      ]),
    );
});

it('has taken them when a client comes back, and when it stops', async () => {
  const slow = new CursorMoves(http, pino({ level: 'silent' }), 3_600_000);
  slow.note(ada('phone'), '1');
  await slow.settle(ada('desk'));
  expect(asked).toEqual([]);
  await slow.settle(ada('phone'));
  expect(asked).toEqual([[{ user: 'ada', name: 'phone', seq: '1' }]]);
  slow.note(ada('phone'), '2');
  await slow.stop(20_000);
  expect(asked[1]).toEqual([{ user: 'ada', name: 'phone', seq: '2' }]);
});

it('does not wait at the stop for a core that says nothing', async () => {
  const call = () => new Promise<never>(() => {});
  const unheard = new CursorMoves({ call }, pino({ level: 'silent' }));
  unheard.note(ada('phone'), '1');
  await unheard.stop(1);
});
