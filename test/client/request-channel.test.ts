import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type TaskbellClient } from '../../src/client/client.ts';
import { ControlHttp } from '../../src/client/control-http.ts';
import { RequestChannel } from '../../src/client/request-channel.ts';
import { TaskbellError } from '../../src/protocol/errors.ts';
import { ControlServer } from './control-server.ts';

const PATIENT = { timeout: 20_000 };

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

const requestUpgrades = () => server.upgrades.filter(({ pathname }) => pathname === '/v1/requests');

/** Adds until one went over the WebSocket. */
async function openStream(): Promise<void> {
  await client.add('opening');
  const before = server.frames.length;
  const addOne = async () => {
    await client.add('opening');
    return server.frames.length;
  };
  await expect.poll(addOne, PATIENT).toBeGreaterThan(before);
}

/** The next add is heard of, and gets no answer. */
function swallowAdd(): Promise<void> {
  return new Promise((heard) => {
    const route = server.routes.get('POST /v1/jobs') as () => unknown;
    server.routes.set('POST /v1/jobs', () => {
      server.routes.set('POST /v1/jobs', route);
      heard();
      return new Promise(() => undefined);
    });
  });
}

test('the first add opens no connection beside HTTP; later ones go over one WebSocket', async () => {
  await client.add('mail', 1);
  expect(server.upgrades).toEqual([]);
  await openStream();
  const sent = server.frames.length;
  const added = [
    await client.add('mail', 2),
    ...(await client.addMany([{ type: 'a' }, { type: 'b' }])),
    ...Object.values(await client.addFlow([{ type: 'c', ref: 'c' }])),
  ];
  expect(server.frames.length).toBe(sent + 3);
  expect(added.map(({ type }) => type)).toEqual(['mail', 'a', 'b', 'c']);
  expect(requestUpgrades()).toHaveLength(1);
});

test('calls made in order are sent in order', async () => {
  await openStream();
  const from = server.jobs.size;
  const adding = Array.from({ length: 50 }, (_, n) => client.addMany([{ type: 'n', payload: n }]));
  await Promise.all(adding);
  const payloads = [...server.jobs.values()].slice(from).map(({ payload }) => payload);
  expect(payloads).toEqual(Array.from({ length: 50 }, (_, n) => n));
});

test('a refusal is the error that HTTP gives, and fails nobody else', async () => {
  const overHttp = await client.add('unknown').catch((error: unknown) => error);
  await openStream();
  const sent = server.frames.length;
  const adding = [client.add('mail', 'ä🔔'), client.add('unknown')];
  const [good, bad] = await Promise.allSettled(adding);
  expect(good).toMatchObject({ status: 'fulfilled', value: { type: 'mail' } });
  const { reason } = bad as PromiseRejectedResult;
  expect(reason).toBeInstanceOf(TaskbellError);
  expect(reason).toEqual(overHttp);
  expect(server.frames.length).toBeGreaterThan(sent);
});

test('an add whose connection broke is asked again under its key', async () => {
  await openStream();
  const heard = swallowAdd();
  const adding = client.add('second');
  await heard;
  server.dropAskers();
  expect(await adding).toMatchObject({ type: 'second' });
  const [lost, repeated] = server.asked.slice(-2);
  expect(repeated?.idempotencyKey).toBe(lost?.idempotencyKey);
  expect(repeated?.body).toEqual(lost?.body);
  await openStream();
  expect(requestUpgrades()).toHaveLength(2);
});

test('each of many adds under way is asked again when the connection breaks', async () => {
  await openStream();
  const first = swallowAdd();
  const adding = [client.addMany([{ type: 'n', payload: 0 }])];
  await first;
  const second = swallowAdd();
  adding.push(client.addMany([{ type: 'n', payload: 1 }]));
  await second;
  server.dropAskers();
  expect((await Promise.all(adding)).map((jobs) => jobs.length)).toEqual([1, 1]);
});

test('an add whose connection broke, and who finds nobody again, may have been done', async () => {
  await openStream();
  const heard = swallowAdd();
  const adding = client.add('second').catch((reason: unknown) => reason);
  await heard;
  await server.goAway();
  const error = (await adding) as TaskbellError;
  expect(error).toMatchObject({ code: 'E_DAEMON_UNREACHABLE' });
  expect(error.message).toContain('may have been done or not');
  await server.listen();
});

test('a core that is not ready is asked again until it is', async () => {
  await openStream();
  const route = server.routes.get('POST /v1/jobs') as () => unknown;
  let refusals = 3;
  server.routes.set('POST /v1/jobs', (...asked: Parameters<typeof route>) => {
    refusals -= 1;
    if (refusals >= 0) throw new TaskbellError('E_UNAVAILABLE', 'Starting.');
    return route(...asked);
  });
  expect(await client.add('mail')).toMatchObject({ type: 'mail' });
});

test('a daemon without the stream is asked for it once, and gets its adds over HTTP', async () => {
  server.takesFrames = false;
  for (let n = 0; n < 20; n += 1) await client.add('mail', n);
  await expect.poll(() => requestUpgrades().length, PATIENT).toBe(1);
  await new Promise((resolve) => setImmediate(resolve));
  for (let n = 0; n < 20; n += 1) await client.add('mail', n);
  expect(server.jobs.size).toBe(40);
  expect(requestUpgrades()).toHaveLength(1);
});

test('a proxy that has no daemon behind it for a moment is asked for the stream again', async () => {
  server.refuseUpgradeWith = 502;
  await client.add('mail');
  await client.add('mail');
  await expect.poll(() => server.refusedUpgrades, PATIENT).toBe(1);
  server.refuseUpgradeWith = 0;
  await openStream();
});

test.each(['nonsense', '[]', 'null', '{"rid":"1","status":200}'])(
  'a peer that answers %s is left for HTTP',
  async (text) => {
    await openStream();
    const heard = swallowAdd();
    const adding = client.add('mail');
    await heard;
    server.sayToAskers(text);
    expect(await adding).toMatchObject({ type: 'mail' });
    await expect.poll(() => server.frameSocketCount, PATIENT).toBe(0);
  },
);

test('an answer to nobody is let pass', async () => {
  await openStream();
  server.sayToAskers('{"rid":99999,"status":201,"body":{}}');
  await client.add('mail');
  expect(server.frameSocketCount).toBe(1);
});

test('closing ends the connection', async () => {
  await openStream();
  await client.close();
  await expect.poll(() => server.frameSocketCount, PATIENT).toBe(0);
});

test('closing lets an add that is under way be answered', async () => {
  await openStream();
  let answer: (job: unknown) => void = () => undefined;
  const heard = new Promise<void>((resolve) => {
    server.routes.set('POST /v1/jobs', () => {
      resolve();
      return new Promise((answered) => {
        answer = answered;
      });
    });
  });
  const sent = server.frames.length;
  const adding = client.add('mail');
  await heard;
  await client.close();
  answer({ id: 'late' });
  expect(await adding).toEqual({ id: 'late' });
  expect(server.frames.length).toBe(sent + 1);
  await expect.poll(() => server.frameSocketCount, PATIENT).toBe(0);
});

test('a connection that is opening when the client is closed ends, too', async () => {
  await client.add('mail');
  await client.add('mail');
  await client.close();
  await expect.poll(() => server.frameSocketCount, PATIENT).toBe(0);
});

test('an answer that does not come in time is E_TIMEOUT, and a silent connection is given up', async () => {
  const address = { socketPath: server.socketPath };
  const http = new ControlHttp(address, 3_000);
  const channel = new RequestChannel(address, http, 200);
  let n = 0;
  const ask = () => {
    n += 1;
    const body = JSON.stringify({ type: `t${n}` });
    return channel.call({ method: 'POST', path: '/v1/jobs', body, idempotencyKey: `key-${n}` });
  };
  await ask();
  const askOne = async () => {
    await ask();
    return server.frames.length;
  };
  await expect.poll(askOne, PATIENT).toBeGreaterThan(0);
  const heard = swallowAdd();
  const adding = ask().catch((error: unknown) => error);
  await heard;
  expect(await adding).toMatchObject({
    code: 'E_TIMEOUT',
    message: expect.stringMatching(/did not answer POST \/v1\/jobs within 0\.2 s/),
  });
  await expect.poll(() => server.frameSocketCount, PATIENT).toBe(0);
  expect(await ask()).toMatchObject({ type: `t${n}` });
  channel.close();
  http.close();
});
