/** Reads a keys file from the disk. Refuses one that others could read. */
import { readFileSync, statSync } from 'node:fs';
import { TaskbellError } from '../protocol/errors.ts';
import { type KeyRing, parseKeyRing } from './key-ring.ts';

/** Everything for others, and writing for the group: a secret may be mounted for a group to read. */
const TOO_OPEN = 0o027;

/** @throws TaskbellError E_KEY_FILE */
export function readKeyFile(file: string): KeyRing {
  const { mode, text } = read(file);
  if ((mode & TOO_OPEN) === 0) return parseKeyRing(text, file);
  const got = (mode & 0o777).toString(8).padStart(3, '0');
  throw new TaskbellError(
    'E_KEY_FILE',
    `[privacy] keysFile ${file}: expected a file that others cannot read, its mode is ${got}.`,
    { hint: `chmod 600 ${file}` },
  );
}

function read(file: string): { readonly mode: number; readonly text: string } {
  try {
    return { mode: statSync(file).mode, text: readFileSync(file, 'utf8') };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'an unknown error';
    throw new TaskbellError('E_KEY_FILE', `[privacy] keysFile ${file} cannot be read: ${code}.`, {
      hint: 'Put the keys there, or correct the path in the configuration.',
      cause,
    });
  }
}
