import { afterEach, beforeEach, expect, test } from 'vitest';
import { MAX_GRANTS_AT_ONCE } from '../../src/protocol/access.ts';
import { AwakeCore } from '../core/awake-core.ts';

let core: AwakeCore;
beforeEach(async () => {
  core = await AwakeCore.start('[access]\nusers = directory\ndatasets = directory\n');
});
afterEach(() => core.dispose());

const may = async (user: string, type: string, id: string) =>
  (await core.post('/v1/access/check', { user, type, id })).body.code;
const news = async () => {
  const { events } = (await core.get('/v1/events?since=0&type=access')).body;
  return events.flatMap(({ data }: { data: unknown[] }) => data);
};

test('each change of what somebody may do is a row of the log, and no change is none', async () => {
  const grant = { user: 'ada', type: 'uploadFile', id: '*' };
  await core.post('/v1/users', { id: 'ada' });
  await core.post('/v1/users', { id: 'ada', name: 'Ada' });
  await core.post('/v1/grants', grant);
  await core.post('/v1/grants', grant);
  await core.ask('DELETE', '/v1/grants', JSON.stringify(grant));
  await core.ask('DELETE', '/v1/grants', JSON.stringify(grant));
  await core.post('/v1/users/ada/recheck', {});
  await core.ask('DELETE', '/v1/users/ada');
  await core.ask('DELETE', '/v1/users/ada');
  expect(await news()).toEqual([
    { kind: 'user', user: 'ada' },
    { kind: 'grant', user: 'ada' },
    { kind: 'grant', user: 'ada' },
    { kind: 'recheck', user: 'ada' },
    { kind: 'user', user: 'ada' },
  ]);
});

test('nobody else can publish such a row', async () => {
  const forged = { type: 'access', id: 'directory', data: [{ kind: 'grant', user: 'ada' }] };
  expect(await core.post('/v1/events', forged)).toMatchObject({
    status: 422,
    body: { code: 'E_UNKNOWN_EVENT_TYPE' },
  });
  expect(await news()).toEqual([]);
});

test('a grant on a prefix covers ids and patterns that begin so, and no others', async () => {
  await core.post('/v1/users', { id: 'ada' });
  await core.post('/v1/grants', { user: 'ada', type: 'uploadFile', id: 'proj1.*' });
  for (const id of ['proj1.a', 'proj1.a.b', 'proj1.*', 'proj1.a.*'])
    expect(await may('ada', 'uploadFile', id), id).toBe(0);
  for (const id of ['proj1', 'proj10.a', 'proj2.*', '*'])
    expect(await may('ada', 'uploadFile', id), id).toBe(4);
  expect(await may('ada', 'downloadFile', 'proj1.a')).toBe(4);
});

test('a grant on one object covers no pattern, and that on everything covers all of them', async () => {
  await core.post('/v1/users', { id: 'ada' });
  await core.post('/v1/grants', { user: 'ada', type: 'uploadFile', id: 'proj1.a' });
  expect(await may('ada', 'uploadFile', 'proj1.*')).toBe(4);
  await core.post('/v1/grants', { user: 'ada', type: 'uploadFile', id: '*' });
  expect(await may('ada', 'uploadFile', 'proj1.*')).toBe(0);
  expect(await may('ada', 'uploadFile', '*')).toBe(0);
});

test('a user who is called like a pattern does not own what it covers', async () => {
  for (const id of ['*', 'team.*']) {
    await core.post('/v1/users', { id });
    expect(await may(id, 'notification', id)).toBe(4);
  }
});

test('tells what it holds of a user at once', async () => {
  expect((await core.get('/v1/users/ada/access')).body).toEqual({
    known: false,
    grants: [],
    complete: true,
  });
  await core.post('/v1/users', { id: 'ada' });
  for (const id of ['a', '*'])
    await core.post('/v1/grants', { user: 'ada', type: 'uploadFile', id });
  expect((await core.get('/v1/users/ada/access')).body).toEqual({
    known: true,
    grants: [
      { type: 'uploadFile', id: '*' },
      { type: 'uploadFile', id: 'a' },
    ],
    complete: true,
  });
});

test('of a user with very many grants tells some, and that there are more', async () => {
  const ids = Array.from({ length: MAX_GRANTS_AT_ONCE + 1 }, (_, index) => `d${index}`);
  for (let first = 0; first < ids.length; first += 50) {
    const some = ids.slice(first, first + 50);
    await Promise.all(
      some.map((id) => core.post('/v1/grants', { user: 'ada', type: 'datasetUpdate', id })),
    );
  }
  const { grants, complete } = (await core.get('/v1/users/ada/access')).body;
  expect(grants).toHaveLength(MAX_GRANTS_AT_ONCE);
  expect(complete).toBe(false);
});

test('what a hook decides counts as not granted here, and the own as own', async () => {
  await core.sleep();
  core.configure('[access]\nusers = hook\ndatasets = hook\nhookUrl = http://127.0.0.1:9/\n');
  await core.wake();
  await core.post('/v1/grants', { user: 'ada', type: 'uploadFile', id: '*' });
  expect(await may('ada', 'uploadFile', 'a')).toBe(4);
  expect(await may('ada', 'notification', 'ada')).toBe(0);
});
