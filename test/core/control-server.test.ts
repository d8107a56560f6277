import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ok, type Route } from '../../src/api/route.ts';
import { ControlServer, type ControlServerParts } from '../../src/core/control-server.ts';
import { deadlineIn } from '../../src/process/service.ts';
import { TaskbellError } from '../../src/protocol/errors.ts';
import { freePort } from '../e2e/free-port.ts';
import { type Answer, answerOf } from './awake-core.ts';

/** What a request may carry: see docs/protocol.md. */
const MAX_BODY_BYTES = 32 * 1_048_576;
const TOKEN = 'token-of-the-test';

let directory: string;
let socketPath: string;
let aborted: (() => void) | undefined;
const logged: string[] = [];
const servers: ControlServer[] = [];
const sockets: WebSocket[] = [];

const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/v1/things/:id', handle: async ({ params }) => ok(params) },
  { method: 'DELETE', path: '/v1/things/:id', handle: async () => ({ status: 204 }) },
  { method: 'POST', path: '/v1/things', handle: async ({ json }) => ok(await json()) },
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
    method: 'GET',
    path: '/slow',
    handle: ({ signal }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          aborted?.();
          resolve(ok('late'));
        });
      }),
  },
];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'taskbell-control-'));
  socketPath = path.join(directory, 'control.sock');
  logged.length = 0;
  aborted = undefined;
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  for (const server of servers.splice(0)) await server.stop(deadlineIn(1_000));
  rmSync(directory, { recursive: true });
});

/** What a killed server leaves: a socket that nobody listens on. */
async function leaveSocket(at: string): Promise<void> {
  const draft = `${at}.draft`;
  const server = createServer().listen(draft);
  await once(server, 'listening');
  renameSync(draft, at);
  server.close();
  await once(server, 'close');
}

function create(over: Partial<ControlServerParts> = {}): ControlServer {
  const server = new ControlServer({
    ...{ socketPath, tcp: null, routes: ROUTES, ownFrames: true },
    streams: [
      {
        path: '/v1/echo',
        accept: (socket) => socket.on('message', (data) => socket.send(String(data))),
      },
    ],
    log: pino({ level: 'debug' }, { write: (line) => void logged.push(line) }),
    ...over,
  });
  servers.push(server);
  return server;
}

function ask(method: string, target: string, body?: string | Buffer): Promise<Answer> {
  const asking = request({ socketPath, method, path: target });
  asking.end(body);
  return answerOf(asking);
}

describe('requests', () => {
  beforeEach(() => create().start());

  it('reach their route with the decoded names of its path', async () => {
    expect(await ask('GET', '/v1/things/a%2Fb%20c')).toMatchObject({
      status: 200,
      body: { id: 'a/b c' },
    });
    expect(await ask('DELETE', '/v1/things/1')).toMatchObject({ status: 204, body: undefined });
    expect(await ask('POST', '/v1/things', '{"ä":[1]}')).toMatchObject({ body: { ä: [1] } });
  });

  it.each([
    ['GET', '/v1/nothing', undefined, 404, 'E_NOT_FOUND'],
    ['GET', '/v1/things/1/more', undefined, 404, 'E_NOT_FOUND'],
    ['PATCH', '/v1/things/1', undefined, 400, 'E_INVALID_REQUEST'],
    ['GET', '/v1/things/%zz', undefined, 400, 'E_INVALID_REQUEST'],
    ['POST', '/v1/things', '{"a":', 400, 'E_INVALID_JSON'],
    ['POST', '/v1/things', '', 400, 'E_INVALID_JSON'],
    ['GET', '/refused', undefined, 409, 'E_CONFLICT'],
  ])('%s %s is problem+json with its status and code', async (...facts) => {
    const [method, target, body, status, code] = facts;
    const answer = await ask(method, target, body);
    expect(answer).toMatchObject({
      status,
      headers: { 'content-type': 'application/problem+json' },
      body: { type: `urn:taskbell:error:${code}`, title: expect.any(String), status, code },
    });
  });

  it('with a method that the path does not take are told which it takes', async () => {
    expect((await ask('PATCH', '/v1/things/1')).body.title).toBe('/v1/things/1 takes GET, DELETE.');
  });

  it('that fail for a reason of ours say nothing of it, but the log does', async () => {
    const { status, body } = await ask('GET', '/broken');
    expect(status).toBe(500);
    expect(body).toMatchObject({ code: 'E_INTERNAL' });
    expect(JSON.stringify(body)).not.toContain('secret');
    expect(logged.join('')).toContain('the secret reason');
  });

  it('with a body beyond the limit are told so, and the server goes on', async () => {
    const answer = await ask('POST', '/v1/things', Buffer.alloc(2 * MAX_BODY_BYTES, 0x20));
    expect(answer).toMatchObject({ status: 413, body: { code: 'E_PAYLOAD_TOO_LARGE' } });
    expect((await ask('GET', '/v1/things/1')).status).toBe(200);
  });

  it('that go away abort their handler', async () => {
    const gone = new Promise<void>((resolve) => {
      aborted = resolve;
    });
    const asking = request({ socketPath, path: '/slow' });
    asking.on('error', () => undefined);
    await new Promise<void>((resolve) => asking.end(resolve));
    await ask('GET', '/v1/things/1');
    asking.destroy();
    await gone;
  });

  it('that break off in their body are nobody’s failure', async () => {
    const asking = request({
      ...{ socketPath, path: '/v1/things', method: 'POST' },
      headers: { 'content-length': 100 },
    });
    asking.on('error', () => undefined);
    await new Promise<void>((resolve) => asking.write('{', () => resolve()));
    await ask('GET', '/v1/things/1');
    asking.destroy();
    await expect.poll(() => logged.join('')).toContain('aborted');
    expect(logged.map((line) => JSON.parse(line).level)).toEqual([20]);
  });

  it.each(['//', '/\\', 'http://[/', '*'])(
    'for the target %s are answered, not fatal',
    async (target) => {
      expect(await raw(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)).toMatch(
        /^HTTP\/1\.1 4\d\d /,
      );
      const upgrade = `GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;
      expect(await raw(upgrade)).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect((await ask('GET', '/v1/things/1')).status).toBe(200);
    },
  );
});

describe('streams', () => {
  beforeEach(() => create().start());

  it('take WebSockets on their path only', async () => {
    const socket = await open('/v1/echo?role=test');
    const heard = new Promise((resolve) => socket.once('message', (data) => resolve(String(data))));
    socket.send('ding');
    expect(await heard).toBe('ding');
    await expect(open('/v1/things/1')).rejects.toThrow('404');
  });

  it('that are refused when nobody is left to hear it end nothing', async () => {
    for (let n = 0; n < 10; n += 1) {
      const socket = connect(socketPath);
      await once(socket, 'connect');
      const upgrade = 'connection: upgrade\r\nupgrade: websocket';
      socket.write(`GET /nowhere HTTP/1.1\r\nhost: x\r\n${upgrade}\r\n\r\n`);
      socket.destroy();
    }
    expect((await ask('GET', '/v1/things/1')).status).toBe(200);
  });

  it('are closed with 1012 when the server stops, so that clients come back', async () => {
    const socket = await open('/v1/echo');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await servers[0]?.stop(deadlineIn(1_000));
    expect(await closed).toBe(1012);
  });
});

describe('the unix socket', () => {
  it('is for its own user alone', async () => {
    await create().start();
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
  });

  it('of a server that died is taken over', async () => {
    await leaveSocket(socketPath);
    await create().start();
    expect((await ask('GET', '/v1/things/1')).status).toBe(200);
  });

  it('does not take the place of a file that is no socket', async () => {
    writeFileSync(socketPath, 'notes');
    await expect(create().start()).rejects.toMatchObject({
      code: 'E_CANNOT_CREATE',
      message: expect.stringContaining(socketPath),
    });
    expect(readFileSync(socketPath, 'utf8')).toBe('notes');
  });

  it('that cannot be made is named', async () => {
    const missing = path.join(directory, 'missing', 'control.sock');
    await expect(create({ socketPath: missing }).start()).rejects.toMatchObject({
      code: 'E_CANNOT_CREATE',
      message: expect.stringContaining(missing),
    });
  });
});

describe('a stop', () => {
  it('lets a request that runs end, and leaves no socket behind', async () => {
    const server = create();
    await server.start();
    const slow = ask('GET', '/slow');
    await ask('GET', '/v1/things/1');
    await server.stop(deadlineIn(2_000));
    expect(await slow).toMatchObject({ status: 200, body: 'late' });
    expect(existsSync(socketPath)).toBe(false);
    await expect(ask('GET', '/v1/things/1')).rejects.toThrow();
  });

  it('does not wait for a connection that says nothing', async () => {
    const server = create();
    await server.start();
    const idle = connect(socketPath);
    await new Promise((resolve) => idle.once('connect', resolve));
    const startedMono = performance.now();
    await server.stop(deadlineIn(3_000));
    expect(performance.now() - startedMono).toBeLessThan(2_000);
    idle.destroy();
  });

  it('may come twice, or before a start', async () => {
    await create().stop(deadlineIn(100));
    const server = create();
    await server.start();
    await server.stop(deadlineIn(1_000));
    await server.stop(deadlineIn(1_000));
  });
});

describe('over TCP', () => {
  let port: number;
  beforeEach(async () => {
    port = await freePort();
    await create({
      tcp: { address: '127.0.0.1', port, tokens: { admin: TOKEN, edge: 'of-an-edge' } },
    }).start();
  });

  const over = (headers: Record<string, string>, target = '/v1/things/1') => {
    const asking = request({ host: '127.0.0.1', port, path: target, headers });
    asking.end();
    return answerOf(asking);
  };

  it('a request needs the token', async () => {
    expect((await over({ authorization: `Bearer ${TOKEN}` })).status).toBe(200);
    for (const authorization of [
      '',
      'Bearer',
      `Bearer ${TOKEN}x`,
      `bearer ${TOKEN}`,
      `Bearer ${TOKEN.toUpperCase()}`,
    ]) {
      expect(await over({ authorization })).toMatchObject({
        status: 401,
        body: { code: 'E_UNAUTHORIZED' },
      });
    }
  });

  it('a request with a foreign Host is refused in spite of the token', async () => {
    const authorization = `Bearer ${TOKEN}`;
    expect((await over({ authorization, host: `localhost:${port}` })).status).toBe(200);
    for (const host of [`evil.example:${port}`, '127.0.0.1', `127.0.0.1:${port + 1}`]) {
      expect((await over({ authorization, host })).status).toBe(401);
    }
  });

  it('names that the configuration adds are known, and with * all of them', async () => {
    const authorization = `Bearer ${TOKEN}`;
    const statusFor = async (hosts: readonly string[], name: string): Promise<number> => {
      const proxied = await freePort();
      const server = create({
        socketPath: path.join(directory, `${name}.sock`),
        tcp: {
          address: '127.0.0.1',
          port: proxied,
          tokens: { admin: TOKEN, edge: 'of-an-edge' },
          hosts,
        },
      });
      await server.start();
      const headers = { authorization, host: 'core.example.org' };
      const asking = request({ host: '127.0.0.1', port: proxied, path: '/v1/things/1', headers });
      asking.end();
      const { status } = await answerOf(asking);
      await server.stop(deadlineIn(1_000));
      return status;
    };
    expect(await statusFor([], 'none')).toBe(401);
    expect(await statusFor(['core.example.org'], 'one')).toBe(200);
    expect(await statusFor(['*'], 'any')).toBe(200);
  });

  it('an unknown path is not told from a known one without the token', async () => {
    expect((await over({}, '/v1/nothing')).status).toBe(401);
  });

  it('a stream needs the token', async () => {
    const url = `ws://127.0.0.1:${port}/v1/echo`;
    await expect(opened(new WebSocket(url))).rejects.toThrow('401');
    await opened(new WebSocket(url, { headers: { authorization: `Bearer ${TOKEN}` } }));
  });

  it('a port in use is named', async () => {
    const other = create({
      socketPath: path.join(directory, 'other.sock'),
      tcp: { address: '127.0.0.1', port, tokens: { admin: TOKEN, edge: 'of-an-edge' } },
    });
    await expect(other.start()).rejects.toMatchObject({
      code: 'E_PORT_IN_USE',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
  });
});

function open(target: string): Promise<WebSocket> {
  return opened(new WebSocket(`ws+unix:${socketPath}:${target}`));
}

function opened(socket: WebSocket): Promise<WebSocket> {
  sockets.push(socket);
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Sends bytes as they are, and resolves with what came back until the end. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath, () => socket.write(text));
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(answer));
  });
}
