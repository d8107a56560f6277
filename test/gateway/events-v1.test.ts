/** Events v1 over a real WebSocket: every row of the table, byte for byte. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signRs256, unsigned } from '../auth/token-fixture.ts';
import { eventType } from '../config/event-type.ts';
import { GatewayFixture, tokenFor, until } from './gateway-fixture.ts';

const OK = '{"status":200,"message":"Ok","code":0}';
const NO_TOKEN = '{"status":400,"message":"Token not set","code":1}';
const INVALID_TOKEN = '{"status":400,"message":"Invalid token","code":2}';
const NO_USER = '{"status":400,"message":"User not exists","code":3}';
const NO_ACCESS = '{"status":400,"message":"Not access for dataset","code":4}';
const INVALID = '{"status":400,"message":"Invalid request","code":5}';

const ISSUE = { type: 'issueUpdate', id: '610217e481f6fc54736209e0' };

let gateway: GatewayFixture;

beforeEach(() => {
  gateway = new GatewayFixture();
});
afterEach(() => gateway.close());

describe('attach and detach', () => {
  it('has the bytes of the protocol, from attach to detach', async () => {
    await gateway.start();
    const client = await gateway.connect();
    const auth = tokenFor('ada');
    expect(await client.ask({ auth, action: 'attach', event: ISSUE })).toBe(OK);
    gateway.core.publish({ ...ISSUE, data: [] });
    expect(await client.next()).toBe(
      '{"type":"issueUpdate","id":"610217e481f6fc54736209e0","data":[]}',
    );
    expect(await client.ask({ auth, action: 'detach', event: ISSUE })).toBe(OK);
    gateway.core.publish({ ...ISSUE, data: ['not any more'] });
    expect(await client.ask('{}')).toBe(INVALID);
  });

  it('pushes data as it was published, as text, without anything beyond v1', async () => {
    await gateway.start();
    const client = await gateway.connect();
    await client.attach(tokenFor('ada'), 'datasetUpdate', 'ключ "1"');
    const data = [{ b: 1, a: [null, 'é'] }, 2];
    gateway.core.publish({ type: 'datasetUpdate', id: 'ключ "1"', data });
    expect(await client.next()).toBe(
      '{"type":"datasetUpdate","id":"ключ \\"1\\"","data":[{"b":1,"a":[null,"é"]},2]}',
    );
  });

  it('succeeds twice and changes nothing the second time', async () => {
    await gateway.start();
    const client = await gateway.connect();
    const auth = tokenFor('ada');
    expect(await client.attach(auth, 'job', '1')).toBe(OK);
    expect(await client.attach(auth, 'job', '1')).toBe(OK);
    gateway.core.publish({ type: 'job', id: '1', data: [1] });
    gateway.core.publish({ type: 'job', id: '1', data: [2] });
    expect(await client.next()).toBe('{"type":"job","id":"1","data":[1]}');
    expect(await client.next()).toBe('{"type":"job","id":"1","data":[2]}');
    for (const _time of [1, 2]) {
      expect(await client.ask({ auth, action: 'detach', event: { type: 'job', id: '1' } })).toBe(
        OK,
      );
    }
  });

  it('reaches the subscribers of exactly this type and id', async () => {
    await gateway.start();
    const [one, two] = [await gateway.connect(), await gateway.connect()];
    await one.attach(tokenFor('ada'), 'job', '1');
    await two.attach(tokenFor('bob'), 'queue', '1');
    await two.attach(tokenFor('bob'), 'job', '2');
    gateway.core.publish({ type: 'job', id: '1', data: ['for one'] });
    gateway.core.publish({ type: 'job', id: '2', data: ['for two'] });
    expect(await one.next()).toBe('{"type":"job","id":"1","data":["for one"]}');
    expect(await two.next()).toBe('{"type":"job","id":"2","data":["for two"]}');
  });

  it.each([
    'issueUpdate',
    'notification',
    'datasetUpdate',
    'uploadFile',
    'downloadFile',
    'job',
    'queue',
  ])('knows the event type %s', async (type) => {
    await gateway.start();
    const client = await gateway.connect();
    expect(await client.attach(tokenFor('ada'), type, 'x')).toBe(OK);
  });

  it('knows the types of the configuration', async () => {
    await gateway.start({ events: [eventType('sampleReady')] });
    const client = await gateway.connect();
    expect(await client.attach(tokenFor('ada'), 'sampleReady', 'x')).toBe(OK);
    expect(await client.attach(tokenFor('ada'), 'sampleLost', 'x')).toBe(INVALID);
  });

  it.each([[{ type: 'notification' }], [{ type: 'notification', id: null }]])(
    "means the user's own notifications without an id: %j",
    async (event) => {
      await gateway.start();
      const client = await gateway.connect();
      const auth = tokenFor('ada');
      expect(await client.ask({ auth, action: 'attach', event })).toBe(OK);
      gateway.core.publish({ type: 'notification', id: 'bob', data: [] });
      gateway.core.publish({ type: 'notification', id: 'ada', data: ['hi'] });
      expect(await client.next()).toBe('{"type":"notification","id":"ada","data":["hi"]}');
      expect(await client.ask({ auth, action: 'detach', event })).toBe(OK);
      gateway.core.publish({ type: 'notification', id: 'ada', data: [] });
      expect(await client.ask('{}')).toBe(INVALID);
    },
  );

  it('ignores keys that no version knows and answers without them', async () => {
    await gateway.start();
    const client = await gateway.connect();
    const request = {
      auth: tokenFor('ada'),
      action: 'attach',
      event: ISSUE,
      id: 7,
      seq: '1',
      x: [],
    };
    expect(await client.ask(request)).toBe(OK);
  });
});

describe('code 1, Token not set', () => {
  it.each([[undefined], [''], [null]])('answers a request with auth %j', async (auth) => {
    await gateway.start();
    const client = await gateway.connect();
    expect(await client.ask({ auth, action: 'attach', event: ISSUE })).toBe(NO_TOKEN);
    expect(await client.ask({ auth, action: 'detach', event: ISSUE })).toBe(NO_TOKEN);
  });
});

describe('code 2, Invalid token', () => {
  it('answers tokens that are garbage, unsigned, expired, too large or from another issuer', async () => {
    await gateway.start({ auth: { issuer: 'auth.example' } });
    const client = await gateway.connect();
    const past = Math.floor(Date.now() / 1_000) - 3_600;
    const tokens = [
      'garbage',
      unsigned({ exp: past + 7_200, iss: 'auth.example', data: { id: 'ada' } }),
      tokenFor('ada', { exp: past }),
      tokenFor('ada', { iss: 'other.example' }),
      tokenFor('ada', { padding: 'x'.repeat(9_000) }),
      signRs256({ data: { id: 'ada' } }),
    ];
    for (const token of tokens) expect(await client.attach(token, 'job', '1')).toBe(INVALID_TOKEN);
    expect(await client.attach(tokenFor('ada'), 'job', '1')).toBe(OK);
  });

  it('answers a token of another user than before on this connection', async () => {
    await gateway.start();
    const client = await gateway.connect();
    expect(await client.attach(tokenFor('ada'), 'job', '1')).toBe(OK);
    expect(await client.attach(tokenFor('bob'), 'job', '1')).toBe(INVALID_TOKEN);
    expect(await client.attach(tokenFor('ada'), 'job', '2')).toBe(OK);
  });

  it('answers a detach as well, which then changes nothing', async () => {
    await gateway.start();
    const client = await gateway.connect();
    await client.attach(tokenFor('ada'), 'job', '1');
    const detach = { auth: 'garbage', action: 'detach', event: { type: 'job', id: '1' } };
    expect(await client.ask(detach)).toBe(INVALID_TOKEN);
    gateway.core.publish({ type: 'job', id: '1', data: [] });
    expect(await client.next()).toBe('{"type":"job","id":"1","data":[]}');
  });

  it('answers every token when no key is configured, and the log says what to do', async () => {
    await gateway.start({ auth: { publicKeyFile: null } });
    const client = await gateway.connect();
    expect(await client.attach(tokenFor('ada'), 'job', '1')).toBe(INVALID_TOKEN);
    const warnings = gateway.lines.filter((line) => line.level === 40);
    expect(warnings.map((line) => line.msg)).toEqual([expect.stringContaining('taskbell init')]);
  });
});

describe('codes 3 and 4, from the directory', () => {
  it('answers what the core answers, and attaches nothing', async () => {
    await gateway.start({ access: { users: 'directory', datasets: 'directory' } });
    gateway.core.access = (user) => ({ known: user !== 'mallory', grants: [], complete: true });
    gateway.core.answer = ({ id }) => (id === 'secret' ? 4 : 0);
    const mallory = await gateway.connect();
    expect(await mallory.attach(tokenFor('mallory'), 'job', '1')).toBe(NO_USER);
    const ada = await gateway.connect();
    expect(await ada.attach(tokenFor('ada'), 'job', 'secret')).toBe(NO_ACCESS);
    expect(await ada.attach(tokenFor('ada'), 'job', '1')).toBe(OK);
    gateway.core.publish({ type: 'job', id: 'secret', data: [] });
    gateway.core.publish({ type: 'job', id: '1', data: [] });
    expect(await ada.next()).toBe('{"type":"job","id":"1","data":[]}');
    expect(gateway.core.questions[0]).toEqual({ user: 'ada', type: 'job', id: 'secret' });
  });

  it('lets go of what may no longer be seen, but not for a user who is gone', async () => {
    await gateway.start({ access: { users: 'directory', datasets: 'directory' } });
    const client = await gateway.connect();
    const detach = { auth: tokenFor('ada'), action: 'detach', event: { type: 'job', id: '1' } };
    gateway.core.access = () => ({ known: false, grants: [], complete: true });
    expect(await client.ask(detach)).toBe(NO_USER);
    gateway.core.access = () => ({ known: true, grants: [], complete: true });
    gateway.core.answer = () => 4;
    expect(await client.ask(detach)).toBe(OK);
  });
});

describe('code 5, Invalid request', () => {
  const auth = 'x';
  it.each([
    ['no JSON', 'hello'],
    ['nothing', ''],
    ['null', 'null'],
    ['an array', '[]'],
    ['a number', '1'],
    ['an empty object', '{}'],
    ['an unknown action', { auth, action: 'attack', event: ISSUE }],
    ['an action of the wrong type', { auth, action: ['attach'], event: ISSUE }],
    ['no event', { auth, action: 'attach' }],
    ['an event that is an array', { auth, action: 'attach', event: [ISSUE] }],
    ['an event that is text', { auth, action: 'attach', event: 'issueUpdate' }],
    ['an unknown event type', { auth, action: 'attach', event: { type: 'nope', id: '1' } }],
    ['a type from a prototype', { auth, action: 'attach', event: { type: '__proto__', id: '1' } }],
    ['a missing id', { auth, action: 'attach', event: { type: 'job' } }],
    ['an empty id', { auth, action: 'attach', event: { type: 'job', id: '' } }],
    ['an id that is a number', { auth, action: 'attach', event: { type: 'job', id: 1 } }],
    ['an id of 257 bytes', { auth, action: 'attach', event: { type: 'job', id: 'x'.repeat(257) } }],
    [
      'a notification id of the wrong type',
      { auth, action: 'attach', event: { type: 'notification', id: {} } },
    ],
    ['a token that is no text', { auth: 7, action: 'attach', event: ISSUE }],
    ['a message over the limit', { auth, action: 'attach', event: ISSUE, pad: 'x'.repeat(65_536) }],
  ])('answers %s, and the connection lives on', async (_case, request) => {
    await gateway.start();
    const client = await gateway.connect();
    expect(await client.ask(request)).toBe(INVALID);
    expect(await client.attach(tokenFor('ada'), 'job', 'x'.repeat(256))).toBe(OK);
  });

  it('answers a binary frame, even one with a valid request', async () => {
    await gateway.start();
    const client = await gateway.connect();
    const request = { auth: tokenFor('ada'), action: 'attach', event: ISSUE };
    client.socket.send(Buffer.from(JSON.stringify(request)));
    expect(await client.next()).toBe(INVALID);
  });

  it('takes no harm from __proto__ and from repeated keys', async () => {
    await gateway.start();
    const client = await gateway.connect();
    const token = JSON.stringify(tokenFor('ada'));
    const hidden = `{"__proto__":{"auth":${token},"action":"attach","event":{"type":"job","id":"1"}}}`;
    expect(await client.ask(hidden)).toBe(INVALID);
    const repeated = `{"auth":"","auth":${token},"action":"detach","action":"attach","event":{"type":"job","id":"1"}}`;
    expect(await client.ask(repeated)).toBe(OK);
    expect(Object.hasOwn(Object.prototype, 'auth')).toBe(false);
  });
});

describe('the order of the checks', () => {
  it('is form, token set, token valid, user, access', async () => {
    await gateway.start({ access: { users: 'directory', datasets: 'directory' } });
    gateway.core.access = (user) => ({ known: user !== 'mallory', grants: [], complete: true });
    gateway.core.answer = () => 4;
    const client = await gateway.connect();
    expect(await client.ask({ action: 'attach', event: { type: 'nope', id: '1' } })).toBe(INVALID);
    expect(await client.ask({ action: 'attach', event: ISSUE })).toBe(NO_TOKEN);
    expect(await client.ask({ auth: 'x', action: 'attach', event: ISSUE })).toBe(INVALID_TOKEN);
    expect(gateway.core.users).toEqual([]);
    expect(await client.attach(tokenFor('mallory'), 'job', '1')).toBe(NO_USER);
    const ada = await gateway.connect();
    expect(await ada.attach(tokenFor('ada'), 'job', '1')).toBe(NO_ACCESS);
  });
});

describe('the order of replies', () => {
  it('is the order of the requests, whatever time each check takes', async () => {
    await gateway.start({ access: { datasets: 'directory' } });
    const release = new Map<string, (code: 0 | 4) => void>();
    gateway.core.answer = ({ id }) =>
      id === 'slow' ? new Promise((resolve) => release.set(id, resolve)) : 0;
    const client = await gateway.connect();
    const auth = tokenFor('ada');
    client.send({ auth, action: 'attach', event: { type: 'job', id: 'slow' } });
    client.send('no json');
    client.send({ action: 'attach', event: { type: 'job', id: '2' } });
    client.send({ auth, action: 'attach', event: { type: 'job', id: '3' } });
    await untilAsked(gateway, 'slow');
    release.get('slow')?.(4);
    const replies = [];
    for (let n = 0; n < 4; n += 1) replies.push(await client.next());
    expect(replies).toEqual([NO_ACCESS, INVALID, NO_TOKEN, OK]);
  });

  it('delivers what comes after the reply, and nothing that came before', async () => {
    await gateway.start({ access: { datasets: 'directory' } });
    let allow = (_code: 0): void => {};
    gateway.core.answer = () =>
      new Promise((resolve) => {
        allow = resolve;
      });
    const [client, witness] = [await gateway.connect(), await gateway.connect()];
    const attach = { auth: tokenFor('ada'), action: 'attach', event: { type: 'job', id: '1' } };
    witness.send({ ...attach, event: { type: 'queue', id: 'w' } });
    await untilAsked(gateway, 'w');
    allow(0);
    expect(await witness.next()).toBe(OK);
    client.send(attach);
    await untilAsked(gateway, '1');
    gateway.core.publish({ type: 'job', id: '1', data: ['before'] });
    gateway.core.publish({ type: 'queue', id: 'w', data: [] });
    // The gateway has handled the earlier event once the witness has the later one.
    await witness.next();
    allow(0);
    expect(await client.next()).toBe(OK);
    gateway.core.publish({ type: 'job', id: '1', data: ['after'] });
    expect(await client.next()).toBe('{"type":"job","id":"1","data":["after"]}');
  });
});

async function untilAsked(fixture: GatewayFixture, id: string): Promise<void> {
  await until(() => fixture.core.questions.some((asked) => asked.id === id), `asked for ${id}`);
}
