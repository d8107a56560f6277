import fc from 'fast-check';
import { parse } from 'ini';
import { describe, expect, test } from 'vitest';
import { classifyLine, scanLines } from '../../src/config/line-scanner.ts';

function scanned(...lines: readonly string[]): readonly string[] {
  return scanLines(lines.join('\n')).problems.map(({ line, text }) => `${line}: ${text}`);
}

describe('the scan accepts', () => {
  test.each<[string, string[]]>([
    ['an empty file', ['']],
    [
      'comments and blank lines anywhere',
      ['# a', '', '  ; b', '[daemon]', '\t# c', 'logLevel = info'],
    ],
    [
      'sections and keys in any case',
      ['[DAEMON]', 'LOGLEVEL = info', '[WebsocketEvents]', 'PORT = 1'],
    ],
    ['spaces inside and after the brackets', ['[ daemon ]  ', 'logLevel=info']],
    ['names with dots, dashes and underscores', ['[job:a.b-c_d]', 'timeout = 5s']],
    [
      'members of a map that differ only in case',
      ['[job:a]', 'environment.no_proxy = x', 'environment.NO_PROXY = x'],
    ],
    ['empty values', ['[webSocket]', 'url =']],
  ])('%s', (_title, lines) => {
    expect(scanned(...lines)).toEqual([]);
  });

  test('line ends of Windows and a byte order mark', () => {
    const scan = scanLines('\uFEFF[daemon]\r\nlogLevel = info\r\n');
    expect(scan.problems).toEqual([]);
    expect(scan.entries).toMatchObject([
      { line: 2, text: 'logLevel = info', key: { key: 'logLevel' } },
    ]);
  });
});

describe('the scan reports', () => {
  test.each<[string, string[], string[]]>([
    [
      'a value that would be cut',
      ['[daemon]', 'dataDirectory = /data#1'],
      [
        '2: [daemon] dataDirectory: the value would be cut at "#", which starts a comment; put the whole value in quotes, write \\#, or move the comment to a line of its own',
      ],
    ],
    [
      'a duplicate key in another case',
      ['[daemon]', 'logLevel = info', 'LOGLEVEL = warn'],
      ['3: [daemon] LOGLEVEL is already set on line 2; remove one of the two'],
    ],
    [
      'a duplicate section in another case',
      ['[daemon]', '', '[Daemon]'],
      ['3: section [Daemon] is already there on line 1; merge the two'],
    ],
    [
      'a duplicate key in a duplicate section',
      ['[api]', 'port = 1', '[api]', 'port = 2'],
      [
        '3: section [api] is already there on line 1; merge the two',
        '4: [api] port is already set on line 2; remove one of the two',
      ],
    ],
    [
      'job types that differ only in case',
      ['[job:Import]', '[job:import]'],
      ['2: section [job:import] is already there on line 1; merge the two'],
    ],
    [
      'a line without "="',
      ['[daemon]', 'standby'],
      ['2: expected "key = value", a [section] or a comment'],
    ],
    ['a line without a key', ['[daemon]', ' = x'], ['2: expected a key before "="']],
    [
      'a key before any section',
      ['port = 1', '[api]'],
      ['1: key port stands before any [section]'],
    ],
    [
      'an indented header',
      [' [api]', 'port = 1'],
      [
        '1: a [section] must start its line and stand alone on it; move a comment to a line of its own',
      ],
    ],
    [
      'a comment behind a header',
      ['[api] ; control', 'port = 1'],
      [
        '1: a [section] must start its line and stand alone on it; move a comment to a line of its own',
      ],
    ],
    [
      'an unknown section, but not each of its keys',
      ['[deamon]', 'a = 1', 'b = 2', '[api]', 'port = 1'],
      ['1: unknown section [deamon]; did you mean [daemon]?'],
    ],
    ['a section that is near none', ['[kubernetes]'], ['1: unknown section [kubernetes]']],
    [
      'a job section without a name',
      ['[job]'],
      [
        '1: section [job]: expected [job:NAME] with a NAME of 1 to 100 letters, digits, "_", "." or "-"',
      ],
    ],
    [
      'a job name with other characters',
      ['[job:a b]'],
      [
        '1: section [job:a b]: expected [job:NAME] with a NAME of 1 to 100 letters, digits, "_", "." or "-"',
      ],
    ],
    [
      'a job name of 101 characters',
      [`[job:${'x'.repeat(101)}]`],
      [expect.stringContaining('1 to 100')],
    ],
    [
      'a misspelt kind of section',
      ['[jobs:import]'],
      ['1: unknown section [jobs:import]; did you mean [job:import]?'],
    ],
    [
      'a name where none belongs',
      ['[daemon:x]'],
      ['1: section [daemon:x] takes no name; expected [daemon]'],
    ],
    [
      'a built-in event type',
      ['[event:datasetupdate]'],
      ['1: the event type datasetupdate is built in; choose another name or remove the section'],
    ],
    [
      'an unknown key',
      ['[webSocketEvents]', 'prot = 1'],
      ['2: unknown key prot in [webSocketEvents]; did you mean port?'],
    ],
    [
      'a key of another section',
      ['[api]', 'handlersDirectory = x'],
      ['2: unknown key handlersDirectory in [api]'],
    ],
    [
      'a map without a member',
      ['[webSocket]', 'query = x'],
      ['2: [webSocket] query: expected query.NAME with a NAME of letters, digits and "_"'],
    ],
    [
      'a member that cannot be a variable',
      ['[job:a]', 'environment.1X = x'],
      [
        '2: [job:a] environment.1X: expected environment.NAME with a NAME of letters, digits and "_"',
      ],
    ],
    [
      'array keys',
      ['[worker]', 'queues[] = a'],
      ['2: queues[]: lists are not written with []; write one line with commas'],
    ],
    [
      '__proto__ as a key',
      ['[webSocket]', 'auth.__proto__ = x'],
      ['2: a key must not be called __proto__'],
    ],
    [
      '__proto__ as a section',
      ['[__proto__]', 'x = 1'],
      ['1: a section must not be called __proto__'],
    ],
    ['__proto__ as a job', ['[job:__proto__]'], [expect.stringContaining('expected [job:NAME]')]],
    [
      'an invisible line separator',
      ['[worker]', 'queues = a\u2028b'],
      ['2: the line holds an invisible line separator (U+2028 or U+2029); remove it'],
    ],
    [
      'an unknown key and its cut value',
      ['[api]', 'prt = 1 ; one'],
      [expect.stringContaining('cut at ";"'), expect.stringContaining('did you mean port')],
    ],
  ])('%s', (_title, lines, problems) => {
    expect(scanned(...lines)).toEqual(problems);
  });

  test('all problems at once, and still finds the good entries', () => {
    const scan = scanLines('x = 1\n[api]\nport = 1\nport = 2\nnonsense\n[worker]\nprocesses = 4');
    expect(scan.problems.map(({ line }) => line)).toEqual([1, 4, 5]);
    expect(scan.entries.map(({ key, line }) => [key.key, line])).toEqual([
      ['port', 3],
      ['processes', 7],
    ]);
  });

  test('no value, since it may be a secret', () => {
    const problems = scanned('[webSocket]', 'auth.token = hunter2;x', 'auth.token = hunter2');
    expect(problems).toHaveLength(2);
    expect(problems.join()).not.toContain('hunter2');
  });
});

test('a line that the scanner takes for an entry is one string entry for ini, under the same key', () => {
  const unit = fc.constantFrom(
    'a',
    'b',
    '.',
    '_',
    ' ',
    '=',
    '[',
    ']',
    ';',
    '#',
    'é',
    '\u2028',
    '\t',
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 12 }), (line) => {
      const classified = classifyLine(line);
      const read = Object.entries(parse(line));
      if (classified.kind === 'nothing') expect(read).toEqual([]);
      if (classified.kind === 'entry' && !/[;#]/.test(classified.key)) {
        expect(read).toEqual([[classified.key, expect.any(String)]]);
      }
    }),
    { numRuns: 5_000 },
  );
});
