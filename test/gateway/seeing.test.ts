/** What operators see of clients over the control API, with real gateways behind a real core. */
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { ConnectionView } from '../../src/protocol/gateways.ts';
import { parseMetrics } from '../core/prometheus-text.ts';
import { tokenFor } from './gateway-fixture.ts';
import { GatewaysOnCore } from './gateways-on-core.ts';

let stand: GatewaysOnCore;

beforeEach(async () => {
  stand = await GatewaysOnCore.start(2);
});
afterEach(() => stand.dispose());

const OK = { status: 200, message: 'Ok', code: 0 };

async function attach(
  client: Awaited<ReturnType<GatewaysOnCore['connect']>>,
  type: string,
  id: string,
) {
  const reply = JSON.parse(await client.ask({ action: 'attach', event: { type, id } }));
  expect(reply).toMatchObject(OK);
}

async function list(query = ''): Promise<readonly ConnectionView[]> {
  const { status, body } = await stand.core.get(`/v1/connections${query}`);
  expect(status).toBe(200);
  expect(body.silent).toEqual([]);
  return body.connections;
}

describe('the list of connections', () => {
  test('shows those of all gateways with what is known of each', async () => {
    const ada = await stand.connect('ada', 0);
    await attach(ada, 'job', '1');
    await attach(ada, 'issueUpdate', '*');
    const bob = await stand.gateways[1]?.connect();
    await bob?.attach(tokenFor('bob'), 'job', '1');
    await stand.gateways[1]?.connect();
    const connections = await list();
    expect(connections).toHaveLength(3);
    const byUser = new Map(connections.map((one) => [one.user, one]));
    expect(byUser.get('ada')).toMatchObject({
      ...{ address: '127.0.0.1', protocol: 'v2', subscriptions: 2, unreadBytes: 0 },
      since: expect.stringMatching(/^\d{4}-.*Z$/),
      lastHeard: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(byUser.get('bob')).toMatchObject({ protocol: 'v1', subscriptions: 1 });
    expect(byUser.get(null)).toMatchObject({ protocol: 'v1', subscriptions: 0 });
    for (const { id, gateway } of connections) expect(id.startsWith(`${gateway}.`)).toBe(true);
    expect(byUser.get('ada')?.gateway).not.toBe(byUser.get('bob')?.gateway);
  });

  test('finds those of a user, and those that get a topic, by a pattern too', async () => {
    const ada = await stand.connect('ada', 0);
    await attach(ada, 'issueUpdate', 'proj.*');
    const bob = await stand.connect('bob', 1);
    await attach(bob, 'issueUpdate', 'proj.7');
    await stand.connect('ada', 1);
    const users = async (query: string) => (await list(query)).map(({ user }) => user).sort();
    expect(await users('?user=ada')).toEqual(['ada', 'ada']);
    expect(await users('?type=issueUpdate&id=proj.7')).toEqual(['ada', 'bob']);
    expect(await users('?type=issueUpdate&id=proj.8')).toEqual(['ada']);
    expect(await users('?type=issueUpdate&id=proj.7&user=bob')).toEqual(['bob']);
    expect(await users('?user=nobody')).toEqual([]);
  });

  test('comes in pages that together have each connection once, over gateways', async () => {
    for (let n = 0; n < 7; n += 1) await stand.connect(`u${n}`, n % 2);
    const all = (await list()).map(({ id }) => id);
    expect(new Set(all).size).toBe(7);
    for (const limit of [1, 2, 3, 4, 6, 7]) {
      const paged: string[] = [];
      let next: string | null = '';
      while (next !== null) {
        const { body } = await stand.core.get(`/v1/connections?limit=${limit}&after=${next}`);
        expect(body.connections.length).toBeLessThanOrEqual(limit);
        paged.push(...body.connections.map(({ id }: ConnectionView) => id));
        next = body.next;
      }
      expect(paged).toEqual(all);
    }
  });

  test.each(['?limit=0', '?limit=1001', '?after=x', '?type=job', '?id=1'])(
    'refuses %s in words',
    async (query) => {
      const { status, body } = await stand.core.get(`/v1/connections${query}`);
      expect(status).toBe(400);
      expect(body.code).toBe('E_INVALID_REQUEST');
    },
  );
});

describe('closing', () => {
  test('one ends it with 4403 and leaves the others', async () => {
    const ada = await stand.connect('ada', 0);
    const bob = await stand.connect('bob', 1);
    const [found] = await list('?user=bob');
    const { body } = await stand.core.ask('DELETE', `/v1/connections/${found?.id}`);
    expect(body).toEqual({ closed: 1, silent: [] });
    expect(await bob.closed).toEqual({ code: 4403, reason: 'closed by an operator' });
    expect(JSON.parse(await ada.ask({ action: 'ping' }))).toMatchObject(OK);
    await expect.poll(async () => (await list()).length, { timeout: 20_000 }).toBe(1);
  });

  test('those of a user reaches every gateway, and may ask them to come back', async () => {
    const clients = [await stand.connect('ada', 0), await stand.connect('ada', 1)];
    const other = await stand.connect('bob', 1);
    const target = '/v1/connections?user=ada&comeBack=true';
    expect((await stand.core.ask('DELETE', target)).body).toEqual({ closed: 2, silent: [] });
    for (const client of clients) {
      const { code, reason } = await client.closed;
      expect(code).toBe(1012);
      expect(JSON.parse(reason).retry).toBeGreaterThan(0);
    }
    expect(JSON.parse(await other.ask({ action: 'ping' }))).toMatchObject(OK);
    expect((await stand.core.ask('DELETE', target)).body.closed).toBe(0);
  });

  test('what is not there is said, and so is a request that names nobody', async () => {
    const unknown = await stand.core.ask('DELETE', '/v1/connections/abc.12');
    expect(unknown).toMatchObject({ status: 404, body: { code: 'E_NOT_FOUND' } });
    const [gateway] = (await list()).map((one) => one.gateway);
    expect(gateway).toBeUndefined();
    expect((await stand.core.ask('DELETE', '/v1/connections')).status).toBe(400);
  });
});

describe('topics', () => {
  test('are counted over all gateways, the largest first', async () => {
    for (const n of [0, 1]) {
      const client = await stand.connect(`u${n}`, n);
      await attach(client, 'job', '1');
      if (n === 0) await attach(client, 'job', '2');
      else await attach(client, 'issueUpdate', 'proj.*');
    }
    const { body } = await stand.core.get('/v1/events/topics');
    expect(body).toEqual({
      topics: [
        { type: 'job', id: '1', subscribers: 2 },
        { type: 'issueUpdate', id: 'proj.*', subscribers: 1 },
        { type: 'job', id: '2', subscribers: 1 },
      ],
      ...{ total: 4, silent: [] },
    });
    const some = await stand.core.get('/v1/events/topics?type=job&limit=1');
    expect(some.body).toMatchObject({
      topics: [{ type: 'job', id: '1', subscribers: 2 }],
      total: 3,
    });
  });
});

test('the status adds up the connections and subscriptions of all gateways', async () => {
  const ada = await stand.connect('ada', 0);
  await attach(ada, 'job', '1');
  await stand.connect('bob', 1);
  const figures = async () => (await stand.core.get('/v1/status')).body.subscribers;
  // A gateway that is slow to answer is left out.
  await expect.poll(figures, { timeout: 20_000 }).toMatchObject({
    ...{ gateways: 2, silent: 0, connections: 2, subscriptions: 1, lag: 0 },
  });
  await stand.gateways[1]?.close();
  await expect.poll(figures, { timeout: 20_000 }).toMatchObject({
    ...{ gateways: 1, silent: 0, connections: 1, subscriptions: 1, lag: 0 },
  });
});

async function metrics() {
  const asking = request({ socketPath: stand.core.socketPath, path: '/metrics' }).end();
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    asking.once('response', resolve).once('error', reject);
  });
  expect(response.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  const families = parseMetrics(await text(response));
  return (name: string) => families.get(`taskbell_${name}`)?.samples ?? [];
}

function sumOf(samples: readonly { readonly value: number }[]): number {
  return samples.reduce((sum, { value }) => sum + value, 0);
}

describe('the metrics', () => {
  test('count what is connected, attached, delivered and closed', async () => {
    const [ada, bob] = [await stand.connect('ada', 0), await stand.connect('bob', 1)];
    for (const client of [ada, bob]) await attach(client, 'issueUpdate', '1');
    await stand.core.post('/v1/events', { type: 'issueUpdate', id: '1', data: [1] });
    for (const client of [ada, bob]) expect(JSON.parse(await client.next()).data).toEqual([1]);
    await stand.core.ask('DELETE', '/v1/connections?user=bob');
    await bob.closed;
    const up = async () => sumOf((await metrics())('gateway_up'));
    await expect.poll(up, { timeout: 20_000 }).toBe(2);
    const figures = await metrics();
    expect(figures('gateways')).toEqual([{ labels: {}, value: 2 }]);
    expect(sumOf(figures('gateway_up'))).toBe(2);
    expect(sumOf(figures('gateway_connections_opened_total'))).toBe(2);
    expect(sumOf(figures('gateway_subscriptions'))).toBe(1);
    expect(sumOf(figures('gateway_events_total'))).toBe(2);
    expect(sumOf(figures('gateway_deliveries_total'))).toBe(2);
    expect(figures('gateway_connections_closed_total')).toMatchObject([
      { labels: { reason: '4403' }, value: 1 },
    ]);
    expect(figures('log_position')).toEqual([{ labels: {}, value: 1 }]);
  });

  test('and the list say how much a client has not read', async () => {
    await stand.add({ limits: { maxUnread: 512 * 1_048_576, maxUnreadTime: 3_600_000 } });
    const ada = await stand.connect('ada', 2);
    await attach(ada, 'issueUpdate', '1');
    ada.transport.pause();
    const event = { type: 'issueUpdate', id: '1', data: ['x'.repeat(900_000)] };
    const unread = async () => {
      await stand.core.post('/v1/events', event);
      return (await list('?user=ada'))[0]?.unreadBytes;
    };
    await expect.poll(unread, { timeout: 20_000 }).toBeGreaterThan(0);
    const told = async () => sumOf((await metrics())('gateway_unread_bytes'));
    await expect.poll(told, { timeout: 20_000 }).toBeGreaterThan(0);
  });

  test('tell the lag of a gateway that reads nothing, and that it does not answer', async () => {
    // Follows from the first row on and takes nothing: the rest of the log stays unsent.
    const query = 'role=gateway&name=stuck&pid=1';
    const stuck = new WebSocket(`ws+unix:${stand.core.socketPath}:/v1/events?${query}`);
    await new Promise((resolve) => stuck.once('open', resolve));
    const attached = new Promise((resolve) => stuck.once('message', resolve));
    stuck.send(JSON.stringify({ action: 'attach', events: [{ type: '*', id: '*' }] }));
    await attached;
    stuck.pause();
    const data = ['x'.repeat(500_000)];
    for (let n = 0; n < 12; n += 1) {
      await stand.core.post('/v1/events', { type: 'issueUpdate', id: '1', data });
    }
    const figures = await metrics();
    const lagOf = (cursor: string) =>
      figures('cursor_lag_events').find(({ labels }) => labels.cursor === cursor)?.value;
    expect(lagOf('gateway:stuck')).toBeGreaterThan(0);
    expect(figures('gateway_up')).toContainEqual({ labels: { gateway: 'stuck' }, value: 0 });
    stuck.terminate();
  });
});
