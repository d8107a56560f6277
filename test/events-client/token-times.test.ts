import { describe, expect, it } from 'vitest';
import { expiryOf, renewalDelayMs } from '../../src/events-client/token-times.ts';

function token(claims: object): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
}

describe('when a token is renewed', () => {
  it('is after four fifths of what is left of it', () => {
    expect(renewalDelayMs(token({ exp: 1_600 }), 1_000_000)).toBe(480_000);
  });

  it('is not more than once a second, nor later than a timer can be', () => {
    expect(renewalDelayMs(token({ exp: 1_000.5 }), 1_000_000)).toBe(1_000);
    expect(renewalDelayMs(token({ exp: 1e10 }), 0)).toBe(2 ** 31 - 1);
  });

  it('is half a minute later where this clock says that it is over', () => {
    expect(renewalDelayMs(token({ exp: 900 }), 1_000_000)).toBe(30_000);
  });

  it('is never where the token does not say when it ends', () => {
    for (const text of ['', 'opaque', 'a.b.c', token({}), token({ exp: 'soon' })]) {
      expect(renewalDelayMs(text, 0)).toBeUndefined();
    }
  });

  it('is read from what only a URL-safe alphabet can say', () => {
    expect(expiryOf(token({ exp: 5, name: '>>>???~~~ÿ' }))).toBe(5_000);
  });
});
