/** Keys files on the disk: who else may read them. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readKeyFile } from '../../src/privacy/key-file.ts';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'taskbell-keys-'));
  file = path.join(directory, 'keys');
  writeFileSync(file, `k1:${Buffer.alloc(32, 1).toString('base64')}\n`);
});

afterEach(() => rmSync(directory, { recursive: true }));

describe('a keys file', () => {
  it.each([0o600, 0o400, 0o640])('of the mode %o is read', (mode) => {
    chmodSync(file, mode);
    expect(readKeyFile(file).current?.id).toBe('k1');
  });

  it.each([0o644, 0o604, 0o602, 0o660, 0o601])('of the mode %o is refused', (mode) => {
    chmodSync(file, mode);
    expect(() => readKeyFile(file)).toThrow(
      expect.objectContaining({
        code: 'E_KEY_FILE',
        message: expect.stringContaining(`its mode is ${mode.toString(8)}`),
        hint: `chmod 600 ${file}`,
      }),
    );
  });

  it('that is not there is named', () => {
    expect(() => readKeyFile(path.join(directory, 'none'))).toThrow(/none cannot be read: ENOENT/);
  });
});
