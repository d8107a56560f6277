import { describe, expect, test } from 'vitest';
import { load, problemsOf } from './loading.ts';

describe('a [job:NAME] section', () => {
  test('with a command and a web hook is refused, and the line of the web hook is named', () => {
    const ini = '[job:a]\ncommand = tar\nurl = https://example.org/\n';
    expect(problemsOf({ ini })).toEqual([
      'config.ini:3: [job:a] url: there is also a command: keep one of the two',
    ]);
  });

  test('may have either, and another section the other', () => {
    const ini = '[job:a]\ncommand = tar\n[job:b]\nurl = https://example.org/\nheader.X-Key = é\n';
    expect(load({ ini }).settings.jobs).toMatchObject([
      { command: ['tar'], url: null },
      { command: null, url: 'https://example.org/', header: { 'X-Key': 'é' } },
    ]);
  });

  test.each(['Host', 'content-length', 'Content-Type', 'Transfer-Encoding', 'Webhook-Signature'])(
    'may not set the header %s, which says what the request is',
    (name) => {
      expect(problemsOf({ ini: `[job:a]\nheader.${name} = x\n` })).toEqual([
        `config.ini:2: [job:a] header.${name}: Taskbell writes this header itself: remove the line`,
      ]);
    },
  );

  test('may not have a header that cannot be written; its value stays secret', () => {
    const [problem] = problemsOf({ ini: '[job:a]\nheader.Authorization = Bearer ☃\n' });
    expect(problem).toContain('header.Authorization: expected Latin-1');
    expect(problem).not.toContain('☃');
  });
});
