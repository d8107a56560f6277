/** Text that others wrote, on a terminal and off it. */
import { expect, test } from 'vitest';
import { CliContext } from '../../src/cli/cli-context.ts';
import { readOutputModes } from '../../src/cli/output-modes.ts';
import { tameText } from '../../src/cli/terminal-text.ts';
import { createWorld } from './run-command.ts';

test.each([
  ['a title', 'x\u001b]0;owned\u0007y', 'x\ufffd]0;owned\ufffdy'],
  ['a cursor', '\u001b[2J\u001b[H', '\ufffd[2J\ufffd[H'],
  ['an eight-bit sequence', '\u009b2J', '\ufffd2J'],
  ['a line that is written over', 'no\ryes', 'no\ufffdyes'],
  ['a colour', '\u001b[31mred\u001b[0m', '\u001b[31mred\u001b[0m'],
  [
    'a colour without an end',
    '\u001b[31mred\u001b[0m \u001b[1mbold',
    '\u001b[31mred\u001b[0m \u001b[1mbold\u001b[0m',
  ],
  ['lines and columns', 'a\tb\nc', 'a\tb\nc'],
  ['line ends of other systems', 'a\r\nb\r', 'a\nb'],
])('%s is tamed', (_, text, shown) => {
  expect(tameText(text)).toBe(shown);
});

test('a terminal gets tame lines, a pipe exactly what there is', () => {
  const text = 'Error: \u001b[2J';
  const printed = (isTerminal: boolean) => {
    const { world, stdout } = createWorld({ cwd: '/', isTerminal });
    new CliContext(world, readOutputModes([]), () => ({})).print(text);
    return stdout();
  };
  expect(printed(true)).toBe('Error: \ufffd[2J\n');
  expect(printed(false)).toBe(`${text}\n`);
});
