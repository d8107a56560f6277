/** The kind of value that names a file, or a credential of the service manager that stands for one. Pure. */
import { expected, read } from './reading.ts';
import { path, type ValueType } from './value-types.ts';

export const CREDENTIAL_PREFIX = 'credential:';

/** A file name in one directory; `.` and `..` are none. */
export function isCredentialName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(name);
}

export const filePath: ValueType<string> = {
  name: 'path, or `credential:NAME`',
  read: (value, base) => {
    if (!value.startsWith(CREDENTIAL_PREFIX)) return path.read(value, base);
    return isCredentialName(value.slice(CREDENTIAL_PREFIX.length))
      ? read(value)
      : expected('credential: and a name of letters, digits, "_", "." or "-"');
  },
  format: String,
};
