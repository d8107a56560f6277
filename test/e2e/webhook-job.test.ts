/** Web hooks and the words of a handler through the real service, with a receiver that checks signatures. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { outcomes, Site } from './daemon.ts';

const KEY = Buffer.alloc(32, 9);
const received: { readonly headers: IncomingHttpHeaders; readonly signed: boolean }[] = [];

const server = createServer(async (request, response) => {
  const { headers } = request;
  let body = '';
  for await (const chunk of request) body += chunk;
  const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const signature = `v1,${createHmac('sha256', KEY).update(text).digest('base64')}`;
  received.push({ headers, signed: headers['webhook-signature'] === signature });
  const { payload, attempt } = JSON.parse(body);
  if (payload.busy && attempt === 1) response.writeHead(503, { 'retry-after': '0' }).end();
  else
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ payload, attempt }));
});

const site = new Site();

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  site.write('hook-secret', `whsec_${KEY.toString('base64')}\n`);
  site.write(
    'jobs/later.mjs',
    `export default { retries: 0, run(until, { attempt, snooze }) {
       if (attempt < until) snooze('10ms');
       return attempt;
     } };`,
  );
  site.configure(`
[job:notify]
url = http://localhost:${port}/hook
secretFile = hook-secret
header.X-Team = blue
allowPrivateHosts = localhost

[job:metadata]
url = http://127.0.0.1:${port}/
retries = 5
`);
  await site.up();
});

afterAll(async () => {
  await site.dispose();
  server.closeAllConnections();
  server.close();
});

test('a web hook gets its job signed, and its answer is the result of the job', async () => {
  const job = await site.json('job', 'add', 'notify', '{"a":[1]}', '--wait');
  expect(job).toMatchObject({ state: 'succeeded', result: { payload: { a: [1] }, attempt: 1 } });
  expect(received).toMatchObject([
    { signed: true, headers: { 'webhook-id': `job_${job.id}`, 'x-team': 'blue' } },
  ]);
});

test('a web hook that is busy is called again, under the same id', async () => {
  const { id } = await site.api.add('notify', { busy: true });
  const job = await site.api.wait(id);
  expect(job).toMatchObject({ state: 'succeeded', result: { attempt: 2 } });
  expect(outcomes(job)).toEqual(['error', 'succeeded']);
  expect(received.slice(-2).map(({ headers }) => headers['webhook-id'])).toEqual([
    ...[`job_${id}`, `job_${id}`],
  ]);
});

test('a web hook at a private address is refused for good, and nothing is sent', async () => {
  const before = received.length;
  const { id } = await site.api.add('metadata');
  const job = await site.api.wait(id);
  expect(job).toMatchObject({
    state: 'failed',
    reason: 'error',
    error: { name: 'WebhookRefused' },
  });
  expect(outcomes(job)).toEqual(['error']);
  expect(received).toHaveLength(before);
});

test('a handler that snoozes is called again, without a retry being spent', async () => {
  const { id } = await site.api.add('later', 3);
  const job = await site.api.wait(id);
  expect(job).toMatchObject({ state: 'succeeded', result: 3 });
  expect(outcomes(job)).toEqual(['snoozed', 'snoozed', 'succeeded']);
});
