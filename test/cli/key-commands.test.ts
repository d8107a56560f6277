/** `key` and `--reveal` on the command line, with a real core behind them. */
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseKeyRing } from '../../src/privacy/key-ring.ts';
import { PrivacyStand } from '../core/privacy-stand.ts';
import { type RunOptions, runCommand } from './run-command.ts';

let stand: PrivacyStand;
beforeEach(() => {
  stand = new PrivacyStand();
});
afterEach(() => stand.dispose());

function run(argv: readonly string[], options: Partial<RunOptions> = {}) {
  const { directory, socketPath } = stand.core;
  return runCommand(['--socket', socketPath, ...argv], { cwd: directory, ...options });
}

const errorOf = ({ stderr }: { readonly stderr: string }) => JSON.parse(stderr).error;

test('key generate prints a line that a keys file takes, another one each time', async () => {
  const lines: string[] = [];
  for (let n = 0; n < 2; n += 1) {
    const result = await run(['key', 'generate']);
    expect(result).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^k\d{8}-[0-9a-f]{4}:/),
    });
    lines.push(result.stdout);
  }
  const [first, second] = lines.map((line) => parseKeyRing(line, 'keys').current);
  expect(first?.bytes).not.toEqual(second?.bytes);
  expect((await run(['key', 'generate', '--id', 'mine'])).stdout).toMatch(/^mine:/);
  expect((await run(['key', 'generate', '--id', 'a:b'])).exitCode).toBe(64);
});

test('key rotate and key list say what each key has encrypted', async () => {
  const older = (await run(['key', 'generate', '--id', 'older'])).stdout.trim();
  const newer = (await run(['key', 'generate', '--id', 'newer'])).stdout.trim();
  await stand.wake(older);
  await stand.core.add('mail', { payload: 1 });
  await stand.sleep();
  await stand.wake(newer, older);
  const done = await run(['key', 'rotate']);
  expect(done.exitCode).toBe(0);
  expect(done.stdout).toMatch(/older +0 +decrypts/);
  expect(done.stdout).toMatch(/newer +[1-9]\d* +current/);
  expect(done.stderr).toContain('no longer needed: older');
  const { keys, plain } = JSON.parse((await run(['key', 'list', '--json'])).stdout);
  expect(keys).toContainEqual({ id: 'older', state: 'decrypts', texts: 0 });
  expect(plain).toBe(0);
});

test('key rotate where there are no keys says how one comes to have one', async () => {
  stand.core.configure('');
  await stand.core.wake();
  const result = await run(['key', 'rotate', '--json']);
  expect(result.exitCode).toBe(65);
  expect(errorOf(result)).toMatchObject({ code: 'E_CONFLICT' });
});

test('job show and job export show hidden fields to who asks for them', async () => {
  stand.core.configure('[privacy]\nredact = card\n');
  await stand.core.wake();
  const { id } = await stand.core.add('mail', { payload: { card: '4111' } });
  const payloadOf = async (...argv: string[]) =>
    JSON.parse((await run(['job', ...argv])).stdout).payload;
  expect(await payloadOf('show', id, '--json')).toEqual({ card: '[redacted]' });
  expect(await payloadOf('show', id, '--json', '--reveal')).toEqual({ card: '4111' });
  expect(await payloadOf('export', id, '--reveal')).toEqual({ card: '4111' });
  const refused = await run(['job', 'export', id]);
  expect(refused).toMatchObject({ exitCode: 65, stdout: '' });
  expect(refused.stderr).toContain('--reveal');
});

test('config check refuses a keys file that others can read, or that holds no key (78)', async () => {
  const { directory } = stand.core;
  const file = path.join(directory, 'payload-keys');
  const ini = path.join(directory, 'checked.ini');
  writeFileSync(ini, `[privacy]\nkeysFile = ${file}\n`);
  const check = () =>
    runCommand(['--config', ini, 'config', 'check', '--json'], { cwd: directory });
  expect(await check()).toMatchObject({ exitCode: 78 });
  stand.keys((await run(['key', 'generate'])).stdout.trim());
  expect(await check()).toMatchObject({ exitCode: 0 });
  chmodSync(file, 0o644);
  expect(errorOf(await check())).toMatchObject({ code: 'E_KEY_FILE', hint: `chmod 600 ${file}` });
  chmodSync(file, 0o600);
  stand.keys('nonsense');
  expect(errorOf(await check()).message).toContain('line 1: expected KEYID:base64');
});
