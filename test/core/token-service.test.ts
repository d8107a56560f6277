/** Revocations over the control API of a real core. */

import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TokenRevocations } from '../../src/access/token-revocations.ts';
import { ControlHttp } from '../../src/client/control-http.ts';
import { TokenClient } from '../../src/client/token-client.ts';
import { CoreTokenService, revocationRow } from '../../src/core/token-service.ts';
import { openSqliteStores } from '../contract/stores.ts';
import { AwakeCore } from './awake-core.ts';

const PATH = '/v1/tokens/revocations';

let core: AwakeCore;
beforeEach(async () => {
  core = await AwakeCore.start();
});
afterEach(() => core.dispose());

describe('a revocation', () => {
  it('is answered, listed, told in the log, kept over a restart and taken back', async () => {
    const { status, body } = await core.post(PATH, { user: 'ada' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ id: '1', user: 'ada', tokenId: null });
    await core.sleep();
    await core.wake();
    expect((await core.get(PATH)).body).toEqual({ revocations: [body], next: null });
    const { events } = (await core.get('/v1/events?type=access')).body;
    expect(events).toMatchObject([{ id: 'tokens', data: [{ kind: 'revoked', ...body }] }]);
    expect((await core.ask('DELETE', `${PATH}/1`)).status).toBe(204);
    expect((await core.ask('DELETE', `${PATH}/1`)).body).toMatchObject({ code: 'E_NOT_FOUND' });
    expect((await core.get(PATH)).body).toEqual({ revocations: [], next: null });
  });

  it.each([
    ['nothing', {}],
    ['a token and a user', { tokenId: 't', user: 'u' }],
    ['a token and a time', { tokenId: 't', issuedBefore: '2026-11-21T12:00:00Z' }],
    ['an empty user', { user: '' }],
    ['a user of 257 bytes', { user: 'u'.repeat(257) }],
    ['a token id of 257 bytes', { tokenId: 't'.repeat(257) }],
    ['a time that is none', { issuedBefore: 'yesterday' }],
    ['a time in the future', { issuedBefore: '2999-01-01T00:00:00Z' }],
    ['an unknown field', { user: 'u', reason: 'x' }],
    ['a list', [{ user: 'u' }]],
  ])('of %s is refused', async (_what, body) => {
    const answer = await core.post(PATH, body);
    expect([answer.status, answer.body.code]).toEqual([400, 'E_INVALID_REQUEST']);
  });

  it('is made, listed and taken back through the client library, page by page', async () => {
    const http = new ControlHttp({ socketPath: core.socketPath }, 0);
    const tokens = new TokenClient(http);
    const names = Array.from({ length: 1_001 }, (_, n) => `t${n}`);
    while (names.length > 0) {
      await Promise.all(names.splice(0, 50).map((tokenId) => tokens.revoke({ tokenId })));
    }
    const listed = [];
    for await (const { id, tokenId } of tokens.revocations()) listed.push({ id, tokenId });
    expect(new Set(listed.map(({ tokenId }) => tokenId)).size).toBe(1_001);
    await tokens.restore(listed[0]?.id ?? '');
    http.close();
  });
});

describe('the reserved type of events', () => {
  it('can be followed, but nobody publishes, grants or configures it', async () => {
    const published = await core.post('/v1/events', { type: 'access', id: 'tokens', data: [] });
    expect(published.body).toMatchObject({ code: 'E_UNKNOWN_EVENT_TYPE' });
    const granted = await core.post('/v1/grants', { user: 'u', type: 'access', id: '*' });
    expect(granted.body).toMatchObject({ code: 'E_UNKNOWN_EVENT_TYPE' });
    core.configure('[event:Access]\n');
    expect(() => core.settings).toThrow('is built in');
  });
});

it('a revocation goes by itself when it has expired', async () => {
  const { db, loop, writer, close } = openSqliteStores();
  const revocations = new TokenRevocations(db, loop.commit, (news, now) => {
    writer.append(revocationRow(news), now);
  });
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const parts = { revocations, log: pino({ level: 'silent' }), now };
  const before = new CoreTokenService(parts);
  await before.revoke({ tokenId: 't' });
  await before.stop();
  ahead = 86_430_000 - 50;
  const service = new CoreTokenService(parts);
  await service.start();
  await expect.poll(() => revocations.nextExpiry(), { timeout: 20_000 }).toBeUndefined();
  await service.stop();
  close();
});
