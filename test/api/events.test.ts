import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAX_PAYLOAD_BYTES } from '../../src/protocol/jobs.ts';
import { AwakeCore } from '../core/awake-core.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'taskbell-schema-'));
const schemaFile = path.join(directory, 'order.json');
const ORDER = {
  type: 'array',
  minItems: 1,
  items: { $ref: '#/$defs/order' },
  $defs: {
    order: { type: 'object', required: ['total'], properties: { total: { type: 'number' } } },
  },
};
writeFileSync(schemaFile, JSON.stringify(ORDER));
afterAll(() => rmSync(directory, { recursive: true }));

let core: AwakeCore;
beforeEach(async () => {
  core = await AwakeCore.start(
    `[event:invoicePaid]
description = paid
retention = 7d
[event:order]
schema = ${schemaFile}
[event:cursorMove]
delivery = volatile
`,
  );
});
afterEach(() => core.dispose());

const event = (id: string, type = 'issueUpdate') => ({ type, id, data: [] });

test('published events are answered with their places in the log, and read back from there', async () => {
  const { status, body } = await core.post('/v1/events', [
    event('a'),
    event('b', 'invoicePaid'),
    event('a'),
  ]);
  expect(status).toBe(201);
  expect(
    body.events.map(({ seq, prev }: { seq: string; prev: string | null }) => [seq, prev]),
  ).toEqual([
    ['1', null],
    ['2', null],
    ['3', '1'],
  ]);
  const page = (await core.get('/v1/events')).body;
  expect(page).toEqual({
    epoch: expect.any(String),
    events: body.events,
    next: '3',
    recovered: true,
  });
  expect((await core.get('/v1/events?since=2')).body.events).toEqual(body.events.slice(2));
  expect((await core.get('/v1/events?type=issueUpdate&limit=1')).body).toMatchObject({
    events: [{ seq: '1' }],
    next: '1',
  });
  expect((await core.get('/v1/events?type=issueUpdate&id=b')).body).toMatchObject({
    events: [],
    next: '3',
  });
});

test('an unknown position is said to be one, and the reader gets what there is', async () => {
  await core.post('/v1/events', event('a'));
  for (const since of ['99', '-1', 'x', '1e3']) {
    expect((await core.get(`/v1/events?since=${since}`)).body).toMatchObject({
      recovered: false,
      events: [{ seq: '1' }],
    });
  }
});

test.each([
  [event('a', 'issueUpdat'), 422, 'E_UNKNOWN_EVENT_TYPE', /did you mean issueUpdate/],
  [event('1', 'job'), 422, 'E_UNKNOWN_EVENT_TYPE', /Only Taskbell itself/],
  [event('default', 'queue'), 422, 'E_UNKNOWN_EVENT_TYPE', /Only Taskbell itself/],
  [event(''), 400, 'E_INVALID_REQUEST', /id/],
  [event('ü'.repeat(129)), 400, 'E_INVALID_REQUEST', /id expected at most 256 bytes/],
  [{ ...event('a'), data: {} }, 400, 'E_INVALID_REQUEST', /data expected an array/],
  [{ ...event('a'), when: 'now' }, 400, 'E_INVALID_REQUEST', /unknown field.*when/],
  [
    { ...event('a'), data: ['x'.repeat(MAX_PAYLOAD_BYTES)] },
    413,
    'E_PAYLOAD_TOO_LARGE',
    /The data of issueUpdate a has \d+ bytes/,
  ],
  [[event('good'), event('bad', 'nope')], 422, 'E_UNKNOWN_EVENT_TYPE', /nope/],
])('a bad event (%#) is refused, and nothing of it is in the log', async (...facts) => {
  const [body, status, code, title] = facts;
  const answer = await core.post('/v1/events', body);
  expect(answer).toMatchObject({ status, body: { code } });
  expect(answer.body.title).toMatch(title);
  expect((await core.get('/v1/events')).body.events).toEqual([]);
});

test('to read events of a type that there is not is a mistake, unless the log still holds some', async () => {
  expect(await core.get('/v1/events?type=invoicePayed')).toMatchObject({
    status: 422,
    body: {
      code: 'E_UNKNOWN_EVENT_TYPE',
      title: expect.stringContaining('did you mean invoicePaid?'),
    },
  });
  expect((await core.get('/v1/events?type=invoicePaid')).body).toMatchObject({ events: [] });
  await core.post('/v1/events', event('a', 'invoicePaid'));
  await core.sleep();
  core.configure('');
  await core.wake();
  expect((await core.get('/v1/events?type=invoicePaid')).body.events).toHaveLength(1);
  expect((await core.get('/v1/events?type=order')).status).toBe(422);
});

test('a limit that is none is refused', async () => {
  for (const limit of ['0', '1001', '1.5', 'all']) {
    expect((await core.get(`/v1/events?limit=${limit}`)).status).toBe(400);
  }
});

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
const publishWith = (key: string, body: unknown) =>
  core.ask('POST', '/v1/events', JSON.stringify(body), { 'idempotency-key': key });

test.each([
  [Array.from({ length: 1_001 }, () => event('a')), 413, 'E_PAYLOAD_TOO_LARGE', /At most 1000/],
  [{ ...event('a'), data: nested(33) }, 400, 'E_INVALID_REQUEST', /nested too deeply: 32/],
  [
    { ...event('a', 'order'), data: [] },
    422,
    'E_PAYLOAD_INVALID',
    /data: expected at least 1 items/,
  ],
  [
    [event('a'), { ...event('b', 'order'), data: [{ total: 'x' }] }],
    ...[422, 'E_PAYLOAD_INVALID', /order b .*data\.0\.total: expected number, got string/],
  ],
  [[event('a'), event('')], 400, 'E_INVALID_REQUEST', /Event 2 is not valid/],
  [event('1', 'access'), 422, 'E_UNKNOWN_EVENT_TYPE', /no event type access/],
] as const)(
  'an event beyond its bounds (%#) is refused, and nothing of its request is in the log',
  async (...facts) => {
    const [body, status, code, title] = facts;
    const answer = await core.post('/v1/events', body);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.body.title).toMatch(title);
    expect((await core.get('/v1/events')).body.events).toEqual([]);
  },
);

test('events at their bounds are taken', async () => {
  const body = [
    { ...event('deep'), data: nested(32) },
    { ...event('o', 'order'), data: [{ total: 1 }] },
    ...Array.from({ length: 998 }, (_, n) => event(`e${n}`)),
  ];
  const { status, body: answer } = await core.post('/v1/events', body);
  expect([status, answer.events.length]).toEqual([201, 1_000]);
});

describe('with an Idempotency-Key', () => {
  test('a repeat gets the first answer, also from the core that comes after a restart', async () => {
    const body = [event('a'), event('b', 'cursorMove')];
    const first = await publishWith('k', body);
    expect(first.body.events).toMatchObject([{ seq: '1' }, { type: 'cursorMove' }]);
    await core.post('/v1/events', event('a'));
    expect(await publishWith('k', body)).toMatchObject({ status: 201, body: first.body });
    await core.sleep();
    await core.wake();
    expect((await publishWith('k', body)).body).toEqual(first.body);
    expect((await core.get('/v1/events')).body.events).toHaveLength(2);
  });

  test('other events are refused as a conflict, of volatile types too', async () => {
    for (const type of ['issueUpdate', 'cursorMove']) {
      await publishWith(type, event('a', type));
      const other = await publishWith(type, event('b', type));
      expect(other).toMatchObject({ status: 409, body: { code: 'E_CONFLICT' } });
      const again = await publishWith(type, event('a', type));
      expect(again.status).toBe(201);
    }
    expect((await core.get('/v1/events')).body.events).toHaveLength(1);
  });

  test('a key that is too long is refused', async () => {
    expect((await publishWith('k'.repeat(257), event('a'))).status).toBe(400);
  });
});

test('a volatile event is answered without a place, and is in no log', async () => {
  const { status, body } = await core.post('/v1/events', event('a', 'cursorMove'));
  expect(status).toBe(201);
  const at = expect.stringMatching(/^\d{4}-/);
  expect(body.events).toEqual([{ type: 'cursorMove', id: 'a', data: [], at }]);
  expect((await core.get('/v1/events')).body.events).toEqual([]);
});

test('event types are listed with all that holds of them, and with their rows', async () => {
  await core.post('/v1/events', [event('a'), event('b'), event('a', 'cursorMove')]);
  const { types, droppedVolatile } = (await core.get('/v1/event-types')).body;
  const find = (name: string) => types.find((type: { name: string }) => type.name === name);
  const bare = { description: '', builtIn: true, publishable: true, delivery: 'durable' };
  const open = { retentionMs: null, retentionCount: null, schema: null };
  expect(find('issueUpdate')).toEqual({ name: 'issueUpdate', ...bare, ...open, rows: 2 });
  expect(find('job')).toMatchObject({ publishable: false, rows: null });
  expect(find('invoicePaid')).toMatchObject({ builtIn: false, retentionMs: 604_800_000, rows: 0 });
  expect(find('order').schema).toEqual(ORDER);
  expect(find('cursorMove')).toMatchObject({ delivery: 'volatile', rows: null });
  expect(droppedVolatile).toBe(0);
});

test('the AsyncAPI document has a channel for each type', async () => {
  const { status, body } = await core.get('/asyncapi.json');
  expect(status).toBe(200);
  const { types } = (await core.get('/v1/event-types')).body;
  expect(Object.keys(body.channels)).toEqual(types.map(({ name }: { name: string }) => name));
});
