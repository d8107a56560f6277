/** The configurations of examples/nginx and examples/caddy, in the real nginx and Caddy before a real gateway. */
import { readFileSync } from 'node:fs';
import { get as getPlain, type IncomingMessage } from 'node:http';
import { get } from 'node:https';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { connect } from '../../src/events-client/events.ts';
import { Site, until } from './daemon.ts';
import { CADDY, NGINX, type ProxyPorts, proxyPorts, ReverseProxy } from './reverse-proxy.ts';
import { TEST_CERTIFICATE } from './tls-proxy.ts';

const KEYS = '[auth]\npublicKeyFile = ./keys/public.pem\nprivateKeyFile = ./keys/private.pem\n';
const POLL = { timeout: 30_000, interval: 20 };

/** A client that trusts the certificate of the test, and remembers with which codes it was sent away. */
const closes: number[] = [];
class Trusting extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols, { ca: TEST_CERTIFICATE });
    this.on('close', (code) => closes.push(code));
  }
}

for (const kind of [NGINX, CADDY]) {
  if (!kind.isThere) {
    process.stderr.write(`no ${kind.program} here: its example is not tried\n`);
  }
  describe.skipIf(!kind.isThere)(`behind ${kind.program}`, { timeout: 90_000 }, () => {
    let site: Site;
    let proxy: ReverseProxy;
    let ports: ProxyPorts;
    let token: string;

    beforeAll(async () => {
      ports = await proxyPorts();
      const listen = `[webSocketEvents]\naddress = 127.0.0.1\nport = ${ports.gateway}\n`;
      site = new Site(KEYS + listen);
      await site.json('init');
      await site.up();
      token = (await site.json('token', 'issue', '--user', 'u1')).token;
      proxy = await ReverseProxy.start(kind, site, ports);
    }, 90_000);
    afterAll(async () => {
      await proxy?.end();
      await site.dispose();
    });

    const ask = (target: string, headers = {}): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        const url = `https://localhost:${ports.tls}${target}`;
        get(url, { ca: TEST_CERTIFICATE, headers, agent: false }, resolve).once('error', reject);
      });

    it('passes wss:// on, tells clients of a restart, and lets them come back to what they missed', async () => {
      const events = connect({
        url: `wss://localhost:${ports.tls}/ws`,
        ...{ token, WebSocket: Trusting, minDelayMs: 20, maxDelayMs: 500 },
      });
      try {
        const heard: unknown[] = [];
        const subscription = events.attach({ type: 'issueUpdate', id: 'p.1' }, ({ data }) =>
          heard.push(...data),
        );
        await subscription.attached;
        await site.api.publish({ type: 'issueUpdate', id: 'p.1', data: [1] });
        await expect.poll(() => heard, POLL).toEqual([1]);
        closes.length = 0;
        const restarted = await site.run(['web_socket', 'restart', '--rolling']);
        expect(restarted.exitCode, restarted.stderr).toBe(0);
        await site.api.publish({ type: 'issueUpdate', id: 'p.1', data: [2] });
        await expect.poll(() => heard, POLL).toEqual([1, 2]);
        expect(closes).toContain(1012);
      } finally {
        events.close();
      }
    });

    it('passes each server-sent event on at once, and the end of the client too', async () => {
      const query = '/events?type=issueUpdate&id=p.2';
      const answer = await ask(query, { authorization: `Bearer ${token}` });
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['content-type']).toMatch(/^text\/event-stream/);
      let text = '';
      answer.setEncoding('utf8').on('data', (more: string) => {
        text += more;
      });
      // The next one is published only when this one is here: a proxy that gathers would never get on.
      for (const number of [1, 2, 3]) {
        const data = [{ number }];
        await site.api.publish({ type: 'issueUpdate', id: 'p.2', data });
        await until(() => text.includes(JSON.stringify(data)), `event ${number}; ${text}`);
      }
      const streams = async (): Promise<number> => {
        const { connections } = await site.json('connections', 'list');
        return connections.filter((one: { protocol: string }) => one.protocol === 'sse').length;
      };
      expect(await streams()).toBe(1);
      answer.destroy();
      await until(async () => (await streams()) === 0, 'the gateway knows that the client went');
    });

    it('serves the client library, and nothing of the control API', async () => {
      const library = await ask('/sdk/taskbell.js');
      expect(library.statusCode).toBe(200);
      expect(library.headers['content-type']).toMatch(/^text\/javascript/);
      library.resume();
      for (const target of ['/', '/healthz', '/metrics', '/v1/status', '/ws/more', '/sdk/']) {
        const { statusCode } = (await ask(target)).resume();
        expect(statusCode, target).toBe(404);
      }
      const refused = (await ask('/events?type=issueUpdate&id=p.2')).resume();
      expect(refused.statusCode).toBe(401);
    });

    if (kind === NGINX)
      it('sends who comes without TLS to the port with it', async () => {
        const { statusCode, headers } = await new Promise<IncomingMessage>((resolve, reject) => {
          const url = `http://localhost:${ports.plain}/sdk/taskbell.js`;
          getPlain(url, { family: 4 }, resolve).once('error', reject);
        }).then((answer) => answer.resume());
        expect(statusCode).toBe(301);
        expect(headers.location).toBe('https://localhost/sdk/taskbell.js');
      });
  });
}

const root = path.resolve(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(path.join(root, name), 'utf8');

it.each(['examples/nginx/taskbell.conf', 'examples/caddy/Caddyfile'])(
  'the documentation shows %s as it is tried here',
  (name) => {
    expect(read('docs/deployment.md')).toContain(`\n${read(name)}\`\`\`\n`);
  },
);

it('nginx waits longer for a sign of life than the time between two pings', () => {
  const [, seconds] = /^pingInterval = (\d+)s$/m.exec(read('config.ini.example')) ?? [];
  const waits = [
    ...read('examples/nginx/taskbell.conf').matchAll(/proxy_read_timeout (\d+)s;/g),
  ].map(([, text]) => Number(text));
  expect(waits).toHaveLength(2);
  for (const wait of waits) expect(wait).toBeGreaterThan(2 * Number(seconds));
});
