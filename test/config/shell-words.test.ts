import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinWords, splitWords } from '../../src/config/shell-words.ts';

describe('a command line', () => {
  test.each([
    ['tar -czf a.tar.gz data', ['tar', '-czf', 'a.tar.gz', 'data']],
    ['  spaces   and\ttabs  ', ['spaces', 'and', 'tabs']],
    [`sh -c 'echo "$HOME" | wc'`, ['sh', '-c', 'echo "$HOME" | wc']],
    ['"my program" "a \\"b\\" \\\\ \\n"', ['my program', 'a "b" \\ \\n']],
    [String.raw`a\ b c\\d \"e\"`, ['a b', 'c\\d', '"e"']],
    [`pre'fix 'mid"dle "post`, ['prefix middle post']],
    [`x '' ""`, ['x', '', '']],
    [`curl http://h/?a=1&b=2`, ['curl', 'http://h/?a=1&b=2']],
    [`grep '|' "&&" \\>`, ['grep', '|', '&&', '>']],
    ['', []],
  ])('%s splits by the quoting rules of a shell', (line, words) => {
    expect(splitWords(line)).toEqual({ ok: true, value: words });
  });

  test.each([
    [`sh -c 'never closed`, 'a closing quote after column 7'],
    ['say "never closed', 'a closing quote after column 5'],
    ['ends with \\', 'a character after the last backslash'],
    ['cat a | wc', 'no "|"'],
    ['make && make install', 'no "&&"'],
    ['date >> log', 'no ">>"'],
    ['cmd 2>&1', 'no "2>&1"'],
    ['server &', 'no "&"'],
    [`'' a`, 'a program as the first word'],
  ])('%s is refused', (line, words) => {
    expect(splitWords(line)).toMatchObject({ ok: false, expected: expect.stringContaining(words) });
  });

  test('splits into the same words again after they were joined', () => {
    const program = fc.string({ minLength: 1 });
    fc.assert(
      fc.property(program, fc.array(fc.string({ unit: 'grapheme' })), (first, rest) => {
        expect(splitWords(joinWords([first, ...rest]))).toEqual({
          ok: true,
          value: [first, ...rest],
        });
      }),
    );
  });
});
