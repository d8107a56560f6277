/**
 * The kinds of values that keys hold: how each is read from text, shown as text, and named in the docs.
 *
 * Pure. A kind knows nothing of keys, files or origins; relative paths get their base as an argument.
 */
import { resolve } from 'node:path';
import { expected, type Reading, read } from './reading.ts';
import { joinWords, splitWords } from './shell-words.ts';
import { formatDuration, formatSize, readDuration, readSize } from './values.ts';

/** Methods, not function properties: a table of keys of different kinds must be assignable. */
export interface ValueType<T> {
  readonly name: string;
  /** @param base where a relative path starts */
  read(text: string, base: string): Reading<T>;
  /** A text that `read` reads as the same value. */
  format(value: T): string;
}

/** Node's timers take 31 bits; a longer wait would fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

export const text: ValueType<string> = {
  name: 'text',
  read: (value) => read(value),
  format: String,
};

export const path: ValueType<string> = {
  name: 'path',
  read: (value, base) =>
    value.includes('\0') ? expected('a path without NUL') : read(resolve(base, value)),
  format: String,
};

const BOOLEANS = new Map([
  ...['true', 'yes', 'on', '1'].map((word) => [word, true] as const),
  ...['false', 'no', 'off', '0'].map((word) => [word, false] as const),
]);

export const boolean: ValueType<boolean> = {
  name: 'true or false',
  read: (value) => {
    const found = BOOLEANS.get(value.toLowerCase());
    return found === undefined ? expected('true or false') : read(found);
  },
  format: String,
};

export function matching(name: string, pattern: RegExp): ValueType<string> {
  return {
    name,
    read: (value) => (pattern.test(value) ? read(value) : expected(`a ${name}`)),
    format: String,
  };
}

export function integer(min: number, max: number): ValueType<number> {
  const name = `integer from ${min} to ${max}`;
  return {
    name,
    read: (value) => {
      const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      return number >= min && number <= max ? read(number) : expected(`an ${name}`);
    },
    format: String,
  };
}

export function signedInteger(min: number, max: number): ValueType<number> {
  const name = `integer from ${min} to ${max}`;
  return {
    name,
    read: (value) => {
      const number = /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      return number >= min && number <= max ? read(number) : expected(`an ${name}`);
    },
    format: String,
  };
}

/** `COUNT/DURATION`, such as 100/1m. */
export const rate: ValueType<{ readonly count: number; readonly perMs: number }> = {
  name: 'rate',
  read: (value) => {
    const [, count = '', per = ''] = /^(\d{1,9})\s*\/\s*(\S+)$/.exec(value) ?? [];
    // `100/s` says as much as `100/1s`.
    const reading = readDuration(/^\d/.test(per) ? per : `1${per}`);
    const usable = Number(count) > 0 && reading.ok && reading.value > 0;
    return usable
      ? read({ count: Number(count), perMs: reading.value })
      : expected('a rate such as 100/1m: a number of at least 1 and a duration');
  },
  format: ({ count, perMs }) => `${count}/${formatDuration(perMs)}`,
};

/** JSON as one would write it on one line. */
export const jsonText: ValueType<string> = {
  name: 'JSON',
  read: (value) => {
    try {
      JSON.parse(value);
      return read(value);
    } catch {
      // What is wrong with it is told by what was expected and what was got.
      return expected('JSON');
    }
  },
  format: String,
};

export function duration(minMs = 0, maxMs = MAX_TIMER_MS): ValueType<number> {
  return {
    name: 'duration',
    read: (value) =>
      within(readDuration(value), {
        min: minMs,
        max: maxMs,
        format: formatDuration,
        noun: 'a duration',
      }),
    format: formatDuration,
  };
}

export function size(minBytes: number, maxBytes: number): ValueType<number> {
  return {
    name: 'size',
    read: (value) =>
      within(readSize(value), { min: minBytes, max: maxBytes, format: formatSize, noun: 'a size' }),
    format: formatSize,
  };
}

export function oneOf<const T extends string>(...words: readonly T[]): ValueType<T> {
  const name = words.map((word) => `\`${word}\``).join(', ');
  return {
    name,
    read: (value) => {
      const found = words.find((word) => word.toLowerCase() === value.toLowerCase());
      return found === undefined ? expected(`one of ${words.join(', ')}`) : read(found);
    },
    format: String,
  };
}

/** Items separated by commas, at least one; empty items do not count. */
export function listOf<T>(
  item: ValueType<T>,
  name = `list of ${item.name}`,
): ValueType<readonly T[]> {
  return {
    name,
    read: (value, base) => {
      const readings = splitList(value).map((part) => item.read(part, base));
      if (readings.length === 0) return expected(`a ${name}`);
      const failed = readings.find((reading) => !reading.ok);
      if (failed !== undefined && !failed.ok)
        return expected(`${failed.expected} (separated by commas)`);
      return read(readings.flatMap((reading) => (reading.ok ? [reading.value] : [])));
    },
    format: (values) => values.map((value) => item.format(value)).join(', '),
  };
}

/** `*` alone, or origins exactly as browsers send them. */
export const origins: ValueType<readonly string[]> = {
  name: '`*`, or a list of origins',
  read: (value) => {
    const parts = splitList(value);
    const exact = parts.every((part) => URL.canParse(part) && new URL(part).origin === part);
    return value === '*' || (exact && parts.length > 0)
      ? read(parts)
      : expected('* alone, or exact origins such as https://app.example.org');
  },
  format: (values) => values.join(', '),
};

export function url(...schemes: readonly string[]): ValueType<string> {
  const words = `a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(', ')}`;
  return {
    name: `URL (${schemes.join(', ')})`,
    read: (value) => {
      if (!URL.canParse(value)) return expected(words);
      const parsed = new URL(value);
      if (!schemes.includes(parsed.protocol.slice(0, -1)) || parsed.hostname === '')
        return expected(words);
      const bare = parsed.username === '' && parsed.password === '';
      return bare ? read(value) : expected(`${words}, without a user name or password in it`);
    },
    format: String,
  };
}

/** `localhost`, 127.0.0.0/8 and ::1, as a parsed URL spells them. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Keys that somebody on the way could exchange would verify his own tokens. */
export const secureUrl: ValueType<string> = {
  name: 'URL (https, or http on this machine)',
  read: (value, base) => {
    const reading = url('https', 'http').read(value, base);
    if (!reading.ok) return reading;
    const { protocol, hostname } = new URL(value);
    return protocol === 'https:' || LOOPBACK.test(hostname)
      ? reading
      : expected('an https:// URL; http:// only for localhost, 127.0.0.1 or [::1]');
  },
  format: String,
};

export const argv: ValueType<readonly string[]> = {
  name: 'command line',
  read: (value) => splitWords(value),
  format: joinWords,
};

interface Range {
  readonly min: number;
  readonly max: number;
  readonly format: (value: number) => string;
  readonly noun: string;
}

function within(reading: Reading<number>, range: Range): Reading<number> {
  if (!reading.ok || (reading.value >= range.min && reading.value <= range.max)) return reading;
  return expected(`${range.noun} from ${range.format(range.min)} to ${range.format(range.max)}`);
}

function splitList(value: string): readonly string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
