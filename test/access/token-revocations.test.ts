import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decideRevocation } from '../../src/access/decide-revocation.ts';
import { TokenRevocations } from '../../src/access/token-revocations.ts';
import { revocationRow } from '../../src/core/token-service.ts';
import type { RevocationRequest } from '../../src/protocol/tokens.ts';
import { openSqliteStores, type SqliteStores } from '../contract/stores.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
/** A day and the skew of clocks. */
const KEPT_MS = 86_430_000;

describe('what a request means', () => {
  it.each([
    [{ tokenId: 't' }, { subject: 'token:t', issuedBefore: null, expiresAt: NOW + KEPT_MS }],
    [{ user: 'u' }, { subject: 'user:u', issuedBefore: NOW, expiresAt: NOW + KEPT_MS }],
    [
      { user: 'u', issuedBefore: '2026-11-21T11:00:00Z' },
      { subject: 'user:u', issuedBefore: NOW - 3_600_000, expiresAt: NOW + KEPT_MS },
    ],
    [
      { issuedBefore: '2026-11-21T12:01:00Z' },
      { subject: 'all', issuedBefore: NOW + 60_000, expiresAt: NOW + 60_000 + KEPT_MS },
    ],
  ])('%j', (request: RevocationRequest, expected) => {
    expect(decideRevocation(request, NOW)).toMatchObject(expected);
  });

  it('tokens of the future cannot be revoked', () => {
    const request = { issuedBefore: '2026-11-21T12:01:00.001Z' };
    expect(() => decideRevocation(request, NOW)).toThrow('not in the future');
  });
});

describe('revocations on SQLite', () => {
  let stores: SqliteStores;
  let revocations: TokenRevocations;
  beforeEach(() => {
    stores = openSqliteStores();
    revocations = open();
  });
  afterEach(() => stores.close());

  function open(most?: number): TokenRevocations {
    const { db, loop, writer } = stores;
    const tell = (news: Parameters<typeof revocationRow>[0], now: number) =>
      void writer.append(revocationRow(news), now);
    return new TokenRevocations(db, loop.commit, tell, most);
  }

  const revoke = (request: RevocationRequest, now = NOW) =>
    revocations.revoke(decideRevocation(request, now));
  const all = (now = NOW) => revocations.page(undefined, 100, now).revocations;
  const told = async () =>
    (await stores.log.read({ after: '0', limit: 100, type: 'access', id: 'tokens' })).map(
      ({ data }) => JSON.parse(data)[0],
    );

  it('are told in the log as they are stored', async () => {
    const view = await revoke({ tokenId: 't' });
    expect(view).toEqual({
      ...{ id: '1', tokenId: 't', user: null, issuedBefore: null },
      createdAt: '2026-11-21T12:00:00.000Z',
      expiresAt: '2026-11-22T12:00:30.000Z',
    });
    expect(await told()).toEqual([{ kind: 'revoked', ...view }]);
    expect(all()).toEqual([view]);
  });

  it('of one subject are one, and the stronger one counts', async () => {
    await revoke({ user: 'ada' }, NOW);
    const later = await revoke({ user: 'ada' }, NOW + 1_000);
    expect(later).toMatchObject({ id: '1', issuedBefore: '2026-11-21T12:00:01.000Z' });
    const weaker = { user: 'ada', issuedBefore: '2026-11-21T11:00:00Z' };
    expect(await revoke(weaker, NOW + 2_000)).toMatchObject({
      issuedBefore: '2026-11-21T12:00:01.000Z',
      expiresAt: '2026-11-22T12:00:32.000Z',
    });
    expect(all()).toHaveLength(1);
  });

  it('come in pages', async () => {
    for (const tokenId of ['a', 'b', 'c']) await revoke({ tokenId });
    const first = revocations.page(undefined, 2, NOW);
    expect(first.revocations.map(({ tokenId }) => tokenId)).toEqual(['a', 'b']);
    const second = revocations.page(first.next ?? undefined, 2, NOW);
    expect([second.revocations.map(({ tokenId }) => tokenId), second.next]).toEqual([['c'], null]);
  });

  it('are taken back with a word in the log, once', async () => {
    const { id } = await revoke({ user: 'ada' });
    expect(await revocations.restore(id, NOW)).toBe(true);
    expect(await revocations.restore(id, NOW)).toBe(false);
    expect((await told()).at(-1)).toEqual({ kind: 'restored', id });
    expect(all()).toEqual([]);
  });

  it('go when what they are about has expired, and not before', async () => {
    const { id } = await revoke({ tokenId: 't' });
    await revocations.prune(NOW + KEPT_MS - 1);
    expect(revocations.nextExpiry()).toBe(NOW + KEPT_MS);
    expect(all(NOW + KEPT_MS)).toEqual([]);
    await revocations.prune(NOW + KEPT_MS);
    expect(revocations.nextExpiry()).toBeUndefined();
    expect(await revocations.restore(id, NOW)).toBe(false);
  });

  it('are as many as gateways can hold; expired ones make room', async () => {
    revocations = open(2);
    await revoke({ tokenId: 'a' });
    await revoke({ tokenId: 'b' });
    await expect(revoke({ tokenId: 'c' })).rejects.toMatchObject({ code: 'E_CONFLICT' });
    expect(await revoke({ tokenId: 'b' })).toMatchObject({ tokenId: 'b' });
    expect(await revoke({ tokenId: 'c' }, NOW + KEPT_MS)).toMatchObject({ tokenId: 'c' });
  });
});
