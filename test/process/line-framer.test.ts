import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineFramer } from '../../src/process/line-framer.ts';

function frame(chunks: readonly Buffer[], maxBytes = 1_000_000) {
  const framer = new LineFramer(maxBytes);
  return [...chunks.flatMap((chunk) => framer.push(chunk)), ...framer.end()];
}

describe('LineFramer', () => {
  it('gives the same lines however the bytes are cut', () => {
    const line = fc.string({ unit: 'grapheme' }).filter((text) => !/[\r\n]/.test(text));
    fc.assert(
      fc.property(fc.array(line), fc.integer({ min: 1, max: 9 }), (lines, size) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const chunks: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
        expect(frame(chunks).map(({ text }) => text)).toEqual(lines);
      }),
    );
  });

  it('keeps the beginning of a line that is too long, and marks it', () => {
    expect(frame([Buffer.from('abc'), Buffer.from('defg\nxy\n')], 4)).toEqual([
      { text: 'abcd', truncated: true },
      { text: 'xy', truncated: false },
    ]);
  });

  it('strips the carriage return and gives the last line without a line break', () => {
    expect(frame([Buffer.from('a\r\n\nb')]).map(({ text }) => text)).toEqual(['a', '', 'b']);
  });
});
