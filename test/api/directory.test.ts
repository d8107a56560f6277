import { afterEach, beforeEach, expect, test } from 'vitest';
import { AwakeCore } from '../core/awake-core.ts';

let core: AwakeCore;
beforeEach(async () => {
  core = await AwakeCore.start('[access]\nusers = directory\ndatasets = directory\n');
});
afterEach(() => core.dispose());

const may = async (user: string, type: string, id: string) =>
  (await core.post('/v1/access/check', { user, type, id })).body.code;

test('a user is added, renamed, listed and removed', async () => {
  const added = (await core.post('/v1/users', { id: 'ada', name: 'Ada' })).body;
  expect(added).toEqual({
    id: 'ada',
    name: 'Ada',
    active: true,
    createdAt: expect.stringMatching(/Z$/),
  });
  expect((await core.post('/v1/users', { id: 'ada', name: 'Countess' })).body).toEqual({
    ...added,
    name: 'Countess',
  });
  expect((await core.get('/v1/users')).body.users).toEqual([{ ...added, name: 'Countess' }]);
  expect((await core.ask('DELETE', '/v1/users/ada')).status).toBe(204);
  expect(await core.ask('DELETE', '/v1/users/ada')).toMatchObject({
    status: 404,
    body: { code: 'E_NOT_FOUND' },
  });
});

test('access is 3 for who is unknown, 4 without a grant, 0 with one', async () => {
  expect(await may('ada', 'datasetUpdate', 'd1')).toBe(3);
  await core.post('/v1/users', { id: 'ada' });
  expect(await may('ada', 'datasetUpdate', 'd1')).toBe(4);
  const grant = { user: 'ada', type: 'datasetUpdate', id: 'd1' };
  for (const _ of ['once', 'twice'])
    expect(await core.post('/v1/grants', grant)).toMatchObject({ status: 200, body: grant });
  expect(await may('ada', 'datasetUpdate', 'd1')).toBe(0);
  expect((await core.get('/v1/grants?user=ada')).body.grants).toEqual([grant]);
  expect((await core.get('/v1/grants?user=eve')).body.grants).toEqual([]);
  expect((await core.ask('DELETE', '/v1/grants', JSON.stringify(grant))).status).toBe(204);
  expect(await may('ada', 'datasetUpdate', 'd1')).toBe(4);
  expect((await core.ask('DELETE', '/v1/grants', JSON.stringify(grant))).status).toBe(404);
});

test('a grant goes with its user, and both outlive a restart', async () => {
  await core.post('/v1/users', { id: 'ada' });
  await core.post('/v1/grants', { user: 'ada', type: 'uploadFile', id: '*' });
  await core.sleep();
  await core.wake();
  expect(await may('ada', 'uploadFile', 'any')).toBe(0);
  await core.ask('DELETE', '/v1/users/ada');
  await core.post('/v1/users', { id: 'ada' });
  expect(await may('ada', 'uploadFile', 'any')).toBe(4);
});

test('a grant on an event type that does not exist is refused, and named', async () => {
  const grant = { user: 'ada', type: 'dataSetUpdate', id: 'd1' };
  expect(await core.post('/v1/grants', grant)).toMatchObject({
    status: 422,
    body: { code: 'E_UNKNOWN_EVENT_TYPE', title: expect.stringContaining('datasetUpdate?') },
  });
  expect((await core.get('/v1/grants')).body.grants).toEqual([]);
});

test.each([
  ['/v1/users', {}],
  ['/v1/users', { id: '' }],
  ['/v1/users', { id: 'ada', admin: true }],
  ['/v1/grants', { user: 'ada', type: 'job' }],
  ['/v1/access/check', { user: 'ada', type: 'a b', id: '1' }],
])('POST %s %j is refused', async (target, body) => {
  expect(await core.post(target, body)).toMatchObject({
    status: 400,
    body: { code: 'E_INVALID_REQUEST' },
  });
});
