/** Frames of RFC 6455 as raw bytes, against the running gateway, with frames of its own and with those of the library. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { GatewayFixture, tokenFor } from '../gateway-fixture.ts';
import { CLOSE, frame, PONG, TEXT } from './client-frame.ts';
import { type Answer, type FrameCase, frameCases } from './frame-cases.ts';
import { RawClient, type ServerFrame } from './raw-client.ts';

const OK = '{"status":200,"message":"Ok","code":0}';
const INVALID = '{"status":400,"message":"Invalid request","code":5}';
const HANDSHAKE =
  'GET /ws HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

const TOPIC = { type: 'issueUpdate', id: 'é€🔔' };
const REQUEST = JSON.stringify({ auth: tokenFor('ada'), action: 'attach', event: TOPIC });
const CASES = frameCases(REQUEST).map((each) => [each.title, each] as const);

describe.each([
  ['of the gateway', true],
  ['of the library', false],
])('with frames %s', (_whose, directFrames) => {
  let gateway: GatewayFixture;
  let client: RawClient;
  beforeAll(async () => {
    gateway = new GatewayFixture();
    const limits = { directFrames, maxConnectionsPerUser: 1_000_000, messageBurst: 1_000_000 };
    await gateway.start({ limits });
  });
  afterEach(() => client.destroy());
  afterAll(() => gateway.close());

  async function attached(): Promise<RawClient> {
    client = new RawClient(gateway.port);
    client.write(HANDSHAKE);
    expect(await client.head()).toContain(' 101 ');
    client.write(frame(TEXT, REQUEST));
    expect(await answerOf(client)).toBe('ok');
    return client;
  }

  /** The events that were published around what was sent came whole, and nothing else. */
  async function expectPush(number: number): Promise<void> {
    gateway.core.publish({ ...TOPIC, data: [number] });
    const push = await client.frame();
    expect(push?.payload.toString()).toBe(JSON.stringify({ ...TOPIC, data: [number] }));
    expect(push).toMatchObject({ fin: true, opcode: TEXT });
  }

  async function expectOutcome({ outcome }: FrameCase): Promise<void> {
    if ('answers' in outcome) {
      for (const answer of outcome.answers) expect(await answerOf(client)).toEqual(answer);
      await expectPush(2);
      return;
    }
    const rest = await client.rest();
    const answers = rest.slice(0, -1).map(toAnswer);
    expect(answers).toEqual(outcome.perhaps.slice(0, answers.length));
    expect(rest.at(-1)?.opcode).toBe(CLOSE);
    expect(codeOf(rest.at(-1))).toBe(outcome.closes);
  }

  it.each(CASES)('%s', async (_title, each) => {
    await attached();
    await expectPush(1);
    client.write(Buffer.concat(each.send));
    await expectOutcome(each);
  });

  // Where a frame ends says nothing of where a segment does.
  it.each(CASES.filter(([, { send }]) => Buffer.concat(send).length < 400))(
    '%s, byte by byte',
    async (_title, each) => {
      await attached();
      await client.writeEach([...Buffer.concat(each.send)].map((byte) => Buffer.from([byte])));
      await expectOutcome(each);
    },
  );

  it('fifty messages in one segment, cut in two in the middle of one', async () => {
    await attached();
    const bytes = Buffer.concat(Array.from({ length: 50 }, () => frame(TEXT, REQUEST)));
    const cut = Math.floor(bytes.length / 2) + 1;
    await client.writeEach([bytes.subarray(0, cut), bytes.subarray(cut)]);
    for (let n = 0; n < 50; n += 1) expect(await answerOf(client)).toBe('ok');
    await expectPush(3);
  });

  it('an end of the connection in the middle of a frame leaves the others alone', async () => {
    const cut = await attached();
    cut.write(frame(TEXT, REQUEST).subarray(0, 9));
    cut.destroy();
    await attached();
    await expectPush(4);
  });
});

async function answerOf(client: RawClient): Promise<Answer | ServerFrame | undefined> {
  return toAnswer(await client.frame());
}

function toAnswer(got: ServerFrame | undefined): Answer | ServerFrame | undefined {
  if (got?.opcode === PONG) return { pong: Buffer.from(got.payload) };
  const text = got?.payload.toString();
  if (got?.opcode === TEXT && text === OK) return 'ok';
  return got?.opcode === TEXT && text === INVALID ? 'invalid' : got;
}

/** 1005 stands for a close without a code, as in the RFC. */
function codeOf(close: ServerFrame | undefined): number | undefined {
  if (close === undefined) return undefined;
  return close.payload.length < 2 ? 1005 : close.payload.readUInt16BE(0);
}
