import fc from 'fast-check';
import { parse } from 'ini';
import { describe, expect, test } from 'vitest';
import { scanValue } from '../../src/config/value-scanner.ts';

function readByIni(raw: string): string {
  return String(parse(`key =${raw}`).key);
}

describe('a value that is accepted', () => {
  test.each([
    [' plain ', 'plain'],
    ['', ''],
    [' two words', 'two words'],
    [' a \\; b \\# c', 'a ; b # c'],
    [String.raw` C:\dir\\x \n`, String.raw`C:\dir\x \n`],
    [' "a ; b # c"', 'a ; b # c'],
    [' "say \\"hi\\"\\n"', 'say "hi"\n'],
    [` 'a ; "b" # c'`, 'a ; "b" # c'],
    [` 'back\\slash'`, 'back\\slash'],
    [' "my program" -x "a ; b"', '"my program" -x "a ; b"'],
    [' a = b = c', 'a = b = c'],
    [' true', 'true'],
    [' null', 'null'],
    [` '5'`, '5'],
    [' 007', '007'],
    [` it's`, `it's`],
    [' ""', ''],
    [` ''`, ''],
  ])('%j means %j, and ini reads it so', (raw, value) => {
    expect(scanValue(raw)).toEqual({ value });
    expect(readByIni(raw)).toBe(value);
  });
});

describe('a value that ini would not read as written', () => {
  test.each([
    [' a ; comment', 'a', 'cut at ";"'],
    [' a # comment', 'a', 'cut at "#"'],
    [' #fff', '', 'cut at "#"'],
    [' p;w', 'p', 'cut at ";"'],
    [' a \\\\; b', 'a \\', 'cut at ";"'],
    [' sh -c "a; b"', 'sh -c "a', 'cut at ";"'],
    [' "a ; b" ; comment', '"a', 'cut at ";"'],
    [' "a" # comment "b"', '"a" # comment "b"', '"#" outside the quotes'],
    [' "a\\q"', '"a\\q"', 'not valid'],
    [' "never closed', '"never closed', 'never closes'],
    [` 'tis the season`, `'tis the season`, 'never closes'],
    [' "', '"', 'never closes'],
    [` 'my program' 'x'`, `my program' 'x`, 'single quotes inside'],
    [` '"a"'`, 'a', 'read as JSON'],
    [` '1e3'`, '1000', 'read as JSON'],
    [` '{"a":1}'`, '[object Object]', 'read as JSON'],
  ])('%j, which ini reads as %j, is reported', (raw, byIni, problem) => {
    expect(scanValue(raw)).toEqual({ problem: expect.stringContaining(problem) });
    expect(readByIni(raw)).toBe(byIni);
  });
});

// Rich in the characters that matter: plain strings would almost never hold two quotes and a sign.
const TRICKY = fc.string({
  unit: fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        '"',
        "'",
        '\\',
        ';',
        '#',
        ' ',
        '=',
        '[',
        ']',
        'a',
        '1',
        'e',
        '{',
        '}',
      ),
    },
    { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 1, unit: 'grapheme' }) },
  ),
  maxLength: 14,
});
const ONE_LINE = TRICKY.filter((text) => !/[\r\n\u2028\u2029]/.test(text));
const RAW = fc.oneof(
  ONE_LINE,
  ONE_LINE.map((text) => `"${text}"`),
  ONE_LINE.map((text) => `'${text}'`),
  ONE_LINE.map((text) => JSON.stringify(text)),
  fc
    .json()
    .filter((text) => !/[\u2028\u2029]/.test(text))
    .map((text) => `'${text}'`),
);

test('whatever the scanner accepts, ini reads as exactly that value', () => {
  fc.assert(
    fc.property(RAW, (raw) => {
      const scanned = scanValue(raw);
      if ('value' in scanned) expect(readByIni(raw)).toBe(scanned.value);
    }),
    { numRuns: 20_000 },
  );
});

test('JSON that has no text of its own is reported, not taken', () => {
  // Found by the property above.
  expect(scanValue(`'{"toString":null}'`)).toEqual({
    problem: expect.stringContaining('read as JSON'),
  });
});

test('every text has a way to be written: as a JSON string it is accepted and comes back', () => {
  fc.assert(
    fc.property(ONE_LINE, (text) => {
      expect(scanValue(JSON.stringify(text))).toEqual({ value: text });
      expect(readByIni(JSON.stringify(text))).toBe(text);
    }),
  );
});

test('a bare value without quotes, backslashes and signs is taken as it stands', () => {
  fc.assert(
    fc.property(
      ONE_LINE.filter((text) => !/["'\\;#]/.test(text)),
      (text) => {
        expect(scanValue(text)).toEqual({ value: text.trim() });
      },
    ),
  );
});
