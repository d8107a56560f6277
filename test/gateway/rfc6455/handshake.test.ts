/** Handshakes of RFC 6455, section 4, as raw bytes, against the running gateway. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { GatewayFixture } from '../gateway-fixture.ts';
import { RawClient } from './raw-client.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
/** For this key, section 1.3. */
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

const HEADERS: Readonly<Record<string, string>> = {
  Host: 'gateway',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Key': KEY,
  'Sec-WebSocket-Version': '13',
};

/** @param changes null: without this header */
function request(
  changes: Readonly<Record<string, string | null>> = {},
  line = 'GET /ws HTTP/1.1',
): string {
  const headers = Object.entries({ ...HEADERS, ...changes })
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line}\r\n${headers.join('')}\r\n`;
}

let gateway: GatewayFixture;
let client: RawClient;
beforeAll(async () => {
  gateway = new GatewayFixture();
  await gateway.start();
});
afterEach(() => client.destroy());
afterAll(() => gateway.close());

async function answerTo(bytes: string): Promise<string> {
  client = new RawClient(gateway.port);
  client.write(bytes);
  return client.head();
}

it.each([
  ['as it is written', request()],
  [
    'with names of headers in other letters',
    request().replaceAll('Sec-WebSocket', 'sec-websocket'),
  ],
  ['with values in other letters', request({ Upgrade: 'WebSocket', Connection: 'upgrade' })],
  ['with more in Connection', request({ Connection: 'keep-alive, Upgrade' })],
  ['with a query', request({}, 'GET /ws?a=b HTTP/1.1')],
  [
    'with extensions, of which none is taken',
    request({ 'Sec-WebSocket-Extensions': 'permessage-deflate' }),
  ],
  ['with an unknown extension', request({ 'Sec-WebSocket-Extensions': 'x-unknown; a=1' })],
  ['with an unknown subprotocol', request({ 'Sec-WebSocket-Protocol': 'chat, superchat' })],
])('is accepted %s', async (_how, bytes) => {
  const head = await answerTo(bytes);
  expect(head).toMatch(/^HTTP\/1\.1 101 /);
  expect(head).toContain(`\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n`);
  expect(head.toLowerCase()).toContain('\r\nupgrade: websocket\r\n');
  expect(head.toLowerCase()).toContain('\r\nconnection: upgrade\r\n');
  expect(head.toLowerCase()).not.toMatch(/sec-websocket-(extensions|protocol)/);
});

it.each([
  ['without a key', 400, request({ 'Sec-WebSocket-Key': null })],
  ['with an empty key', 400, request({ 'Sec-WebSocket-Key': '' })],
  ['with a key that is too short', 400, request({ 'Sec-WebSocket-Key': 'c2hvcnQ=' })],
  ['with a key that is no base64', 400, request({ 'Sec-WebSocket-Key': '!'.repeat(24) })],
  ['without a version', 400, request({ 'Sec-WebSocket-Version': null })],
  ['with version 7', 400, request({ 'Sec-WebSocket-Version': '7' })],
  ['with version 14', 400, request({ 'Sec-WebSocket-Version': '14' })],
  ['with a version that is no number', 400, request({ 'Sec-WebSocket-Version': 'x' })],
  ['without Upgrade', 426, request({ Upgrade: null })],
  ['with another Upgrade', 400, request({ Upgrade: 'h2c' })],
  ['without Connection: Upgrade', 426, request({ Connection: 'keep-alive' })],
  ['by POST', 405, request({}, 'POST /ws HTTP/1.1')],
  ['by HEAD', 405, request({}, 'HEAD /ws HTTP/1.1')],
  ['over HTTP/1.0', 505, request({}, 'GET /ws HTTP/1.0')],
  ['with a malformed subprotocol', 400, request({ 'Sec-WebSocket-Protocol': 'a,,b' })],
  ['on another path', 404, request({}, 'GET /other HTTP/1.1')],
  ['that is no HTTP', 400, 'HELLO\r\n\r\n'],
  ['with a header that has no name', 400, request().replace('Host:', ':')],
  ['with more headers than are read', 431, request({ 'X-Filling': 'x'.repeat(20_000) })],
])('is refused %s', async (_how, status, bytes) => {
  const head = await answerTo(bytes);
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(head.toLowerCase()).toContain('\r\nconnection: close\r\n');
  await client.ended();
});

it('names the versions that are spoken when another is asked for', async () => {
  const head = await answerTo(request({ 'Sec-WebSocket-Version': '99' }));
  expect(head).toContain('\r\nSec-WebSocket-Version: 13');
});

it('is complete when its last byte has come, and frames may come with it', async () => {
  client = new RawClient(gateway.port);
  await client.writeEach([...Buffer.from(request())].map((byte) => Buffer.from([byte])));
  expect(await client.head()).toContain(' 101 ');
  client.destroy();
  client = new RawClient(gateway.port);
  const ping = Buffer.from([0x89, 0x80, 0, 0, 0, 0]);
  client.write(Buffer.concat([Buffer.from(request()), ping]));
  expect(await client.head()).toContain(' 101 ');
  expect(await client.frame()).toMatchObject({ fin: true, opcode: 10 });
});
