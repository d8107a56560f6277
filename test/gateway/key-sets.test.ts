/** A gateway whose issuer publishes its keys at a URL. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deadlineIn } from '../../src/process/service.ts';
import { KeySetServer } from '../auth/key-set-server.ts';
import { RSA } from '../auth/token-fixture.ts';
import { GatewayFixture, tokenFor, until } from './gateway-fixture.ts';

const OK = '{"status":200,"message":"Ok","code":0}';
const INVALID_TOKEN = '{"status":400,"message":"Invalid token","code":2}';

let gateway: GatewayFixture;
let keySets: KeySetServer;
let auth: { readonly publicKeyFile: null; readonly jwksUrl: string };
beforeEach(async () => {
  gateway = new GatewayFixture();
  keySets = new KeySetServer();
  auth = { publicKeyFile: null, jwksUrl: await keySets.start() };
});
afterEach(async () => {
  await gateway.close();
  await keySets.stop();
});

const said = (words: string) => gateway.lines.filter(({ msg }) => msg.includes(words));

describe('a gateway with a key set', () => {
  it('has fetched it before the first token comes', async () => {
    keySets.serve(RSA.publicKey.export({ format: 'jwk' }));
    await gateway.start({ auth });
    await until(() => said('key set fetched').length === 1, 'the key set came');
    const client = await gateway.connect();
    expect(await client.attach(tokenFor('ada'), 'job', '1')).toBe(OK);
    expect(keySets.requests).toBe(1);
  });

  it('starts and stops while the issuer never answers', async () => {
    keySets.answer = () => undefined;
    const service = await gateway.start({ auth });
    await until(() => keySets.requests === 1, 'the issuer was asked');
    await service.stop(deadlineIn(1_000));
    expect(said('cannot be fetched')).toEqual([]);
  });

  it('refuses tokens and warns once while the issuer is away and no keys are kept', async () => {
    keySets.answer = (response) => void response.destroy();
    await gateway.start({ auth });
    const client = await gateway.connect();
    for (const id of ['1', '2', '3']) {
      expect(await client.attach(tokenFor('ada'), 'job', id)).toBe(INVALID_TOKEN);
    }
    expect(said('a key set cannot be fetched')).toMatchObject([{ level: 40, servesUntil: null }]);
  });
});
