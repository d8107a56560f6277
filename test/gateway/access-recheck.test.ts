/** What happens to live subscriptions when the rights of their user change, over a real gateway and a real core. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AwakeCore } from '../core/awake-core.ts';
import { type Client, GatewayFixture, tokenFor } from './gateway-fixture.ts';
import { allow, deny, HookService } from './hook-service.ts';
import { SseClient } from './sse-client.ts';
import { ask, connectV2 } from './v2-client.ts';

const OK = '{"status":200,"message":"Ok","code":0}';
const NO_ACCESS = '{"status":400,"message":"Not access for dataset","code":4}';
const WITHDRAWN = { code: 4403, reason: 'access was withdrawn' };
const auth = tokenFor('ada');

let core: AwakeCore;
let gateway: GatewayFixture;
beforeEach(async () => {
  core = await AwakeCore.start('[access]\nusers = directory\ndatasets = directory\n');
  gateway = new GatewayFixture();
  await core.post('/v1/users', { id: 'ada' });
  await core.post('/v1/users', { id: 'eve' });
});
afterEach(async () => {
  await gateway.close();
  await core.dispose();
});

async function start(): Promise<void> {
  const access = { users: 'directory', datasets: 'directory' } as const;
  await gateway.create({ controlSocket: core.socketPath, access }).start();
}

const grant = (id: string, user = 'ada') =>
  core.post('/v1/grants', { user, type: 'issueUpdate', id });
const revoke = (id: string, user = 'ada') =>
  core.ask('DELETE', '/v1/grants', JSON.stringify({ user, type: 'issueUpdate', id }));
const idOf = (question: unknown) => (question as { readonly id?: string }).id;
const publish = (id: string, data: readonly unknown[] = []) =>
  core.post('/v1/events', { type: 'issueUpdate', id, data });
const attachV2 = (client: Client, id: string) =>
  ask(client, { auth, action: 'attach', event: { type: 'issueUpdate', id } });

describe('many topics of one request', () => {
  it('are judged together, and the runtime warns of nothing', async () => {
    await start();
    const warnings: Error[] = [];
    const warn = (warning: Error): number => warnings.push(warning);
    process.on('warning', warn);
    const client = await connectV2(gateway);
    const events = Array.from({ length: 40 }, (_, n) => ({ type: 'job', id: `${n}` }));
    // Whose each of them is, the core is asked.
    expect(await ask(client, { auth, action: 'attach', events })).toMatchObject({ code: 4 });
    const topics = events.map(({ id }) => `topic=job/${id}`).join('&');
    const headers = { authorization: `Bearer ${auth}` };
    const stream = new SseClient(gateway.port, `/events?${topics}`, headers);
    expect((await stream.answered).status).toBe(403);
    process.off('warning', warn);
    expect(warnings).toEqual([]);
  });
});

describe('a grant that is withdrawn', () => {
  it('ends a connection of v1 that uses it with 4403, and the next attach is refused', async () => {
    await start();
    await grant('1');
    const client = await gateway.connect();
    expect(await client.attach(auth, 'issueUpdate', '1')).toBe(OK);
    await revoke('1');
    expect(await client.closed).toEqual(WITHDRAWN);
    const again = await gateway.connect();
    expect(await again.attach(auth, 'issueUpdate', '1')).toBe(NO_ACCESS);
  });

  it('detaches v2 from what it covered, and says so; the rest goes on', async () => {
    await start();
    for (const id of ['1', 'proj1.*']) await grant(id);
    const client = await connectV2(gateway);
    for (const id of ['1', 'proj1.*', 'proj1.a'])
      expect(await attachV2(client, id)).toMatchObject({ code: 0 });
    await revoke('proj1.*');
    const said = [await client.next(), await client.next()];
    expect(said.sort()).toEqual([
      '{"action":"detach","event":{"type":"issueUpdate","id":"proj1.*"},"code":4,"message":"Not access for dataset"}',
      '{"action":"detach","event":{"type":"issueUpdate","id":"proj1.a"},"code":4,"message":"Not access for dataset"}',
    ]);
    await publish('proj1.a', ['secret']);
    await publish('1', ['mine']);
    expect(JSON.parse(await client.next())).toMatchObject({ id: '1', data: ['mine'] });
  });

  it('leaves alone whoever does not need it', async () => {
    await start();
    await Promise.all([grant('1'), grant('*'), grant('1', 'eve')]);
    const ada = await gateway.connect();
    const eve = await gateway.connect();
    await ada.attach(auth, 'issueUpdate', '1');
    await eve.attach(tokenFor('eve'), 'issueUpdate', '1');
    await revoke('1');
    await revoke('*', 'eve');
    await publish('1', ['both']);
    const push = '{"type":"issueUpdate","id":"1","data":["both"]}';
    expect([await ada.next(), await eve.next()]).toEqual([push, push]);
  });

  it('counts while a request for it is on its way: what it allowed is withdrawn again', async () => {
    await start();
    await grant('1');
    const client = await gateway.connect();
    expect(await client.attach(auth, 'issueUpdate', '1')).toBe(OK);
    // The next attaches stand in line while the grant goes.
    for (let n = 0; n < 50; n += 1) {
      client.send({ auth, action: 'attach', event: { type: 'issueUpdate', id: '1' } });
    }
    await revoke('1');
    expect((await client.closed).code).toBe(4403);
  });
});

describe('a user who is removed', () => {
  it('loses every connection, of v1 and v2', async () => {
    await start();
    await grant('1');
    const [v1, v2] = [await gateway.connect(), await connectV2(gateway)];
    await v1.attach(auth, 'issueUpdate', '1');
    await attachV2(v2, '1');
    await core.ask('DELETE', '/v1/users/ada');
    const gone = { code: 4403, reason: 'the user does not exist any more' };
    expect([await v1.closed, await v2.closed]).toEqual([gone, gone]);
  });
});

describe('a change while the core is away from the gateway', () => {
  it('is heard of when the log is followed again', async () => {
    await start();
    await grant('1');
    const client = await gateway.connect();
    await client.attach(auth, 'issueUpdate', '1');
    await core.sleep();
    await core.wake();
    await revoke('1');
    expect(await client.closed).toEqual(WITHDRAWN);
  });
});

describe('what a hook allowed', () => {
  let service: HookService;
  beforeEach(async () => {
    service = new HookService();
    await service.start();
  });
  afterEach(() => service.stop());

  it('is asked for again when the operator says that a user changed', async () => {
    const hook = { hookUrl: service.url, hookTimeout: 20_000, hookCacheTime: 3_600_000 };
    const access = { datasets: 'hook', ...hook } as const;
    await gateway.create({ controlSocket: core.socketPath, access }).start();
    service.answer = allow;
    const client = await gateway.connect();
    expect(await client.attach(auth, 'issueUpdate', '1')).toBe(OK);
    service.answer = deny;
    expect((await core.post('/v1/users/ada/recheck', {})).status).toBe(204);
    expect(await client.closed).toEqual(WITHDRAWN);
  });

  it('is asked for again when it is old: what the service takes back ends here', async () => {
    const hook = { hookUrl: service.url, hookTimeout: 20_000, hookCacheTime: 1_000 };
    const access = { users: 'hook', datasets: 'hook', ...hook } as const;
    await gateway.create({ controlSocket: core.socketPath, access }).start();
    const v1 = await gateway.connect();
    const v2 = await connectV2(gateway);
    expect(await v1.attach(auth, 'issueUpdate', '1')).toBe(OK);
    const events = [
      { type: 'issueUpdate', id: '1' },
      { type: 'issueUpdate', id: 'a.*' },
    ];
    expect(await ask(v2, { auth, action: 'attach', events })).toMatchObject({ code: 0 });
    // Asked more than once about each, and nobody noticed.
    const times = (id: string) => service.questions.filter((one) => idOf(one) === id).length;
    await expect.poll(() => times('1') > 1 && times('a.*') > 1, { timeout: 20_000 }).toBe(true);
    service.answer = (response, body) =>
      idOf(JSON.parse(body)) === '1' ? deny(response) : allow(response);
    expect(await v1.closed).toEqual(WITHDRAWN);
    expect(JSON.parse(await v2.next())).toMatchObject({ action: 'detach', event: { id: '1' } });
    service.answer = (response, body) =>
      idOf(JSON.parse(body)) === undefined ? deny(response) : allow(response);
    expect(await v2.closed).toMatchObject({ code: 4403 });
  });
});
