import { describe, expect, it } from 'vitest';
import { MOMENT_SIGNS, prettyLine } from '../../src/process/pretty-line.ts';

const record = (facts: object): string =>
  `${JSON.stringify({ level: 30, time: Date.UTC(2026, 10, 21, 21, 40, 5, 174), pid: 7, ...facts })}\n`;

describe('prettyLine', () => {
  it('shows time, level, source, message and facts, and hides the pid', () => {
    const line = record({
      role: 'core',
      component: 'report',
      msg: 'connected',
      url: 'ws://a',
      n: 2,
    });
    expect(prettyLine(line)).toBe('21:40:05.174 info  core/report connected url=ws://a n=2\n');
  });

  it.each(Object.entries(MOMENT_SIGNS))('shows the moment %s as %s', (moment, sign) => {
    expect(prettyLine(record({ moment, msg: 'm' }))).toBe(`21:40:05.174 info  ${sign} m\n`);
  });

  it('indents the stack of an error below the line', () => {
    const err = { message: 'no', stack: 'Error: no\n    at here' };
    expect(prettyLine(record({ level: 50, msg: 'failed', err }))).toBe(
      '21:40:05.174 ERROR failed\n    Error: no\n        at here\n',
    );
  });

  it.each(['plain text\n', '"a string"\n', 'null\n', '{"half":\n'])(
    'passes %j, which is no record, unchanged',
    (line) => {
      expect(prettyLine(line)).toBe(line);
    },
  );

  it('does not stumble over a record of another program', () => {
    expect(prettyLine('{"hello":1}\n')).toContain('hello=1');
  });
});
