import { expect, it } from 'vitest';
import { VerdictCache } from '../../src/auth/verdict-cache.ts';

const verdict = (expiresAt: number) =>
  ({ kind: 'valid', user: 'u', expiresAt, tokenId: 't' }) as const;

it('forgets the longest unused verdict when it is full', () => {
  const cache = new VerdictCache(2);
  cache.set('a', verdict(10));
  cache.set('b', verdict(10));
  cache.get('a', 0);
  cache.set('c', verdict(10));
  expect([cache.get('a', 0), cache.get('b', 0), cache.get('c', 0)].map(Boolean)).toEqual([
    true,
    false,
    true,
  ]);
});

it('gives up a verdict at the moment its token ends', () => {
  const cache = new VerdictCache(2);
  cache.set('a', verdict(10));
  expect(cache.get('a', 9)).toBeDefined();
  expect(cache.get('a', 10)).toBeUndefined();
  expect(cache.size).toBe(0);
});
