/** Web hooks against real servers on loopback. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Ending, Run } from '../../src/executor/handler.ts';
import { StopReason } from '../../src/executor/handler.ts';
import {
  createWebhookHandler,
  loadWebhookHandler,
  type WebhookSettings,
} from '../../src/executor/webhook-handler.ts';
import { type Resolve, resolveHost } from '../../src/executor/webhook-request.ts';
import { VERSION } from '../../src/process/version.ts';
import type { Assignment } from '../../src/protocol/execute.ts';
import { type Answering, receive } from './receiving-server.ts';
import { assignment } from './test-core.ts';

const NOW = Date.UTC(2026, 10, 21, 21, 0, 0, 999);
const ok: Answering = (response) => response.end();
const json =
  (value: unknown): Answering =>
  (response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(value));

function hookAt(port: number, over: Partial<WebhookSettings> = {}): WebhookSettings {
  return {
    name: 'notify',
    url: `http://127.0.0.1:${port}/hook?key=1`,
    secretFile: null,
    header: {},
    allowPrivateHosts: ['127.0.0.1'],
    ...over,
  };
}

interface Given {
  readonly job?: Partial<Assignment>;
  readonly resolve?: Resolve;
  readonly signal?: AbortSignal;
  readonly lines?: string[];
}

function call(hook: WebhookSettings, given: Given = {}): Promise<Ending> {
  const { job, resolve = resolveHost, lines = [] } = given;
  const ignore = () => undefined;
  const run: Run = {
    assignment: assignment({ type: 'notify', ...job }),
    signal: given.signal ?? new AbortController().signal,
    sink: {
      progress: ignore,
      emit: ignore,
      spawned: ignore,
      log: (level, line) => lines.push(`${level}: ${line}`),
    },
  };
  return Promise.resolve(createWebhookHandler(hook, { resolve, now: () => NOW }).run(run));
}

function secretFile(content: string): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'taskbell-hook-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = path.join(directory, 'secret');
  writeFileSync(file, content);
  return file;
}

describe('a web hook', () => {
  it('gets the job as JSON, and its JSON answer is the result', async () => {
    const server = await receive(json({ rows: 3 }));
    const job = {
      ...{ id: '9', attempt: 3, queue: 'q', userId: 'u', group: 'g', payload: { ä: [1] } },
      dependencies: { total: 1, succeeded: 1, failed: 0, cancelled: 0, results: [] },
    };
    const hook = hookAt(server.port, { header: { 'X-Key': 'v', 'User-Agent': 'ours' } });
    expect(await call(hook, { job })).toEqual({ kind: 'succeeded', result: { rows: 3 } });
    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'POST', url: '/hook?key=1' });
    expect(request?.headers).toMatchObject({
      host: `127.0.0.1:${server.port}`,
      'content-type': 'application/json',
      'x-key': 'v',
      'user-agent': 'ours',
      'webhook-id': 'job_9',
      'webhook-timestamp': String(Math.floor(NOW / 1_000)),
    });
    expect(request?.headers['webhook-signature']).toBeUndefined();
    expect(JSON.parse(request?.body ?? '')).toEqual({
      ...job,
      type: 'notify',
      createdAt: '2023-11-14T22:13:20.000Z',
    });
  });

  it('passes the trace of its job on, and none where there is none', async () => {
    const server = await receive(ok);
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await call(hookAt(server.port), { job: { traceparent } });
    await call(hookAt(server.port));
    expect(server.requests.map(({ headers }) => headers.traceparent)).toEqual([
      traceparent,
      undefined,
    ]);
  });

  it('is signed, and says who calls; a repeat has the same id', async () => {
    const server = await receive(ok);
    const key = Buffer.alloc(32, 5);
    const hook = hookAt(server.port, { secretFile: secretFile(`whsec_${key.toString('base64')}`) });
    await call(hook, { job: { attempt: 1 } });
    await call(hook, { job: { attempt: 2 } });
    expect(server.requests.map(({ headers }) => headers['webhook-id'])).toEqual(['job_1', 'job_1']);
    for (const { headers, body } of server.requests) {
      const signed = [headers['webhook-id'], headers['webhook-timestamp'], body].join('.');
      const signature = createHmac('sha256', key).update(signed).digest('base64');
      expect(headers['webhook-signature']).toBe(`v1,${signature}`);
      expect(headers['user-agent']).toBe(`taskbell/${VERSION}`);
    }
  });

  it('reads its secret for each request, so that one can take the place of another', async () => {
    const server = await receive(ok);
    const [first, second] = [1, 2].map(
      (byte) => `whsec_${Buffer.alloc(24, byte).toString('base64')}`,
    );
    const file = secretFile(`${first}`);
    const hook = hookAt(server.port, { secretFile: file });
    await call(hook);
    writeFileSync(file, `${second} ${first}\n`);
    await call(hook);
    const [before, after] = server.requests.map(({ headers }) =>
      String(headers['webhook-signature']).split(' '),
    );
    expect(after).toHaveLength(2);
    expect(after?.[1]).toBe(before?.[0]);
  });

  it('without its secret is not called: the attempt fails, and a type with a wrong one is not offered', async () => {
    const server = await receive(ok);
    const missing = hookAt(server.port, { secretFile: '/no/such/file' });
    expect(await call(missing)).toMatchObject({
      kind: 'failed',
      retryable: true,
      error: {
        message: expect.stringMatching(/^\[job:notify\] secretFile \/no\/such\/file: ENOENT/),
      },
    });
    await expect(
      loadWebhookHandler(hookAt(server.port, { secretFile: secretFile('letmein') })),
    ).rejects.toThrow(/expected whsec_/);
    expect(server.requests).toEqual([]);
  });

  it('has 30 s unless its section says otherwise', () => {
    const { manifest } = createWebhookHandler(hookAt(1));
    expect(manifest).toEqual({
      ...{ name: 'notify', kind: 'webhook', schema: false, settings: { timeoutMs: 30_000 } },
    });
  });

  it('is not followed to another place', async () => {
    const other = await receive(ok);
    const server = await receive((response) =>
      response.writeHead(307, { location: `http://127.0.0.1:${other.port}/` }).end(),
    );
    expect(await call(hookAt(server.port))).toMatchObject({ kind: 'failed', retryable: true });
    expect(other.requests).toEqual([]);
  });

  it('that is busy says when to come back, and one that is gone is not called again', async () => {
    const busy = await receive((response) => response.writeHead(429, { 'retry-after': '7' }).end());
    expect(await call(hookAt(busy.port))).toMatchObject({ retryable: true, retryAfterMs: 7_000 });
    const gone = await receive((response) => response.writeHead(410).end('closed'));
    expect(await call(hookAt(gone.port))).toMatchObject({
      retryable: false,
      error: { message: 'web hook answered 410 Gone\nclosed' },
    });
  });

  it('is read no further than a result may be large', async () => {
    const closed = withResolvers();
    const server = await receive((response) => {
      response.setHeader('content-type', 'application/json').on('close', () => closed.resolve());
      const more = () => {
        while (!response.destroyed && response.write('1'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    });
    const lines: string[] = [];
    expect(await call(hookAt(server.port), { lines })).toEqual({ kind: 'succeeded', result: null });
    expect(lines).toEqual(['warn: the answer is too large to be the result']);
    await closed.promise;
  });

  it.each<[string, Answering]>([
    ['hangs up', (response) => response.destroy()],
    [
      'hangs up within its answer',
      (response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{', () => response.destroy());
      },
    ],
  ])('that %s has failed, and may be called again', async (_title, answer) => {
    const server = await receive(answer);
    expect(await call(hookAt(server.port))).toMatchObject({
      kind: 'failed',
      retryable: true,
      error: {
        name: 'WebhookFailed',
        // Without path and query, which may be secret.
        message: expect.stringMatching(
          new RegExp(`^web hook at http://127.0.0.1:${server.port} did not answer: `),
        ),
      },
    });
  });

  it('that nobody answers at has failed, and may be called again', async () => {
    const failed = await call(hookAt(1, { url: 'http://name.invalid/' }), {
      resolve: async () => {
        throw new Error('getaddrinfo ENOTFOUND name.invalid');
      },
    });
    expect(failed).toMatchObject({ retryable: true, error: { message: /ENOTFOUND/ } });
    expect(await call(hookAt(1), {})).toMatchObject({ kind: 'failed', retryable: true });
  });

  it('is left alone at once when the attempt is told to end', async () => {
    const arrived = withResolvers();
    const hungUp = withResolvers();
    const server = await receive((response) => {
      response.on('close', () => hungUp.resolve());
      arrived.resolve();
    });
    const controller = new AbortController();
    const ending = call(hookAt(server.port), { signal: controller.signal });
    await arrived.promise;
    controller.abort(new StopReason('cancelled', 'the job was cancelled', 5_000));
    expect(await ending).toEqual({ kind: 'stopped' });
    await hungUp.promise;
  });

  it('is not called any more when the attempt was told to end before, or while its host was looked up', async () => {
    const server = await receive(ok);
    const reason = new StopReason('interrupted', 'the daemon is stopping', 5_000);
    expect(await call(hookAt(server.port), { signal: AbortSignal.abort(reason) })).toEqual({
      kind: 'stopped',
    });
    const controller = new AbortController();
    const resolve: Resolve = () => {
      controller.abort(reason);
      return new Promise(() => undefined);
    };
    const hook = hookAt(server.port, { url: `http://intern.example:${server.port}/` });
    expect(await call(hook, { resolve, signal: controller.signal })).toEqual({ kind: 'stopped' });
    expect(server.requests).toEqual([]);
  });
});

describe('a web hook at a private address', () => {
  it.each([
    'http://127.0.0.1:PORT/',
    'http://0x7f000001:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://localhost:PORT/',
    'http://localhost.:PORT/',
  ])('is refused for good when it is written as %s', async (url) => {
    const server = await receive(ok);
    const hook = hookAt(server.port, {
      url: url.replace('PORT', String(server.port)),
      allowPrivateHosts: ['intern.example'],
    });
    expect(await call(hook)).toMatchObject({
      kind: 'failed',
      retryable: false,
      error: {
        name: 'WebhookRefused',
        message: expect.stringMatching(/^web hook refused: .* is loopback, .* in \[job:notify\]$/),
      },
    });
    expect(server.requests).toEqual([]);
  });

  it('is refused when only one of the addresses of its host is private', async () => {
    const server = await receive(ok);
    const hook = hookAt(server.port, { url: `http://mixed.example:${server.port}/` });
    const resolve: Resolve = async () => [
      { address: '93.184.215.14', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
    expect(await call(hook, { resolve })).toMatchObject({
      retryable: false,
      error: {
        message: expect.stringContaining(
          'mixed.example has the address 127.0.0.1, which is loopback',
        ),
      },
    });
    expect(server.requests).toEqual([]);
  });

  it('is called when its host is allowed by name', async () => {
    const server = await receive(ok);
    const url = `http://intern.example:${server.port}/`;
    const hook = hookAt(server.port, { url, allowPrivateHosts: ['intern.example'] });
    const resolve: Resolve = async () => [{ address: '127.0.0.1', family: 4 }];
    expect(await call(hook, { resolve })).toMatchObject({ kind: 'succeeded' });
    expect(server.requests[0]?.headers.host).toBe(`intern.example:${server.port}`);
  });
});

describe('a name that leads elsewhere whenever it is asked', () => {
  const LOOPBACK = { address: '127.0.0.1', family: 4 };

  it('is looked up once an attempt: the connection goes to the address that was checked', async () => {
    const server = await receive(ok);
    const url = `http://rebound.example:${server.port}/`;
    const hook = hookAt(server.port, { url, allowPrivateHosts: ['rebound.example'] });
    const asked: string[] = [];
    const resolve: Resolve = async (host) => {
      asked.push(host);
      // Nobody listens at the second one.
      return asked.length === 1 ? [LOOPBACK] : [{ address: '127.0.0.2', family: 4 }];
    };
    expect(await call(hook, { resolve })).toMatchObject({ kind: 'succeeded' });
    expect(asked).toEqual(['rebound.example']);
    expect(server.requests).toHaveLength(1);
  });

  it('is checked anew in the next attempt', async () => {
    const server = await receive(ok);
    const hook = hookAt(server.port, { url: `http://rebound.example:${server.port}/` });
    const answers = [new Error('getaddrinfo EAI_AGAIN rebound.example'), LOOPBACK];
    const resolve: Resolve = async () => {
      const answer = answers.shift();
      if (answer === undefined || answer instanceof Error) throw answer;
      return [answer];
    };
    expect(await call(hook, { resolve })).toMatchObject({ retryable: true });
    expect(await call(hook, { resolve })).toMatchObject({
      retryable: false,
      error: { name: 'WebhookRefused' },
    });
    expect(server.requests).toEqual([]);
  });
});

describe('a web hook over TLS', () => {
  it('is asked for by its name at the address that was checked, and must show that it is that name', async () => {
    const names: string[] = [];
    const server = createTlsServer({
      SNICallback: (name, done) => {
        names.push(name);
        // Nothing to show: the handshake fails.
        done(null);
      },
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const hook = hookAt(port, {
      url: `https://secure.example:${port}/`,
      allowPrivateHosts: ['secure.example'],
    });
    const resolve: Resolve = async () => [{ address: '127.0.0.1', family: 4 }];
    expect(await call(hook, { resolve })).toMatchObject({ kind: 'failed', retryable: true });
    expect(names).toEqual(['secure.example']);
  });
});

function withResolvers() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
