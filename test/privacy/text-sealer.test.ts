/** Sealing of single texts: what opens, what does not, and that it is noticed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKeyRing } from '../../src/privacy/key-ring.ts';
import { TextSealer } from '../../src/privacy/text-sealer.ts';

const key = (id: string, fill: number) => `${id}:${Buffer.alloc(32, fill).toString('base64')}`;
const sealer = (...lines: string[]) => new TextSealer(parseKeyRing(lines.join('\n'), 'keys'));

const SECRET = '{"card":"4111 1111 1111 1111","word":"größer"}';

describe('a text', () => {
  it('comes back as it was, whatever it is', () => {
    const one = sealer(key('k1', 1));
    const word = fc.string();
    fc.assert(
      fc.property(word, word, (text, subject) => {
        const sealed = one.seal(text, 'payload', subject);
        expect(one.open(sealed, 'payload', subject)).toBe(text);
      }),
    );
  });

  it('shows nothing of itself but its length and the name of its key', () => {
    const sealed = sealer(key('k1', 1)).seal(SECRET, 'payload', 'mail');
    expect(sealed).toMatch(/^enc:1:k1:[A-Za-z0-9+/]+=*$/);
    const body = Buffer.from(sealed.slice('enc:1:k1:'.length), 'base64');
    expect(body.length).toBe(12 + Buffer.byteLength(SECRET) + 16);
    expect(body.toString('latin1')).not.toContain('4111');
  });

  it('is another one each time, though it is the same', () => {
    const one = sealer(key('k1', 1));
    const sealed = Array.from({ length: 50 }, () => one.seal(SECRET, 'payload', 'mail'));
    expect(new Set(sealed).size).toBe(50);
  });

  it('that is sealed already is not sealed twice', () => {
    const one = sealer(key('k1', 1));
    const sealed = one.seal(SECRET, 'payload', 'mail');
    expect(one.seal(sealed, 'payload', 'mail')).toBe(sealed);
  });

  it('that was stored before there were keys is read as it is', () => {
    const one = sealer(key('k1', 1));
    expect(one.open('{"a":1}', 'payload', 'mail')).toBe('{"a":1}');
    expect(one.isCurrent('{"a":1}')).toBe(false);
  });
});

describe('another key', () => {
  const sealed = sealer(key('k1', 1)).seal(SECRET, 'payload', 'mail');

  it('in front of the old one leaves the old texts readable, and not current', () => {
    const rotated = sealer(key('k2', 2), key('k1', 1));
    expect(rotated.open(sealed, 'payload', 'mail')).toBe(SECRET);
    expect(rotated.isCurrent(sealed)).toBe(false);
    expect(rotated.isCurrent(rotated.seal(SECRET, 'payload', 'mail'))).toBe(true);
  });

  it('in the place of the old one: the refusal names the key that is missing', () => {
    const other = sealer(key('k2', 2));
    expect(() => other.open(sealed, 'payload', 'mail')).toThrow(
      expect.objectContaining({
        code: 'E_KEY_FILE',
        message: expect.stringContaining('the key k1, which is not in [privacy] keysFile'),
      }),
    );
    expect(other.tryOpen(sealed, 'payload', 'mail')).toBe(sealed);
  });

  it('under the same id is noticed', () => {
    const wrong = sealer(key('k1', 9));
    expect(() => wrong.open(sealed, 'payload', 'mail')).toThrow(/does not open with the key k1/);
  });
});

describe('tampering', () => {
  const one = sealer(key('k1', 1), key('k2', 2));
  const head = 'enc:1:k1:';
  const sealed = one.seal(SECRET, 'result', 7);
  const refused = expect.objectContaining({
    code: 'E_KEY_FILE',
    message: expect.stringContaining('it was changed, or put where it does not belong'),
  });

  it('with any single byte is noticed', () => {
    const body = Buffer.from(sealed.slice(head.length), 'base64');
    for (let index = 0; index < body.length; index += 1) {
      const changed = Buffer.from(body);
      changed[index] = (changed[index] ?? 0) ^ 1;
      const text = head + changed.toString('base64');
      expect(() => one.open(text, 'result', 7)).toThrow(refused);
    }
  });

  it.each([
    ['nothing is left of it', head],
    ['only a part of its nonce is left', `${head}AAAA`],
    ['its tag was cut off', sealed.slice(0, head.length + 60)],
    ['it claims another key', sealed.replace('k1', 'k2')],
  ])('is noticed when %s', (_, text) => {
    expect(() => one.open(text, 'result', 7)).toThrow(refused);
  });

  it('by moving a text to another job, or into another column, is noticed', () => {
    expect(() => one.open(sealed, 'result', 8)).toThrow(refused);
    expect(() => one.open(sealed, 'payload', 7)).toThrow(refused);
  });
});
