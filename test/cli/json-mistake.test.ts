import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findJsonMistake } from '../../src/cli/json-mistake.ts';

test.each([
  ['', 0, 'expected a value'],
  ['   ', 3, 'expected a value'],
  ['{"a":}', 5, 'expected a value'],
  ['{a:1}', 1, 'expected a name in double quotes or "}"'],
  ['{"a":1,}', 7, 'expected a name in double quotes'],
  ['{"a" 1}', 5, 'expected ":"'],
  ['[1 2]', 3, 'expected "," or "]"'],
  ['[1,]', 3, 'expected a value'],
  ['[1,2', 4, 'expected "," or "]"'],
  ['{"a":1]', 6, 'expected "," or "}"'],
  ['1 2', 2, 'expected nothing more'],
  ['tru', 0, 'expected a value'],
  ['01', 0, 'expected a value'],
  ["{'a':1}", 1, 'expected a name in double quotes or "}"'],
  ['["a\nb"]', 1, 'expected a value or "]"'],
  ['["\\x"]', 1, 'expected a value or "]"'],
])('in %j the mistake is at %i', (text, offset, message) => {
  expect(findJsonMistake(text)).toEqual({ offset, message });
});

test('it finds a mistake exactly where a valid text was cut or continued', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), (valid, cut) => {
      const text = valid.slice(0, cut % (valid.length + 1));
      expect(findJsonMistake(`${valid} x`)).toEqual({
        offset: valid.length + 1,
        message: 'expected nothing more',
      });
      if (isJson(text)) return;
      expect(findJsonMistake(text).offset).toBeLessThanOrEqual(text.length);
    }),
  );
});

test('a long text without an end is looked at in one pass', () => {
  expect(findJsonMistake(`["${'x'.repeat(4_000_000)}`).offset).toBe(1);
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
