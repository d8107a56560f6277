/** `init`, `token issue` and `token inspect`, and what the gateway makes of the tokens. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { issueToken } from '../../src/auth/signing.ts';
import { Site } from './daemon.ts';
import { Subscriber } from './subscriber.ts';

const site = new Site();
const empty = site.path('empty');
/** Overrides of what `init` writes: it serves events on the usual port. */
const ENVIRONMENT = {
  TASKBELL_WEBSOCKETEVENTS_PORT: '0',
  TASKBELL_DAEMON_DATADIRECTORY: site.dataDirectory,
};
beforeAll(() => mkdirSync(empty));
afterAll(() => site.dispose());

test('init makes what `up` needs, in an empty directory, and overwrites nothing', async () => {
  const { exitCode, stdout } = await site.run(['init', '--json'], { cwd: empty });
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout).kept).toEqual([]);
  for (const name of ['config.ini', 'jobs', 'keys/private.pem', 'keys/public.pem']) {
    expect(existsSync(`${empty}/${name}`), name).toBe(true);
  }
  expect(statSync(`${empty}/keys/private.pem`).mode & 0o777).toBe(0o600);
  const again = JSON.parse((await site.run(['init', '--json'], { cwd: empty })).stdout);
  expect(again.created).toEqual([]);
  const check = await site.run(['config', 'check'], { cwd: empty });
  expect(check.exitCode).toBe(0);
});

test('the sample handler of init runs', async () => {
  const env = ENVIRONMENT;
  const daemon = await site.up(['up'], { cwd: empty, env });
  const { exitCode, stdout } = await site.run(
    ['job', 'add', 'hello', '{"name":"Ada"}', '--wait', '--json'],
    { cwd: empty, env },
  );
  expect(exitCode).toBe(0);
  expect(JSON.stringify(JSON.parse(stdout).result)).toContain('Ada');
  const token = JSON.parse(
    (await site.run(['token', 'issue', '-u', 'ada', '--json'], { cwd: empty })).stdout,
  );
  expect(Object.keys(token)).toEqual(['token', 'expiresAt']);
  expect(Date.parse(token.expiresAt)).toBeGreaterThan(Date.now());
  const subscriber = await Subscriber.connect(site, 'ada', token.token);
  expect(await subscriber.ask('attach', 'issueUpdate', '1')).toContain('"code":0');
  await subscriber.close();
  expect(await daemon.stop()).toBe(0);
});

test('inspect says what is in a token and whether it would be taken', async () => {
  const { token } = JSON.parse(
    (await site.run(['token', 'issue', '-u', 'ada', '--json'], { cwd: empty })).stdout,
  );
  const good = await site.run(['token', 'inspect', token, '--json'], { cwd: empty });
  expect(good.exitCode).toBe(0);
  expect(JSON.parse(good.stdout)).toMatchObject({
    valid: true,
    user: 'ada',
    claims: { data: { id: 'ada' } },
  });
  const [head, body, signature = ''] = token.split('.');
  const forged = `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
  const bad = await site.run(['token', 'inspect', forged, '--json'], { cwd: empty });
  expect(bad.exitCode).toBe(77);
  expect(JSON.parse(bad.stdout)).toMatchObject({ valid: false, user: null });
});

test('an expired token is code 2 of events v1, and E_TOKEN_EXPIRED of inspect', async () => {
  const { token } = await issueToken({
    ...{ privateKeyFile: `${empty}/keys/private.pem`, issuer: null, audience: null },
    ...{ userIdClaim: 'data.id', user: 'ada', name: undefined, lifetimeMs: 60_000 },
    now: Date.now() - 3_600_000,
  });
  const daemon = await site.up(['up'], { cwd: empty, env: ENVIRONMENT });
  const subscriber = await Subscriber.connect(site, 'ada', token);
  expect(await subscriber.ask('attach', 'issueUpdate', '1')).toBe(
    '{"status":400,"message":"Invalid token","code":2}',
  );
  await subscriber.close();
  await daemon.stop();
  const inspected = await site.run(['token', 'inspect', token, '--json'], { cwd: empty });
  expect(inspected.exitCode).toBe(77);
  expect(JSON.parse(inspected.stderr).error.code).toBe('E_TOKEN_EXPIRED');
});

test('without a private key there is nothing to sign with', async () => {
  expect(await site.refusal(['token', 'issue', '-u', 'ada'])).toMatchObject({
    exitCode: 78,
    code: 'E_KEY_FILE',
  });
});
