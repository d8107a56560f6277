import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RevocationNews, RevocationView } from '../../src/protocol/tokens.ts';
import { GatewayFixture, tokenFor } from './gateway-fixture.ts';
import { ask, connectV2, V2 } from './v2-client.ts';

const OK = '{"status":200,"message":"Ok","code":0}';
const INVALID_TOKEN = '{"status":400,"message":"Invalid token","code":2}';

let gateway: GatewayFixture;
beforeEach(() => {
  gateway = new GatewayFixture();
});
afterEach(() => gateway.close());

let count = 0;

function revocation(of: Partial<RevocationView>): RevocationView {
  count += 1;
  const now = Date.now();
  return {
    ...{ id: String(count), tokenId: null, user: null, issuedBefore: null },
    createdAt: new Date(now).toISOString(),
    expiresAt: new Date(now + 3_600_000).toISOString(),
    ...of,
  };
}

/** Of everything that was issued until now, the second that it is included. */
const untilNow = () => new Date(Date.now() + 1_000).toISOString();

function tell(news: RevocationNews): void {
  gateway.core.publish({ type: 'access', id: 'tokens', data: [{ ...news }] });
}

async function attached(user: string, changes: Record<string, unknown> = {}) {
  const client = await gateway.connect();
  const token = tokenFor(user, changes);
  expect(await client.attach(token, 'job', '1')).toBe(OK);
  return { client, token };
}

describe('a revocation that the log tells of', () => {
  it('by user closes the connections of that user with 4403, and no others', async () => {
    await gateway.start();
    const ada = await attached('ada');
    const bob = await attached('bob');
    tell({ kind: 'revoked', ...revocation({ user: 'ada', issuedBefore: untilNow() }) });
    expect(await ada.client.closed).toEqual({ code: 4403, reason: 'token revoked' });
    expect(await bob.client.attach(bob.token, 'job', '2')).toBe(OK);
  });

  it('by id closes the connection that stands on that token', async () => {
    await gateway.start();
    const first = await attached('ada', { jti: 'first' });
    const second = await attached('ada', { jti: 'second' });
    tell({ kind: 'revoked', ...revocation({ tokenId: 'first' }) });
    expect((await first.client.closed).code).toBe(4403);
    expect(await second.client.attach(second.token, 'job', '2')).toBe(OK);
  });

  it('by time closes everybody whose token is older', async () => {
    await gateway.start();
    const iat = Math.floor(Date.now() / 1_000) - 600;
    const old = await attached('ada', { iat });
    const fresh = await attached('ada');
    const issuedBefore = new Date((iat + 300) * 1_000).toISOString();
    tell({ kind: 'revoked', ...revocation({ issuedBefore }) });
    expect((await old.client.closed).code).toBe(4403);
    expect(await fresh.client.attach(fresh.token, 'job', '2')).toBe(OK);
  });

  it('by time closes who cannot show when its token was issued, whenever that time is', async () => {
    await gateway.start();
    // Its end alone would let it be no older than an hour.
    const undated = await attached('ada', { iat: undefined });
    const dated = await attached('bob');
    const issuedBefore = new Date(Date.now() - 20 * 3_600_000).toISOString();
    tell({ kind: 'revoked', ...revocation({ issuedBefore }) });
    expect(await undated.client.closed).toEqual({ code: 4403, reason: 'token revoked' });
    expect(await dated.client.attach(dated.token, 'job', '2')).toBe(OK);
    const other = await gateway.connect();
    expect(await other.attach(undated.token, 'job', '1')).toBe(INVALID_TOKEN);
  });

  it('closes a connection of v2 that has shown its token once and asks for nothing any more', async () => {
    await gateway.start();
    const token = tokenFor('ada', { jti: 'shown once' });
    const inRequest = await connectV2(gateway);
    const attach = { action: 'attach', event: { type: 'job', id: '1' } };
    expect(await ask(inRequest, { auth: token, ...attach })).toMatchObject({ code: 0 });
    expect(await ask(inRequest, { ...attach, event: { type: 'job', id: '2' } })).toMatchObject({
      code: 0,
    });
    // In the handshake, and in no request at all.
    const inHandshake = await gateway.connectAs([V2, `bearer.${token}`]);
    expect(await ask(inHandshake, attach)).toMatchObject({ code: 0 });
    const alone = await gateway.connectAs([V2, `bearer.${token}`]);
    expect(await ask(alone, { action: 'ping' })).toMatchObject({ code: 0 });
    tell({ kind: 'revoked', ...revocation({ tokenId: 'shown once' }) });
    for (const client of [inRequest, inHandshake, alone]) {
      expect(await client.closed).toEqual({ code: 4403, reason: 'token revoked' });
    }
  });

  it('refuses the token from then on, although it was found valid before', async () => {
    await gateway.start();
    const { client, token } = await attached('ada', { jti: 'gone' });
    tell({ kind: 'revoked', ...revocation({ tokenId: 'gone' }) });
    await client.closed;
    const other = await gateway.connect();
    expect(await other.attach(token, 'job', '1')).toBe(INVALID_TOKEN);
    expect(await other.attach(tokenFor('ada', { jti: 'new' }), 'job', '1')).toBe(OK);
  });

  it('leaves a connection alone that has shown a newer token since', async () => {
    await gateway.start();
    const { client } = await attached('ada', { jti: 'old' });
    const exp = Math.floor(Date.now() / 1_000) + 7_200;
    const newer = tokenFor('ada', { jti: 'newer', exp });
    expect(await client.attach(newer, 'job', '2')).toBe(OK);
    tell({ kind: 'revoked', ...revocation({ tokenId: 'old' }) });
    const witness = await attached('bob', { jti: 'witness' });
    tell({ kind: 'revoked', ...revocation({ tokenId: 'witness' }) });
    await witness.client.closed;
    expect(await client.attach(newer, 'job', '3')).toBe(OK);
  });

  it('counts no more when it is taken back', async () => {
    await gateway.start();
    const { client, token } = await attached('ada', { jti: 'back' });
    const taken = revocation({ tokenId: 'back' });
    tell({ kind: 'revoked', ...taken });
    await client.closed;
    tell({ kind: 'restored', id: taken.id });
    const other = await gateway.connect();
    await expect.poll(() => other.attach(token, 'job', '1'), { timeout: 20_000 }).toBe(OK);
  });

  it('is pushed to no subscriber, and its type cannot be attached to', async () => {
    await gateway.start();
    const { client, token } = await attached('ada');
    expect(await client.attach(token, 'access', 'tokens')).toContain('"code":5');
    tell({ kind: 'revoked', ...revocation({ tokenId: 'of nobody' }) });
    gateway.core.publish({ type: 'job', id: '1', data: ['next'] });
    expect(await client.next()).toBe('{"type":"job","id":"1","data":["next"]}');
  });
});

describe('revocations from before', () => {
  it('are fetched before anybody is let in', async () => {
    gateway.core.revocations = [revocation({ tokenId: 'gone' })];
    await gateway.start();
    const client = await gateway.connect();
    expect(await client.attach(tokenFor('ada', { jti: 'gone' }), 'job', '1')).toBe(INVALID_TOKEN);
  });

  it('come with the log when the core was away, and what was told meanwhile is missed by nobody', async () => {
    await gateway.start();
    const { client } = await attached('ada', { jti: 'away' });
    await gateway.core.stop();
    tell({ kind: 'revoked', ...revocation({ tokenId: 'away' }) });
    await gateway.core.start();
    expect((await client.closed).code).toBe(4403);
  });

  it('are fetched anew when the log is another one', async () => {
    await gateway.start();
    await gateway.core.stop();
    gateway.core.replaceLog();
    gateway.core.revocations = [revocation({ tokenId: 'gone' })];
    await gateway.core.start();
    const token = tokenFor('ada', { jti: 'gone' });
    // Clients are sent away by the gap meanwhile.
    const reply = async () => {
      const client = await gateway.connect();
      return Promise.race([client.attach(token, 'job', '1'), client.closed.then(() => 'closed')]);
    };
    await expect.poll(reply, { timeout: 20_000 }).toBe(INVALID_TOKEN);
  });
});
