/** Keys files: what a line may say, and that a refusal never shows a key. */
import { describe, expect, it } from 'vitest';
import { checkValueOf, newKeyId, parseKeyRing, renderKey } from '../../src/privacy/key-ring.ts';

const bytes = (fill: number) => Buffer.alloc(32, fill);
const line = (id: string, fill: number) => renderKey({ id, bytes: bytes(fill) });

describe('a keys file', () => {
  it('encrypts with its first key and decrypts with all', () => {
    const text = `# payload keys\n\n${line('new', 2)}\r\n${line('old', 1)}\n`;
    const ring = parseKeyRing(text, 'keys');
    expect(ring.current?.id).toBe('new');
    expect([...ring.keys.keys()]).toEqual(['new', 'old']);
    expect(ring.keys.get('old')?.bytes).toEqual(bytes(1));
  });

  it('takes base64 of either alphabet, with or without its padding', () => {
    const text = bytes(0xfb).toString('base64');
    for (const value of [text, text.replace('=', ''), bytes(0xfb).toString('base64url')]) {
      expect(parseKeyRing(`k:${value}`, 'keys').current?.bytes).toEqual(bytes(0xfb));
    }
  });

  it('that begins with `plain` encrypts nothing and still decrypts', () => {
    const ring = parseKeyRing(`plain\n${line('old', 1)}`, 'keys');
    expect(ring.current).toBeNull();
    expect(ring.keys.has('old')).toBe(true);
  });

  it('may say of a key that it is lost', () => {
    const ring = parseKeyRing(`${line('new', 2)}\nold:lost`, 'keys');
    expect(ring.lost).toEqual(new Set(['old']));
  });

  it.each([
    ['nothing', '# none\n', 'it holds no key'],
    ['only lost keys', 'old:lost', 'it holds no key'],
    ['a line without an id', 'AAAA', 'line 1: expected KEYID:base64'],
    ['an id with a blank', 'a b:AAAA', 'line 1: expected KEYID:base64'],
    ['a short key', 'k:QUJDREVG', 'line 1: expected 32 bytes as base64 behind the colon, got 6'],
    [
      'no base64 at all',
      'k:*secret*',
      'line 1: expected 32 bytes as base64 behind the colon, got 0',
    ],
    ['an id twice', `${line('k', 1)}\n${line('k', 2)}`, 'line 2: the key k is there twice'],
    ['`plain` behind a key', `${line('k', 1)}\nplain`, 'line 2: expected `plain` before every key'],
  ])('with %s is refused', (_, text, words) => {
    expect(() => parseKeyRing(text, 'keys')).toThrow(
      expect.objectContaining({
        code: 'E_KEY_FILE',
        message: `[privacy] keysFile keys: ${words}.`,
      }),
    );
  });

  it.each([
    ['too short', 'k:c2VjcmV0LXNlY3JldA'],
    ['without its id', 'c2VjcmV0LXNlY3JldA'],
    ['before the colon', 'c2VjcmV0LXNlY3JldA:k'],
  ])('%s is refused without quoting the key', (_, text) => {
    expect(() => parseKeyRing(text, 'keys')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('c2Vj') }),
    );
  });
});

it('two keys of one id are told apart without showing either', () => {
  const one = checkValueOf({ id: 'k', bytes: bytes(1) });
  expect(one).toMatch(/^[0-9a-f]{16}$/);
  expect(checkValueOf({ id: 'k', bytes: bytes(2) })).not.toBe(one);
});

it('the id of a new key says its day', () => {
  expect(newKeyId(Date.UTC(2026, 10, 22), Buffer.from([0xab, 0xcd]))).toBe('k20261122-abcd');
});
