/** Tokens of a further issuer with a key set by URL, and revocation, through the whole service. */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KeySetServer } from '../auth/key-set-server.ts';
import { claimsAt, signRs256 } from '../auth/token-fixture.ts';
import { type Daemon, Site } from './daemon.ts';
import { Subscriber } from './subscriber.ts';

const OK = '{"status":200,"message":"Ok","code":0}';
const INVALID_TOKEN = '{"status":400,"message":"Invalid token","code":2}';

const PARTNER = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const keySets = new KeySetServer();
let site: Site;
let daemon: Daemon;

beforeAll(async () => {
  keySets.serve({ ...PARTNER.publicKey.export({ format: 'jwk' }), kid: 'p1' });
  const url = await keySets.start();
  site = new Site(`[auth]
publicKeyFile = ./keys/public.pem
privateKeyFile = ./keys/private.pem
[issuer:partner]
issuer = partner.example
jwksUrl = ${url}
`);
  await site.run(['init']);
  daemon = await site.up();
});
afterAll(async () => {
  await site?.dispose();
  await keySets.stop();
});

function partnerToken(user: string): string {
  const claims = { iss: 'partner.example', jti: `of ${user}`, data: { id: user } };
  return signRs256(claimsAt(Date.now(), claims), { kid: 'p1' }, PARTNER.privateKey);
}

test('revoked tokens end their connections with 4403 and are refused, over a restart too', async () => {
  const ada = await Subscriber.connect(site, 'ada');
  const eve = await Subscriber.connect(site, 'eve', partnerToken('eve'));
  const bob = await Subscriber.connect(site, 'bob', partnerToken('bob'));
  for (const one of [ada, eve, bob]) expect(await one.ask('attach', 'job', '1')).toBe(OK);
  await site.json('token', 'revoke', '--user', 'ada');
  expect(await ada.closed).toBe(4403);
  await site.json('token', 'revoke', '--id', 'of eve');
  expect(await eve.closed).toBe(4403);
  expect(await bob.ask('attach', 'job', '2')).toBe(OK);
  await bob.close();

  await daemon.stop();
  keySets.answer = (response) => void response.destroy();
  await site.up();
  const again = await Subscriber.connect(site, 'eve', partnerToken('eve'));
  expect(await again.ask('attach', 'job', '1')).toBe(INVALID_TOKEN);
  await again.close();
  const still = await Subscriber.connect(site, 'bob', partnerToken('bob'));
  expect(await still.ask('attach', 'job', '1')).toBe(OK);
  await still.close();
});
