/** `token revoke`, `token revocations` and `token restore`, with a real core behind them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AwakeCore } from '../core/awake-core.ts';
import { runCommand } from './run-command.ts';

let core: AwakeCore;
beforeEach(async () => {
  core = await AwakeCore.start();
});
afterEach(() => core.dispose());

function run(...argv: readonly string[]) {
  return runCommand(['--socket', core.socketPath, ...argv], { cwd: core.directory });
}

async function json(...argv: readonly string[]) {
  return JSON.parse((await run(...argv, '--json')).stdout);
}

describe('token revoke', () => {
  test('says whose tokens are refused, and revocations lists them', async () => {
    expect(await run('token', 'revoke', '--user', 'ada')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(
        /^revoked the tokens of ada issued before 20\S+Z \(revocation 1\)\n$/,
      ),
    });
    expect((await run('token', 'revoke', '--id', 'jti-7')).stdout).toContain('the token jti-7');
    const time = '2026-01-02T03:04:05+01:00';
    expect(await json('token', 'revoke', '--issued-before', time)).toMatchObject({
      ...{ id: '3', user: null, tokenId: null, issuedBefore: '2026-01-02T02:04:05.000Z' },
    });
    const table = (await run('token', 'revocations')).stdout.split('\n');
    expect(table[0]).toMatch(/^ID +TOKEN +USER +ISSUED BEFORE +REVOKED +FORGOTTEN$/);
    expect(table[1]).toMatch(/^1 +- +ada +20/);
    expect(table[2]).toMatch(/^2 +jti-7 +- +- /);
    expect(table[3]).toMatch(/^3 +- +\(everybody\) +2026-01-02T02:04:05/);
    const { revocations } = await json('token', 'revocations');
    expect(revocations.map(({ id }: { id: string }) => id)).toEqual(['1', '2', '3']);
  });

  test.each([
    [['token', 'revoke'], 'nothing says which tokens'],
    [['token', 'revoke', '--id', 'a', '--user', 'b'], '--id goes with no other option'],
    [['token', 'revoke', '--issued-before', 'yesterday'], 'Expected a time with its zone'],
  ])('%j is a mistake', async (argv, words) => {
    const { exitCode, stderr } = await run(...argv);
    expect([exitCode, stderr]).toEqual([64, expect.stringContaining(words)]);
  });
});

test('token restore takes a revocation back, once', async () => {
  await run('token', 'revoke', '--user', 'ada');
  expect(await json('token', 'restore', '1')).toEqual({ id: '1', restored: true });
  expect((await json('token', 'revocations')).revocations).toEqual([]);
  expect((await run('token', 'restore', '1')).exitCode).toBe(66);
});
