/** The tokens of the control API over TCP: their files, and what that of an edge is good for. */
import { once } from 'node:events';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ok, type Route } from '../../src/api/route.ts';
import { type ApiTokens, apiTokens, roleOf } from '../../src/core/api-token.ts';
import { ControlServer } from '../../src/core/control-server.ts';
import { deadlineIn } from '../../src/process/service.ts';
import { freePort } from '../e2e/free-port.ts';
import { answerOf } from './awake-core.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'taskbell-tokens-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('the files', () => {
  it('are made once, for their owner alone, and tell the roles apart', () => {
    const tokens = apiTokens(directory);
    expect(tokens.edge).not.toBe(tokens.admin);
    expect(apiTokens(directory)).toEqual(tokens);
    for (const [file, token] of [
      ['api-token', tokens.admin],
      ['edge-token', tokens.edge],
    ] as const) {
      expect(readFileSync(path.join(directory, file), 'utf8')).toBe(`${token}\n`);
      expect(statSync(path.join(directory, file)).mode & 0o777).toBe(0o600);
    }
  });

  it('an empty one gets another token, and the other stays', () => {
    const before = apiTokens(directory);
    truncateSync(path.join(directory, 'edge-token'));
    const after = apiTokens(directory);
    expect(after.admin).toBe(before.admin);
    expect(after.edge).toMatch(/^[\w-]{43}$/);
    expect(after.edge).not.toBe(before.edge);
  });

  it('an empty one that others may read is replaced by one of the owner alone', () => {
    apiTokens(directory);
    const file = path.join(directory, 'api-token');
    truncateSync(file);
    chmodSync(file, 0o644);
    const { admin } = apiTokens(directory);
    expect(readFileSync(file, 'utf8')).toBe(`${admin}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory).sort()).toEqual(['api-token', 'edge-token']);
  });
});

describe('the role of a header', () => {
  const tokens: ApiTokens = { admin: 'all', edge: 'some' };

  it('is that of its token, and nobody has one without', () => {
    expect(roleOf('Bearer all', tokens)).toBe('admin');
    expect(roleOf('Bearer some', tokens)).toBe('edge');
    for (const header of [undefined, '', 'Bearer', 'Bearer ', 'bearer all', 'all', 'Bearer allx']) {
      expect(roleOf(header, tokens)).toBeUndefined();
    }
  });
});

describe('the token of an edge', () => {
  const routes: readonly Route[] = [
    { method: 'GET', path: '/v1/facts', forEdges: true, handle: async () => ok('facts') },
    { method: 'POST', path: '/v1/facts', handle: async () => ok('changed') },
  ];
  const tokens: ApiTokens = { admin: 'the-admin', edge: 'the-edge' };
  let port: number;
  let server: ControlServer;
  beforeEach(async () => {
    port = await freePort();
    server = new ControlServer({
      ...{ socketPath: path.join(directory, 'control.sock'), routes, ownFrames: true },
      tcp: { address: '127.0.0.1', port, tokens },
      streams: [
        { path: '/v1/follow', forEdges: true, accept: (socket) => socket.close() },
        { path: '/v1/run', accept: (socket) => socket.close() },
      ],
      log: pino({ level: 'silent' }),
    });
    await server.start();
  });
  afterEach(() => server.stop(deadlineIn(1_000)));

  function ask(method: string, target: string, token: string) {
    const headers = { authorization: `Bearer ${token}` };
    const asking = request({ host: '127.0.0.1', port, method, path: target, headers });
    asking.end();
    return answerOf(asking);
  }

  /** The status of the refusal, or `open`. */
  async function open(target: string, token: string): Promise<string> {
    const headers = { authorization: `Bearer ${token}` };
    const socket = new WebSocket(`ws://127.0.0.1:${port}${target}`, { headers });
    try {
      await once(socket, 'open');
      return 'open';
    } catch (error) {
      return (error as Error).message;
    } finally {
      socket.terminate();
    }
  }

  it('is good for the routes of edges, and for no other', async () => {
    expect(await ask('GET', '/v1/facts', 'the-edge')).toMatchObject({ status: 200 });
    expect(await ask('POST', '/v1/facts', 'the-edge')).toMatchObject({
      status: 403,
      body: {
        code: 'E_FORBIDDEN',
        title: 'The token of an edge is not good for POST /v1/facts.',
      },
    });
    expect(await ask('POST', '/v1/facts', 'the-admin')).toMatchObject({ status: 200 });
  });

  it('is good for the streams of edges, and for no other, that of requests included', async () => {
    expect(await open('/v1/follow', 'the-edge')).toBe('open');
    expect(await open('/v1/run', 'the-edge')).toContain('403');
    expect(await open('/v1/requests', 'the-edge')).toContain('403');
    expect(await open('/v1/run', 'the-admin')).toBe('open');
    expect(await open('/v1/requests', 'the-admin')).toBe('open');
    expect(await open('/v1/follow', 'nobody')).toContain('401');
  });
});
