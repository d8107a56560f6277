/** Redaction: which values are hidden, and what stays as it is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_REDACTION, REDACTED, redactionOf } from '../../src/privacy/redaction.ts';

const redaction = redactionOf(['password', 'Card']);

describe('a value', () => {
  it('has the named fields hidden at any depth, in arrays too, whatever their case', () => {
    const value = {
      user: 'u1',
      Password: 'p',
      deep: [{ card: { number: 1 } }, { a: { CARD: null, b: 2 } }],
    };
    expect(redaction.value(value)).toEqual({
      user: 'u1',
      Password: REDACTED,
      deep: [{ card: REDACTED }, { a: { CARD: REDACTED, b: 2 } }],
    });
  });

  it('is not changed itself', () => {
    const value = { password: 'p' };
    redaction.value(value);
    expect(value).toEqual({ password: 'p' });
  });

  it('is the very same where nothing is to be hidden', () => {
    const value = { a: [1, { b: 'password' }] };
    expect(redaction.value(value)).toBe(value);
    for (const plain of [null, 1, 'password', true]) expect(redaction.value(plain)).toBe(plain);
  });

  it('never shows what stands under a named field', () => {
    const marked = fc.anything({ maxDepth: 3 }).map((inner) => ({ password: ['m4rk3r', inner] }));
    const tree = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 5 },
        marked,
        fc.array(tie('node')),
        fc.dictionary(fc.string(), tie('node')),
      ),
    })).node;
    fc.assert(
      fc.property(tree, (value) => {
        const json: unknown = JSON.parse(JSON.stringify(value, jsonOnly) ?? 'null');
        expect(JSON.stringify(redaction.value(json))).not.toContain('m4rk3r');
      }),
    );
  });

  it('may be nested as deeply as JSON can be', () => {
    const depth = 2_000;
    const text = `${'[{"a":'.repeat(depth)}{"card":1}${'}]'.repeat(depth)}`;
    const shown = JSON.stringify(redaction.value(JSON.parse(text)));
    expect(shown).toBe(text.replace('"card":1', `"card":"${REDACTED}"`));
  });
});

describe('a line', () => {
  it('of JSON is redacted', () => {
    expect(redaction.line('{"at":1,"password":"p"}')).toBe(`{"at":1,"password":"${REDACTED}"}`);
  });

  it.each(['password=p', '{"password": broken', '{ "a" :  1 }', ''])(
    'stays as it is: %j',
    (line) => {
      expect(redaction.line(line)).toBe(line);
    },
  );
});

it('of what is nested too deeply to be written again hides all of it', () => {
  const line = `${'['.repeat(50_000)}{"password":"p"}${']'.repeat(50_000)}`;
  expect(redaction.line(line)).toBe(`"${REDACTED}"`);
  expect(redaction.value(JSON.parse(line))).toBe(REDACTED);
});

it('of no names is none', () => {
  expect(redactionOf([])).toBe(NO_REDACTION);
  expect(NO_REDACTION.value({ password: 'p' })).toEqual({ password: 'p' });
});

function jsonOnly(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
