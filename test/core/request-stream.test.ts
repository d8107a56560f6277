import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { created, ok, type Route } from '../../src/api/route.ts';
import { ControlServer, type ControlServerParts } from '../../src/core/control-server.ts';
import { deadlineIn } from '../../src/process/service.ts';
import { TaskbellError } from '../../src/protocol/errors.ts';
import type { AnswerFrame, RequestFrame } from '../../src/protocol/requests.ts';
import { freePort } from '../e2e/free-port.ts';
import { answerOf } from './awake-core.ts';

/** What a request may carry: see docs/protocol.md. */
const MAX_BODY_BYTES = 32 * 1_048_576;
/** Requests of one connection that are worked on at once: see docs/protocol.md. */
const MAX_HELD = 256;
const TOKEN = 'token-of-the-test';
const PATIENT = { timeout: 20_000 };

let directory: string;
let socketPath: string;
let server: ControlServer;
/** Handlers of /gate that wait, and what lets them go. */
let waiting: (() => void)[];
let aborts: number;
const logged: string[] = [];
const sockets: WebSocket[] = [];

const ROUTES: readonly Route[] = [
  { method: 'POST', path: '/v1/things', handle: async ({ json }) => created(await json()) },
  { method: 'DELETE', path: '/v1/things/:id', handle: async () => ({ status: 204 }) },
  {
    method: 'GET',
    path: '/v1/things/:id',
    handle: async ({ params, query, idempotencyKey }) =>
      ok({ ...params, query: Object.fromEntries(query), key: idempotencyKey ?? null }),
  },
  {
    method: 'GET',
    path: '/broken',
    handle: async () => {
      throw new Error('the secret reason');
    },
  },
  {
    method: 'GET',
    path: '/refused',
    handle: async () => {
      throw new TaskbellError('E_CONFLICT', 'It is taken.', { hint: 'Take another.' });
    },
  },
  {
    method: 'POST',
    path: '/gate',
    handle: ({ signal }) =>
      new Promise((resolve) => {
        waiting.push(() => resolve(ok('through')));
        signal.addEventListener('abort', () => {
          aborts += 1;
        });
      }),
  },
];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'taskbell-requests-'));
  socketPath = path.join(directory, 'control.sock');
  waiting = [];
  aborts = 0;
  logged.length = 0;
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await server.stop(deadlineIn(1_000));
  rmSync(directory, { recursive: true });
});

async function start(over: Partial<ControlServerParts> = {}): Promise<void> {
  server = new ControlServer({
    ...{ socketPath, tcp: null, routes: ROUTES, streams: [], ownFrames: true },
    log: pino({ level: 'debug' }, { write: (line) => void logged.push(line) }),
    ...over,
  });
  await server.start();
}

/** A program that asks by frames. */
class Asker {
  readonly socket: WebSocket;
  readonly answers: AnswerFrame[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(socket: WebSocket) {
    this.socket = socket;
    sockets.push(socket);
    socket.on('message', (data) => this.answers.push(JSON.parse(String(data))));
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  static async open(): Promise<Asker> {
    const asker = new Asker(new WebSocket(`ws+unix:${socketPath}:/v1/requests`));
    await opened(asker.socket);
    return asker;
  }

  send(frame: RequestFrame): void {
    this.socket.send(JSON.stringify(frame));
  }

  async ask(frame: RequestFrame): Promise<AnswerFrame> {
    this.send(frame);
    return this.answerTo(frame.rid);
  }

  async answerTo(rid: number): Promise<AnswerFrame> {
    await expect.poll(() => this.answers.some((one) => one.rid === rid), PATIENT).toBe(true);
    return this.answers.find((one) => one.rid === rid) as AnswerFrame;
  }
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
}

/** A question over HTTP that is answered: what was sent before it has arrived. */
async function overHttp(): Promise<void> {
  const asking = request({ socketPath, path: '/v1/things/1' });
  asking.end();
  expect((await answerOf(asking)).status).toBe(200);
}

describe.each([
  ['as frames of our own', true],
  ['by the library', false],
])('answers %s', (_how, ownFrames) => {
  let asker: Asker;
  beforeEach(async () => {
    await start({ ownFrames });
    asker = await Asker.open();
  });

  it('say what the route said, under the number of the request', async () => {
    const body = { ä: ['🔔', null, 1.5] };
    expect(await asker.ask({ rid: 7, method: 'POST', path: '/v1/things', body })).toEqual({
      ...{ rid: 7, status: 201, body },
    });
    const target = { method: 'GET', path: '/v1/things/a%2Fb%20c?x=1&y=%26', idempotencyKey: 'k' };
    expect(await asker.ask({ rid: 1, ...target })).toEqual({
      rid: 1,
      status: 200,
      body: { id: 'a/b c', query: { x: '1', y: '&' }, key: 'k' },
    });
  });

  it('of no body have none', async () => {
    const answer = await asker.ask({ rid: 1, method: 'DELETE', path: '/v1/things/1' });
    expect(answer).toEqual({ rid: 1, status: 204 });
  });

  it('come as they are ready, whatever was asked before', async () => {
    asker.send({ rid: 1, method: 'POST', path: '/gate' });
    expect(await asker.ask({ rid: 2, method: 'GET', path: '/v1/things/2' })).toMatchObject({
      status: 200,
    });
    expect(asker.answers.map(({ rid }) => rid)).toEqual([2]);
    for (const letGo of waiting) letGo();
    expect(await asker.answerTo(1)).toEqual({ rid: 1, status: 200, body: 'through' });
  });

  it('of many requests all come, the large among the small', async () => {
    for (let rid = 0; rid < 1_000; rid += 1) {
      const body = 'ü'.repeat(rid % 100 === 0 ? 70_000 : rid % 200);
      asker.send({ rid, method: 'POST', path: '/v1/things', body });
    }
    await expect.poll(() => asker.answers.length, PATIENT).toBe(1_000);
    const isRight = ({ rid, body }: AnswerFrame) =>
      String(body).length === (rid % 100 === 0 ? 70_000 : rid % 200);
    expect(asker.answers.every(isRight)).toBe(true);
  });

  it.each([
    ['GET', '/v1/nothing', undefined, 404, 'E_NOT_FOUND'],
    ['PATCH', '/v1/things/1', undefined, 400, 'E_INVALID_REQUEST'],
    ['GET', '/v1/things/%zz', undefined, 400, 'E_INVALID_REQUEST'],
    ['GET', '//', undefined, 400, 'E_INVALID_REQUEST'],
    ['POST', '/v1/things', undefined, 400, 'E_INVALID_JSON'],
    ['GET', '/refused', undefined, 409, 'E_CONFLICT'],
    ['GET', '/broken', undefined, 500, 'E_INTERNAL'],
  ])('to %s %s are a problem with its status and code', async (...facts) => {
    const [method, target, body, status, code] = facts;
    const answer = await asker.ask({ rid: 3, method, path: target, body });
    expect(answer).toEqual({
      rid: 3,
      status,
      body: expect.objectContaining({ type: `urn:taskbell:error:${code}`, status, code }),
    });
    expect(JSON.stringify(answer)).not.toContain('secret');
  });
});

describe('requests', () => {
  beforeEach(() => start());

  it('with a body as large as the limit are taken, and beyond it told so; the connection goes on', async () => {
    const asker = await Asker.open();
    // The quotes count.
    const fits = 'x'.repeat(MAX_BODY_BYTES - 2);
    const answer = await asker.ask({ rid: 1, method: 'POST', path: '/v1/things', body: fits });
    expect(answer.status).toBe(201);
    const large = `${fits}x`;
    expect(
      await asker.ask({ rid: 2, method: 'POST', path: '/v1/things', body: large }),
    ).toMatchObject({ status: 413, body: { code: 'E_PAYLOAD_TOO_LARGE' } });
    expect((await asker.ask({ rid: 3, method: 'GET', path: '/v1/things/1' })).status).toBe(200);
  });

  it('beyond what a connection may have under way are not read until others are answered', async () => {
    const asker = await Asker.open();
    // Large enough for a read of its own each.
    const body = 'x'.repeat(65_536);
    const all = MAX_HELD + 60;
    for (let rid = 0; rid < all; rid += 1) {
      asker.send({ rid, method: 'POST', path: '/gate', body });
    }
    await expect.poll(() => waiting.length, PATIENT).toBeGreaterThanOrEqual(MAX_HELD);
    for (let n = 0; n < 20; n += 1) await overHttp();
    expect(waiting.length).toBeLessThan(all);
    const letGo = () => {
      for (const go of waiting.splice(0)) go();
      return asker.answers.length;
    };
    await expect.poll(letGo, PATIENT).toBe(all);
  });

  it('of a connection that goes away are aborted', async () => {
    const asker = await Asker.open();
    asker.send({ rid: 1, method: 'POST', path: '/gate' });
    asker.send({ rid: 2, method: 'POST', path: '/gate' });
    await expect.poll(() => waiting.length, PATIENT).toBe(2);
    expect(aborts).toBe(0);
    asker.socket.terminate();
    await expect.poll(() => aborts, PATIENT).toBe(2);
    for (const letGo of waiting) letGo();
    await overHttp();
  });

  it.each([
    ['no JSON', '{"rid":1'],
    ['no object', '7'],
    ['null', 'null'],
    ['no number', '{"method":"GET","path":"/v1/things/1"}'],
    ['a number that is text', '{"rid":"1","method":"GET","path":"/v1/things/1"}'],
    ['no path', '{"rid":1,"method":"GET"}'],
    ['no method', '{"rid":1,"path":"/v1/things/1"}'],
    ['a key that is no text', '{"rid":1,"method":"GET","path":"/v1/things/1","idempotencyKey":5}'],
    ['bytes', Buffer.from('{"rid":1,"method":"GET","path":"/v1/things/1"}')],
  ])('in a frame with %s close the connection with 1007', async (_what, frame) => {
    const asker = await Asker.open();
    asker.socket.send(frame);
    asker.send({ rid: 2, method: 'POST', path: '/gate' });
    expect(await asker.closed).toMatchObject({ code: 1007, reason: /rid/ });
    expect(asker.answers).toEqual([]);
    await overHttp();
    expect(waiting).toEqual([]);
  });
});

describe('a stop', () => {
  beforeEach(() => start());

  it('lets what was taken be answered, refuses the rest, and closes with 1012', async () => {
    const asker = await Asker.open();
    asker.send({ rid: 1, method: 'POST', path: '/gate' });
    await expect.poll(() => waiting.length, PATIENT).toBe(1);
    const stopping = server.stop(deadlineIn(10_000));
    await expect.poll(() => aborts, PATIENT).toBe(1);
    asker.send({ rid: 2, method: 'GET', path: '/v1/things/1' });
    expect(await asker.answerTo(2)).toMatchObject({
      status: 503,
      body: { code: 'E_UNAVAILABLE' },
    });
    for (const letGo of waiting) letGo();
    expect(await asker.answerTo(1)).toMatchObject({ status: 200 });
    expect((await asker.closed).code).toBe(1012);
    await stopping;
  });

  it('closes a connection that asks nothing at once', async () => {
    const asker = await Asker.open();
    await server.stop(deadlineIn(10_000));
    expect((await asker.closed).code).toBe(1012);
  });

  it('does not wait for a request that does not end', async () => {
    const asker = await Asker.open();
    asker.send({ rid: 1, method: 'POST', path: '/gate' });
    await expect.poll(() => waiting.length, PATIENT).toBe(1);
    await server.stop(deadlineIn(3_000));
    expect((await asker.closed).code).toBe(1006);
  });
});

describe('over TCP', () => {
  it('the stream needs the token, and a Host that is ours', async () => {
    const port = await freePort();
    await start({ tcp: { address: '127.0.0.1', port, tokens: { admin: TOKEN, edge: 'edge' } } });
    const url = `ws://127.0.0.1:${port}/v1/requests`;
    const headers = { authorization: `Bearer ${TOKEN}` };
    const refused = [{}, { authorization: 'Bearer x' }, { ...headers, host: 'evil.example' }];
    for (const given of refused) {
      await expect(opened(new WebSocket(url, { headers: given }))).rejects.toThrow('401');
    }
    const asker = new Asker(new WebSocket(url, { headers }));
    await opened(asker.socket);
    expect((await asker.ask({ rid: 1, method: 'GET', path: '/v1/things/1' })).status).toBe(200);
  });
});
