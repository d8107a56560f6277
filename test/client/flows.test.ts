/** Flows and batches through the client library, against a small control server. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type TaskbellClient } from '../../src/client/client.ts';
import { ControlServer } from './control-server.ts';

let server: ControlServer;
let client: TaskbellClient;

beforeEach(async () => {
  server = await ControlServer.create();
  client = connect({ socket: server.socketPath });
});
afterEach(async () => {
  await client.close();
  await server.dispose();
});

const posts = () => server.asked.filter(({ method }) => method === 'POST');

test('a flow travels as one request and comes back by its refs', async () => {
  const flow = [
    { type: 'fetch', ref: 'a' },
    { type: 'log' },
    { type: 'parse', ref: 'b', after: ['a'] },
  ];
  const jobs = await client.addFlow(flow);
  expect(posts()).toMatchObject([{ path: '/v1/jobs', body: flow }]);
  expect(Object.entries(jobs).map(([ref, { id }]) => [ref, id])).toEqual([
    ['a', '1'],
    ['b', '3'],
  ]);
});

test('an add with a ref is not gathered with others, whose refs it would share', async () => {
  await Promise.all([
    client.add('mail', 1, { ref: 'a' }),
    client.add('mail', 2, { ref: 'a' }),
    client.add('mail', 3, { after: ['1'] }),
    client.add('mail', 4),
  ]);
  const sizes = posts().map(({ body }) => (Array.isArray(body) ? body.length : 1));
  expect(sizes.sort()).toEqual([1, 1, 2]);
});

test('a batch has its own route, and a key that makes it safe to repeat', async () => {
  server.routes.set('POST /v1/batches', () => ({ callback: { id: '3' }, jobs: ['1', '2'] }));
  const batch = { jobs: [{ type: 'mail' }, { type: 'mail' }], callback: { type: 'sum' } };
  expect(await client.addBatch(batch)).toMatchObject({ callback: { id: '3' }, jobs: ['1', '2'] });
  expect(posts()).toMatchObject([{ body: batch, idempotencyKey: expect.stringMatching(/.{30}/) }]);
  const many = { ...batch, jobs: Array.from({ length: 10_001 }, () => ({ type: 'mail' })) };
  await expect(client.addBatch(many)).rejects.toMatchObject({ code: 'E_PAYLOAD_TOO_LARGE' });
  expect(posts()).toHaveLength(1);
});

test('the jobs around one are asked for by its id', async () => {
  const relatives = { dependencies: [], dependents: [] };
  server.routes.set('GET /v1/jobs/:id/dependencies', () => relatives);
  expect(await client.relatives('a/b')).toEqual(relatives);
  expect(server.asked.at(-1)?.path).toBe('/v1/jobs/a%2Fb/dependencies');
});

test('a retry asks for the dependents only when it is told to', async () => {
  server.addJob({ type: 'mail' });
  await client.retry('1');
  await client.retry('1', { dependents: true });
  expect(posts().map(({ query }) => query.get('dependents'))).toEqual([null, 'true']);
});
