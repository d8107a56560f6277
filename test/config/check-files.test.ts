import { describe, expect, test } from 'vitest';
import { checkFiles } from '../../src/config/check-files.ts';
import { freshDirectory, writeIn } from './fresh-directory.ts';
import { errorOf, load } from './loading.ts';

describe('the files that settings name', () => {
  test('are fine when none is named', () => {
    expect(() => checkFiles(load().settings)).not.toThrow();
  });

  test('are fine when they are there; the private key is not needed to run', () => {
    const cwd = freshDirectory();
    writeIn(cwd, 'public.pem', 'x');
    writeIn(cwd, 'token', 'x');
    const ini =
      '[auth]\npublicKeyFile = public.pem\nprivateKeyFile = no.pem\n[webSocket]\ntokenFile = token\n';
    expect(() => checkFiles(load({ cwd, ini }).settings)).not.toThrow();
  });

  test('are all named, with their keys, when they are missing or not files', () => {
    const cwd = freshDirectory();
    const ini = '[auth]\npublicKeyFile = no.pem\n[webSocket]\ntokenFile = .\n';
    const error = errorOf(() => checkFiles(load({ cwd, ini }).settings));
    expect(error.code).toBe('E_KEY_FILE');
    expect(error.message).toBe(
      `[auth] publicKeyFile: expected a readable file at ${cwd}/no.pem, but there is none\n` +
        `[webSocket] tokenFile: expected a readable file at ${cwd}, but it is not a regular file`,
    );
    expect(error.hint).toContain('taskbell init');
  });

  test('are those of web hooks too: a secret that is missing would leave requests unsigned', () => {
    const cwd = freshDirectory();
    const ini = '[job:notify]\nurl = https://example.org/\nsecretFile = hook-secret\n';
    expect(errorOf(() => checkFiles(load({ cwd, ini }).settings)).message).toBe(
      `[job:notify] secretFile: expected a readable file at ${cwd}/hook-secret, but there is none`,
    );
    writeIn(cwd, 'hook-secret', 'x');
    expect(() => checkFiles(load({ cwd, ini }).settings)).not.toThrow();
  });

  test('behind something that is no directory cannot be read, and the reason is named', () => {
    const cwd = freshDirectory();
    writeIn(cwd, 'file', 'x');
    const { settings } = load({ cwd, ini: '[auth]\npublicKeyFile = file/key.pem\n' });
    expect(errorOf(() => checkFiles(settings)).message).toContain('it cannot be read (ENOTDIR)');
  });
});
