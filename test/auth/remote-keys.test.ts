import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KeySetNews } from '../../src/auth/remote-keys.ts';
import { createTokenVerifier, type TokenVerifier } from '../../src/auth/token-verifier.ts';
import { KeySetServer } from './key-set-server.ts';
import { AUTH, claimsAt, RSA, signRs256, temporaryDirectory } from './token-fixture.ts';

const START = Date.parse('2026-11-21T12:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const OTHER = generateKeyPairSync('rsa', { modulusLength: 2_048 });

let server: KeySetServer;
let url: string;
let directory: ReturnType<typeof temporaryDirectory>;
/** The wall clock and the monotonic one go on together. */
let passedMs: number;
let news: KeySetNews[];
const verifiers: TokenVerifier[] = [];

beforeEach(async () => {
  server = new KeySetServer();
  url = await server.start();
  directory = temporaryDirectory();
  passedMs = 0;
  news = [];
});
afterEach(async () => {
  for (const verifier of verifiers.splice(0)) verifier.close();
  await server.stop();
  directory.remove();
});

const now = () => START + passedMs;

function verifierOf(options: { readonly fetchTimeoutMs?: number } = {}): TokenVerifier {
  const verifier = createTokenVerifier(
    { ...AUTH, jwksUrl: url },
    {
      ...{ now, nowMono: () => passedMs, keySetDirectory: join(directory.path, 'key-sets') },
      ...{ onKeySet: (one) => void news.push(one), fetchTimeoutMs: 20_000, ...options },
    },
  );
  verifiers.push(verifier);
  return verifier;
}

function jwk(pair: KeyPairKeyObjectResult = RSA, kid?: string) {
  return { ...pair.publicKey.export({ format: 'jwk' }), ...(kid === undefined ? {} : { kid }) };
}

let jti = 0;

/** Another one with each call. */
function token(pair: KeyPairKeyObjectResult = RSA, kid?: string): string {
  jti += 1;
  const header = kid === undefined ? {} : { kid };
  return signRs256(claimsAt(now(), { jti: String(jti) }), header, pair.privateKey);
}

async function verdictOf(verifier: TokenVerifier, text: string): Promise<string> {
  const verdict = await verifier.verify(text);
  return verdict.kind === 'valid' ? 'valid' : verdict.why;
}

const keptFile = () => join(directory.path, 'key-sets', 'auth.json');
const kinds = () => news.map(({ kind }) => kind);

describe('the keys of a URL', () => {
  it('verify tokens with and without a key id, from one fetch for all', async () => {
    server.serve(jwk(RSA, 'a'), jwk(OTHER, 'b'));
    const verifier = verifierOf();
    const shown = [token(RSA, 'a'), token(OTHER, 'b'), token(RSA), token(OTHER)];
    const verdicts = await Promise.all(shown.map((one) => verdictOf(verifier, one)));
    expect(verdicts).toEqual(['valid', 'valid', 'valid', 'valid']);
    expect(server.requests).toBe(1);
    expect(kinds()).toEqual(['fetched']);
  });

  it('verify tokens with a key id where the set has none, as deployed issuers publish it', async () => {
    server.serve(jwk());
    expect(await verdictOf(verifierOf(), token(RSA, 'whatever'))).toBe('valid');
  });

  it('that share an id are all tried', async () => {
    server.serve(jwk(OTHER, 'same'), jwk(RSA, 'same'));
    expect(await verdictOf(verifierOf(), token(RSA, 'same'))).toBe('valid');
  });

  it('do not verify what another key signed under their id', async () => {
    server.serve(jwk(RSA, 'a'));
    expect(await verdictOf(verifierOf(), token(OTHER, 'a'))).toBe('signature');
  });

  it('are fetched before the first token when asked to prepare', async () => {
    server.serve(jwk());
    const verifier = verifierOf();
    await verifier.prepare();
    expect(server.requests).toBe(1);
    expect(await verdictOf(verifier, token())).toBe('valid');
    expect(server.requests).toBe(1);
  });
});

describe('a key that nobody knows', () => {
  it('is looked for, so that a new key of the issuer counts at once', async () => {
    server.serve(jwk(RSA, 'old'));
    const verifier = verifierOf();
    expect(await verdictOf(verifier, token(RSA, 'old'))).toBe('valid');
    passedMs += 30_000;
    server.serve(jwk(RSA, 'old'), jwk(OTHER, 'new'));
    expect(await verdictOf(verifier, token(OTHER, 'new'))).toBe('valid');
    expect(kinds()).toEqual(['fetched', 'fetched']);
  });

  it('costs its issuer one request in 30 s, however many tokens name one', async () => {
    server.serve(jwk(RSA, 'a'));
    const verifier = verifierOf();
    await verifier.prepare();
    for (let round = 1; round <= 3; round += 1) {
      passedMs += 30_000;
      const shown = Array.from({ length: 50 }, (_, n) => token(OTHER, `unknown-${n}`));
      const verdicts = await Promise.all(shown.map((one) => verdictOf(verifier, one)));
      expect(new Set(verdicts)).toEqual(new Set(['unknown-key']));
      expect(await verdictOf(verifier, token(OTHER, 'another'))).toBe('unknown-key');
      expect(server.requests).toBe(1 + round);
    }
    expect(await verdictOf(verifier, token(RSA, 'a'))).toBe('valid');
  });

  it('is looked for when no id tells, and the signature fits none', async () => {
    server.serve(jwk(RSA));
    const verifier = verifierOf();
    await verifier.prepare();
    passedMs += 30_000;
    server.serve(jwk(OTHER));
    expect(await verdictOf(verifier, token(OTHER))).toBe('valid');
  });
});

describe('with time', () => {
  it('the keys are fetched anew beside their use, and first when nobody used them for long', async () => {
    server.serve(jwk());
    const verifier = verifierOf();
    await verifier.prepare();
    passedMs = 5 * MINUTE + 1;
    expect(await verdictOf(verifier, token())).toBe('valid');
    const keptFrom = () => JSON.parse(readFileSync(keptFile(), 'utf8')).fetchedAt;
    await expect.poll(keptFrom, { timeout: 20_000 }).toBe(now());
    expect(server.requests).toBe(2);
    passedMs += HOUR;
    server.serve(jwk(OTHER));
    expect(await verdictOf(verifier, token(RSA))).toBe('signature');
  });

  it('a token that was found valid is checked again when its key is gone', async () => {
    server.serve(jwk());
    const verifier = verifierOf();
    const shown = token();
    expect(await verdictOf(verifier, shown)).toBe('valid');
    passedMs = 6 * MINUTE;
    server.serve(jwk(OTHER));
    // What is remembered makes the keys be fetched beside its use, too.
    await expect.poll(() => verdictOf(verifier, shown), { timeout: 20_000 }).toBe('signature');
  });

  it('an issuer that is away is told of once, and its keys serve for 24 h', async () => {
    server.serve(jwk());
    const verifier = verifierOf();
    await verifier.prepare();
    server.answer = (response) => void response.destroy();
    for (const hour of [1, 12, 23.9]) {
      passedMs = hour * HOUR;
      expect(await verdictOf(verifier, token())).toBe('valid');
      await verifier.prepare();
    }
    passedMs = 24 * HOUR + 1;
    expect(await verdictOf(verifier, token())).toBe('keys-away');
    expect(kinds()).toEqual(['fetched', 'failed']);
    expect(news[1]).toMatchObject({ servesUntil: START + 24 * HOUR });
    server.serve(jwk());
    passedMs += MINUTE;
    expect(await verdictOf(verifier, token())).toBe('valid');
    expect(kinds()).toEqual(['fetched', 'failed', 'fetched']);
  });

  it('an answer that is no key set takes nothing away', async () => {
    server.serve(jwk());
    const verifier = verifierOf();
    await verifier.prepare();
    const bad: readonly (() => void)[] = [
      () => server.serve(),
      () => server.serve(...Array.from({ length: 33 }, () => jwk(OTHER))),
      () => server.serve({ kty: 'oct', k: 'c2VjcmV0' }),
      () => {
        server.answer = (response) => void response.end('<html>');
      },
      () => {
        server.answer = (response) => void response.end('x'.repeat(70_000));
      },
    ];
    for (const answer of bad) {
      answer();
      passedMs += 11 * MINUTE;
      const before = server.requests;
      // The fetch before may be under way still, and is joined then.
      const requestsAfterUse = async () => {
        expect(await verdictOf(verifier, token())).toBe('valid');
        return server.requests;
      };
      await expect.poll(requestsAfterUse, { timeout: 20_000 }).toBeGreaterThan(before);
    }
    expect(await verdictOf(verifier, token(OTHER))).not.toBe('valid');
  });
});

describe('over a restart', () => {
  it('the keys are there although the issuer is away, in a file that only its owner reads', async () => {
    server.serve(jwk());
    await verifierOf().prepare();
    const file = keptFile();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory.path, 'key-sets')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(directory.path, 'key-sets'))).toEqual(['auth.json']);
    server.answer = (response) => void response.destroy();
    passedMs = 20 * HOUR;
    expect(await verdictOf(verifierOf(), token())).toBe('valid');
    passedMs = 25 * HOUR;
    expect(await verdictOf(verifierOf(), token())).toBe('keys-away');
  });

  it.each([
    ['of another URL', (text: string) => text.replace('/jw-certs', '/elsewhere')],
    ['that is cut off', (text: string) => text.slice(0, 100)],
    ['that is empty', () => ''],
    ['of wrong types', () => '{"url":7,"fetchedAt":"x","text":[]}'],
    ['that is larger than any set', (text: string) => `${text}${' '.repeat(1_048_576)}`],
    ['from the future', (text: string) => text.replace(/"fetchedAt":\d+/, '"fetchedAt":9e15')],
  ])('a file %s counts as none', async (_what, change) => {
    server.serve(jwk());
    await verifierOf().prepare();
    const file = keptFile();
    writeFileSync(file, change(readFileSync(file, 'utf8')));
    server.answer = (response) => void response.destroy();
    expect(await verdictOf(verifierOf(), token())).toBe('keys-away');
  });

  it('keys that cannot be kept serve from memory, and somebody is told', async () => {
    // A directory where the file would be.
    mkdirSync(join(directory.path, 'key-sets', 'auth.json'), { recursive: true });
    server.serve(jwk());
    expect(await verdictOf(verifierOf(), token())).toBe('valid');
    expect(kinds()).toEqual(['fetched', 'not-kept']);
  });
});

it('a verifier that is closed waits for no issuer', async () => {
  server.answer = () => undefined;
  const verifier = verifierOf();
  const verdict = verdictOf(verifier, token());
  await expect.poll(() => server.requests, { timeout: 20_000 }).toBe(1);
  verifier.close();
  expect(await verdict).toBe('keys-away');
  expect(news).toEqual([]);
});

it('an issuer that never answers is given up after the time limit', async () => {
  server.answer = () => undefined;
  const verifier = verifierOf({ fetchTimeoutMs: 100 });
  expect(await verdictOf(verifier, token())).toBe('keys-away');
  expect(kinds()).toEqual(['failed']);
});
