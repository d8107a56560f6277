/** An edge: gateways that follow a core over TCP with its token, and go on from their cursor when it restarts. */
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/client/client.ts';
import { ControlHttp } from '../../src/client/control-http.ts';
import { signal } from '../../src/process/process-identity.ts';
import type { EventPage } from '../../src/protocol/events.ts';
import { ResumingClient } from '../gateway/v2-client.ts';
import { type Daemon, Site, until } from './daemon.ts';
import { freePort } from './free-port.ts';
import { Subscriber } from './subscriber.ts';
import { TEST_CERTIFICATE, TlsProxy } from './tls-proxy.ts';

const AUTH = '[auth]\npublicKeyFile = ./keys/public.pem\nprivateKeyFile = ./keys/private.pem\n';
const TOPIC = { type: 'issueUpdate', id: 'i1' };

let core: Site;
let edge: Site;
afterEach(() => Promise.all([core.dispose(), edge.dispose()]));

interface Opened {
  readonly daemon: Daemon;
  readonly url: string;
  readonly token: string;
  /** Where the edge serves events. */
  readonly port: number;
}

/** A core, and what an edge of it needs; the edge itself is not started. */
async function open(apiKeys = ''): Promise<Opened> {
  const [api, port] = [await freePort(), await freePort()];
  core = new Site(`[api]\naddress = 127.0.0.1\nport = ${api}\n${apiKeys}${AUTH}`);
  edge = new Site(`[webSocketEvents]\naddress = 127.0.0.1\nport = ${port}\n${AUTH}`);
  await core.run(['init']);
  mkdirSync(edge.path('keys'));
  cpSync(core.path('keys'), edge.path('keys'), { recursive: true });
  const daemon = await core.up();
  edge.write('edge-token', readFileSync(`${core.dataDirectory}/edge-token`));
  const { token } = await core.json('token', 'issue', '--user', 'ada');
  return { daemon, url: `http://127.0.0.1:${api}`, token, port };
}

async function readLog(): Promise<EventPage['events']> {
  const http = new ControlHttp({ socketPath: core.socket }, 5_000);
  const path = `/v1/events?type=${TOPIC.type}&limit=1000&since=0`;
  const page = (await http.call({ method: 'GET', path })) as EventPage;
  http.close();
  return page.events;
}

function edgeOf(url: string): readonly string[] {
  return ['web_socket', 'edge', '--core', url, '--token-file', 'edge-token'];
}

test('a core that is killed while events are published: no subscriber of the edge misses or repeats one', async () => {
  const { daemon, url, token, port } = await open();
  await edge.up(edgeOf(url));
  const { gateway, processes } = await core.api.status();
  expect(gateway?.port).not.toBe(port);
  expect(processes.filter(({ role }) => role === 'gateway')).toMatchObject([{}, { pid: null }]);
  const v1 = await Subscriber.at(port, token);
  expect(await v1.ask('attach', TOPIC.type, TOPIC.id)).toBe(
    '{"status":200,"message":"Ok","code":0}',
  );
  const v2 = [0, 1].map(
    () => new ResumingClient(() => `ws://127.0.0.1:${port}/ws`, token, [TOPIC]),
  );
  onTestFinished(() => {
    for (const client of v2) client.stop();
  });
  for (const client of v2) client.start();
  const publisher = connect({ socket: core.socket, patienceMs: 60_000 });
  onTestFinished(() => publisher.close());
  const publish = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) await publisher.publish({ ...TOPIC, data: [n] });
  };
  await publish(50);
  const storm = publish(300);
  await until(() => v1.pushes.length > 100, 'the storm has begun', 30_000);
  signal(await daemon.pidOf('core'), 'SIGKILL');
  await storm;
  const events = await readLog();
  const seqs = events.map(({ seq }) => seq);
  await until(() => v2.every(({ since }) => since === seqs.at(-1)), 'all has come', 30_000);
  for (const client of v2) {
    expect(client.faults).toEqual([]);
    expect(client.seen).toEqual(seqs);
  }
  await v1.until(() => v1.pushes.length >= events.length);
  expect(v1.pushes).toEqual(events.map(({ data }) => JSON.stringify({ ...TOPIC, data })));
  // The core's end is no reason for the edge to let go of anybody.
  await v1.close();
});

test('an edge may be started before its core, and one with a wrong token says so and ends', async () => {
  const { daemon, url, token, port } = await open();
  await daemon.stop();
  const early = edge.start(edgeOf(url));
  await until(
    () => early.log.some(({ msg }) => msg === 'gateway listening'),
    'the edge has its port',
    25_000,
  );
  await core.up();
  await early.ready();
  const v1 = await Subscriber.at(port, token);
  expect(await v1.ask('attach', TOPIC.type, TOPIC.id)).toContain('"code":0');
  await v1.close();
  expect(await early.stop()).toBe(0);
  edge.write('edge-token', 'not the token\n');
  const malformed = await edge.run(edgeOf(url));
  expect(malformed).toMatchObject({ exitCode: 78 });
  expect(malformed.stderr).toContain('[edge] tokenFile: expected one token');
  edge.write('edge-token', 'wrong\n');
  const refused = await edge.run(edgeOf(url));
  expect(refused.exitCode).toBe(77);
  expect(refused.stderr).toContain('refused the token');
}, 120_000);

test('an edge without a core or a token says what it needs', async () => {
  core = new Site();
  edge = new Site();
  const without = await edge.run(['web_socket', 'edge']);
  expect(without.exitCode).toBe(64);
  expect(without.stderr).toContain('--core, or [edge] core');
  const half = await edge.run(['web_socket', 'edge', '--core', 'http://127.0.0.1:1']);
  expect(half.stderr).toContain('--token-file, or [edge] tokenFile');
});

test('an edge follows its core through a proxy with TLS, and only where it trusts its certificate', async () => {
  const { url, token, port } = await open('hosts = *\n');
  const proxy = await TlsProxy.before(Number(new URL(url).port));
  onTestFinished(() => proxy.close());
  edge.write('core-ca.pem', 'no certificate\n');
  const trusting = [...edgeOf(proxy.url), '--ca-file', 'core-ca.pem'];
  const malformed = await edge.run(trusting);
  expect(malformed).toMatchObject({ exitCode: 78 });
  expect(malformed.stderr).toContain('[edge] caFile: expected certificates');
  // Node knows no authority that signed it.
  const distrusting = edge.start(edgeOf(proxy.url));
  const isSaid = () => distrusting.log.some(({ err }) => err?.message?.includes('self-signed'));
  await until(isSaid, 'it says that the certificate is not trusted', 25_000);
  expect(await distrusting.stop()).toBe(0);
  expect(proxy.passed).toEqual([]);
  edge.write('core-ca.pem', TEST_CERTIFICATE);
  await edge.up(trusting);
  const client = new ResumingClient(() => `ws://127.0.0.1:${port}/ws`, token, [TOPIC]);
  onTestFinished(() => client.stop());
  await core.api.publish({ ...TOPIC, data: ['before'] });
  client.start();
  // History, and what is followed.
  await until(() => client.seen.length === 1, 'what was published before has come', 30_000);
  await core.api.publish({ ...TOPIC, data: ['live'] });
  await until(() => client.seen.length === 2, 'what is published then comes', 30_000);
  expect(client.faults).toEqual([]);
  expect(proxy.passed.some((target) => target === '/v1/events/history')).toBe(true);
  expect(proxy.passed.some((target) => target.startsWith('/v1/events?role=gateway'))).toBe(true);
}, 120_000);
