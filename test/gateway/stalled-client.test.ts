/** One subscriber of a thousand that does not read: all others get everything, in order, and it is let go of. */
import { connect, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { GatewayFixture, tokenFor, until } from './gateway-fixture.ts';
import { frame, TEXT } from './rfc6455/client-frame.ts';

const CLIENTS = 1_000;
/** A machine that is busy takes its time for a thousand clients, and no limit but one is meant here. */
const PATIENT = { authenticationTimeout: 120_000, pingInterval: 120_000, maxUnreadTime: 120_000 };
const AT_ONCE = 50;
const EVENTS = 20;
const MIB = 1_048_576;
/** More than the system buffers for a socket that is not read. */
const MUCH = 16;
const TOPIC = { type: 'datasetUpdate', id: '1' };
/** Of the one that will not read, alone: so that it is stuck before the others get anything. */
const OWN_TOPIC = { type: 'datasetUpdate', id: '2' };
const HANDSHAKE =
  'GET /ws HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

function attachTo(event: object): Buffer {
  return frame(TEXT, JSON.stringify({ auth: tokenFor('ada'), action: 'attach', event }));
}

/** Counts what has come, and reads of each event only its number. */
class Reader {
  readonly socket: Socket;
  readonly numbers: number[] = [];
  isAttached = false;
  #rest = '';

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port });
    this.socket.on('error', () => undefined);
    this.socket.write(HANDSHAKE);
    this.socket.once('data', () => this.socket.write(attachTo(TOPIC)));
    this.socket.on('data', (bytes: Buffer) => this.#read(bytes.toString('latin1')));
  }

  #read(text: string): void {
    this.#rest += text;
    this.isAttached ||= this.#rest.includes('"code":0}');
    for (const match of this.#rest.matchAll(/"data":\[(\d+)\]\}/g)) {
      this.numbers.push(Number(match[1]));
    }
    this.#rest = this.#rest.slice(this.#rest.lastIndexOf('}') + 1);
  }
}

let gateway: GatewayFixture;
const readers: Reader[] = [];
afterEach(async () => {
  for (const { socket } of readers) socket.destroy();
  await gateway.close();
});

/** A listening socket queues some hundred handshakes, and no more. */
async function openSome(): Promise<void> {
  const some = Array.from({ length: AT_ONCE }, () => new Reader(gateway.port));
  readers.push(...some);
  await until(() => some.every(({ isAttached }) => isAttached), 'an attach', 25_000);
}

function fill(events: number): void {
  const data = ['x'.repeat(MIB)];
  for (let n = 0; n < events; n += 1) gateway.core.publish({ ...OWN_TOPIC, data });
}

const isLetGo = (): boolean => gateway.lines.some(({ code }) => code === 4408);

it('holds up none of the others, and is let go of when too much is unread', async () => {
  gateway = new GatewayFixture();
  const limits = { maxUnread: 2 * MUCH * MIB, maxConnectionsPerUser: CLIENTS, ...PATIENT };
  await gateway.start({ limits });
  while (readers.length < CLIENTS) await openSome();
  const [stalled, ...others] = readers as [Reader, ...Reader[]];
  stalled.isAttached = false;
  stalled.socket.write(attachTo(OWN_TOPIC));
  await until(() => stalled.isAttached, 'an attach of its own', 25_000);
  stalled.socket.pause();
  fill(MUCH);
  for (let number = 1; number <= EVENTS; number += 1) {
    gateway.core.publish({ ...TOPIC, data: [number] });
    // The next only when all who read have this one: what they wait for is never the one who does not.
    const haveIt = () => others.every(({ numbers }) => numbers.length === number);
    await until(haveIt, `event ${number}`, 25_000);
  }
  expect(isLetGo()).toBe(false);
  fill(3 * MUCH);
  await until(isLetGo, 'closed as too slow', 25_000);
  gateway.core.publish({ ...TOPIC, data: [EVENTS + 1] });
  await until(() => others.every(({ numbers }) => numbers.length > EVENTS), 'the last', 25_000);
  const all = Array.from({ length: EVENTS + 1 }, (_, n) => n + 1);
  for (const { numbers } of others) expect(numbers).toEqual(all);
  expect(stalled.numbers).toEqual([]);
}, 120_000);
