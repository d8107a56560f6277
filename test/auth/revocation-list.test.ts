import { describe, expect, it } from 'vitest';
import { RevocationList } from '../../src/auth/revocation-list.ts';
import { createTokenVerifier, type ValidToken } from '../../src/auth/token-verifier.ts';
import type { RevocationView } from '../../src/protocol/tokens.ts';
import { AUTH, claimsAt, signRs256, temporaryDirectory, writePublicKey } from './token-fixture.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');

const TOKEN: ValidToken = {
  ...{ kind: 'valid', user: 'ada', tokenId: 't1', onExpiry: 'close' },
  ...{ issuedAt: NOW - 60_000, expiresAt: NOW + 3_600_000 },
};

function view(id: string, of: Partial<RevocationView>): RevocationView {
  return {
    ...{ id, tokenId: null, user: null, issuedBefore: null },
    ...{ createdAt: iso(NOW), expiresAt: iso(NOW + 86_400_000), ...of },
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

function listOf(...views: readonly RevocationView[]): RevocationList {
  const list = new RevocationList();
  list.replace(views);
  return list;
}

describe('a list of revocations', () => {
  it('refuses nothing while it is empty', () => {
    expect(listOf().refuses(TOKEN, NOW)).toBe(false);
  });

  it.each([
    ['its id', { tokenId: 't1' }, true],
    ['another id', { tokenId: 't2' }, false],
    ['an id that is its user', { tokenId: 'ada' }, false],
    ['its user, from after it was issued', { user: 'ada', issuedBefore: iso(NOW) }, true],
    ['its user, from before', { user: 'ada', issuedBefore: iso(NOW - 60_000) }, false],
    ['another user', { user: 'bob', issuedBefore: iso(NOW) }, false],
    ['a user who is called all', { user: 'all', issuedBefore: iso(NOW) }, false],
    ['everybody', { issuedBefore: iso(NOW) }, true],
    ['everybody, from before', { issuedBefore: iso(NOW - 60_001) }, false],
    ['its id, but expired', { tokenId: 't1', expiresAt: iso(NOW) }, false],
  ] as const)('with %s', (_what, of, refused) => {
    expect(listOf(view('1', of)).refuses(TOKEN, NOW)).toBe(refused);
  });

  it('refuses a token that does not say when it was issued', () => {
    const list = listOf(view('1', { user: 'ada', issuedBefore: iso(NOW - 3_600_000) }));
    expect(list.refuses({ ...TOKEN, issuedAt: undefined }, NOW)).toBe(true);
  });

  it('learns of one, of its change and of its end', () => {
    const list = new RevocationList();
    const early = view('7', { user: 'ada', issuedBefore: iso(NOW - 3_600_000) });
    list.note({ kind: 'revoked', ...early });
    expect(list.refuses(TOKEN, NOW)).toBe(false);
    list.note({ kind: 'revoked', ...early, issuedBefore: iso(NOW) });
    expect(list.refuses(TOKEN, NOW)).toBe(true);
    list.note({ kind: 'restored', id: '8' });
    expect(list.refuses(TOKEN, NOW)).toBe(true);
    list.note({ kind: 'restored', id: '7' });
    expect([list.refuses(TOKEN, NOW), list.size]).toEqual([false, 0]);
  });

  it('lets go of what has expired', () => {
    const list = listOf(
      view('1', { tokenId: 't1', expiresAt: iso(NOW) }),
      view('2', { tokenId: 't2' }),
    );
    list.forgetExpired(NOW);
    expect(list.size).toBe(1);
  });
});

it('a revocation counts for a token that the verifier remembers as valid', async () => {
  const directory = temporaryDirectory();
  const auth = { ...AUTH, publicKeyFile: writePublicKey(directory.path) };
  const revocations = new RevocationList();
  const verifier = createTokenVerifier(auth, { now: () => NOW, revocations });
  const token = signRs256(claimsAt(NOW));
  const verdict = await verifier.verify(token);
  expect(verdict.kind).toBe('valid');
  revocations.note({
    kind: 'revoked',
    ...view('1', { user: 'user-1', issuedBefore: iso(NOW + 1) }),
  });
  expect(await verifier.verify(token)).toEqual({ kind: 'invalid', why: 'revoked' });
  revocations.note({ kind: 'restored', id: '1' });
  expect(await verifier.verify(token)).toEqual(verdict);
  directory.remove();
});

it('a token whose id no revocation could name is known by its hash', async () => {
  const directory = temporaryDirectory();
  const auth = { ...AUTH, publicKeyFile: writePublicKey(directory.path) };
  const verifier = createTokenVerifier(auth, { now: () => NOW });
  for (const jti of ['x'.repeat(257), '', 7, 'half \ud800']) {
    const verdict = await verifier.verify(signRs256(claimsAt(NOW, { jti })));
    expect(verdict).toMatchObject({ tokenId: expect.stringMatching(/^[\w-]{43}$/) });
  }
  directory.remove();
});
