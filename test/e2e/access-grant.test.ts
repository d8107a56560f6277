/** `user` and `access` commands, as a subscriber of events v1 meets them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Site } from './daemon.ts';
import { Subscriber } from './subscriber.ts';

const UNKNOWN_USER = '{"status":400,"message":"User not exists","code":3}';
const NO_ACCESS = '{"status":400,"message":"Not access for dataset","code":4}';
const OK = '{"status":200,"message":"Ok","code":0}';

const site = new Site(`[auth]
publicKeyFile = ./keys/public.pem
privateKeyFile = ./keys/private.pem
[access]
users = directory
datasets = directory
`);
let subscriber: Subscriber;

beforeAll(async () => {
  await site.run(['init']);
  await site.up();
  subscriber = await Subscriber.connect(site, 'ada');
});
afterAll(async () => {
  await subscriber?.close();
  await site.dispose();
});

test('a user who is not in the directory is told 3, one without a grant 4, and is let in by the grant', async () => {
  expect(await subscriber.ask('attach', 'datasetUpdate', 'd1')).toBe(UNKNOWN_USER);
  const user = await site.json('user', 'add', 'ada', '--name', 'Ada Lovelace');
  expect(user).toMatchObject({ id: 'ada', name: 'Ada Lovelace', active: true });
  expect(await subscriber.ask('attach', 'datasetUpdate', 'd1')).toBe(NO_ACCESS);
  expect(await site.json('access', 'grant', 'ada', 'datasetUpdate', 'd1')).toEqual({
    user: 'ada',
    type: 'datasetUpdate',
    id: 'd1',
  });
  expect(await subscriber.ask('attach', 'datasetUpdate', 'd1')).toBe(OK);
  await site.api.publish({ type: 'datasetUpdate', id: 'd1', data: [1] });
  await subscriber.until(() => subscriber.pushes.length === 1);
  expect(subscriber.pushes).toEqual(['{"type":"datasetUpdate","id":"d1","data":[1]}']);
  expect(await subscriber.ask('attach', 'datasetUpdate', 'd2')).toBe(NO_ACCESS);
});

test('a grant on * opens every object of the type, and revoke closes it again, live connections too', async () => {
  await site.run(['access', 'grant', 'ada', 'uploadFile', '*']);
  expect(await subscriber.ask('attach', 'uploadFile', 'any')).toBe(OK);
  expect((await site.json('access', 'list', '--user', 'ada')).grants).toEqual([
    { user: 'ada', type: 'datasetUpdate', id: 'd1' },
    { user: 'ada', type: 'uploadFile', id: '*' },
  ]);
  await site.run(['access', 'revoke', 'ada', 'uploadFile', '*']);
  // What was attached by it ends, and who comes back is refused.
  expect(await subscriber.closed).toBe(4403);
  subscriber = await Subscriber.connect(site, 'ada');
  expect(await subscriber.ask('attach', 'uploadFile', 'other')).toBe(NO_ACCESS);
});

test('a grant on a prefix opens what begins so', async () => {
  await site.run(['access', 'grant', 'ada', 'downloadFile', 'proj1.*']);
  expect(await subscriber.ask('attach', 'downloadFile', 'proj1.a')).toBe(OK);
  expect(await subscriber.ask('attach', 'downloadFile', 'proj10.a')).toBe(NO_ACCESS);
  expect(await site.json('access', 'recheck', 'ada')).toEqual({ user: 'ada', rechecked: true });
  expect(await subscriber.ask('attach', 'downloadFile', 'proj1.b')).toBe(OK);
});

test("a user's own notifications and jobs need no grant; another's do", async () => {
  expect(await subscriber.ask('attach', 'notification', 'ada')).toBe(OK);
  expect(await subscriber.ask('attach', 'notification', 'eve')).toBe(NO_ACCESS);
  const own = await site.api.add('echo', 1, { userId: 'ada', delayMs: 60_000 });
  const foreign = await site.api.add('echo', 1, { userId: 'eve', delayMs: 60_000 });
  expect(await subscriber.ask('attach', 'job', own.id)).toBe(OK);
  expect(await subscriber.ask('attach', 'job', foreign.id)).toBe(NO_ACCESS);
});

test('a user who is removed is unknown again, and their grants are gone', async () => {
  expect((await site.json('user', 'list')).users.map(({ id }: { id: string }) => id)).toEqual([
    'ada',
  ]);
  expect(await site.json('user', 'remove', 'ada')).toEqual({ id: 'ada', removed: true });
  expect(await subscriber.closed).toBe(4403);
  subscriber = await Subscriber.connect(site, 'ada');
  expect(await subscriber.ask('attach', 'datasetUpdate', 'd1')).toBe(UNKNOWN_USER);
  await site.run(['user', 'add', 'ada']);
  expect(await subscriber.ask('attach', 'datasetUpdate', 'd1')).toBe(NO_ACCESS);
  expect(await site.refusal(['user', 'remove', 'nobody'])).toMatchObject({
    exitCode: 66,
    code: 'E_NOT_FOUND',
  });
});

test('the other answers of events v1, byte for byte', async () => {
  expect(
    await subscriber.say('{"auth":"","action":"attach","event":{"type":"job","id":"1"}}'),
  ).toBe('{"status":400,"message":"Token not set","code":1}');
  expect(await subscriber.say('no json')).toBe(
    '{"status":400,"message":"Invalid request","code":5}',
  );
  expect(await subscriber.ask('attach', 'unheardOf', '1')).toBe(
    '{"status":400,"message":"Invalid request","code":5}',
  );
  expect(await subscriber.ask('detach', 'datasetUpdate', 'd1')).toBe(OK);
});
