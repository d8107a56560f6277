import fc from 'fast-check';
import { expect, test } from 'vitest';
import { didYouMean, levenshtein } from '../../src/config/did-you-mean.ts';

const KEYS = ['dataDirectory', 'controlSocket', 'logLevel', 'logFormat'];

test.each([
  ['datadirectroy', 'dataDirectory'],
  ['loglevl', 'logLevel'],
  ['LOG_FORMAT', 'logFormat'],
  ['control', 'controlSocket'],
])('%s was meant to be %s', (word, meant) => {
  expect(didYouMean(word, KEYS)).toBe(`; did you mean ${meant}?`);
});

test.each(['zebra', 'x', ''])('"%s" is near nothing, so nothing is suggested', (word) => {
  expect(didYouMean(word, KEYS)).toBe('');
});

test('the distance between words counts insertions, deletions and replacements', () => {
  expect(levenshtein('kitten', 'sitting')).toBe(3);
  expect(levenshtein('', 'abc')).toBe(3);
  expect(levenshtein('flaw', 'lawn')).toBe(2);
});

test('the distance is a metric', () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(word, word, word, (a, b, c) => {
      expect(levenshtein(a, b)).toBe(levenshtein(b, a));
      expect(levenshtein(a, b) === 0).toBe(a === b);
      expect(levenshtein(a, c)).toBeLessThanOrEqual(levenshtein(a, b) + levenshtein(b, c));
    }),
  );
});
