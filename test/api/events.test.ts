import { afterEach, beforeEach, expect, test } from 'vitest';
import { MAX_PAYLOAD_BYTES } from '../../src/protocol/jobs.ts';
import { AwakeCore } from '../core/awake-core.ts';

let core: AwakeCore;
beforeEach(async () => {
  core = await AwakeCore.start('[event:invoicePaid]\ndescription = paid\n');
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

test('a limit that is none is refused', async () => {
  for (const limit of ['0', '1001', '1.5', 'all']) {
    expect((await core.get(`/v1/events?limit=${limit}`)).status).toBe(400);
  }
});
