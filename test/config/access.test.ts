import { describe, expect, test } from 'vitest';
import { checkFiles } from '../../src/config/check-files.ts';
import { errorOf, load, problemsOf } from './loading.ts';

describe('[access] with a hook', () => {
  test('names the service, its secret and how long is waited and remembered', () => {
    const ini = `[access]
datasets = hook
hookUrl = http://127.0.0.1:8000/ask
hookSecretFile = /keys/access.secret
hookTimeout = 500ms
hookCacheTime = 0s
`;
    expect(load({ ini }).settings.access).toEqual({
      users: 'any',
      datasets: 'hook',
      hookUrl: 'http://127.0.0.1:8000/ask',
      hookSecretFile: '/keys/access.secret',
      hookTimeout: 500,
      hookCacheTime: 0,
    });
  });

  test.each(['users', 'datasets'])('without an address cannot be asked about %s', (key) => {
    expect(problemsOf({ ini: `[access]\n${key} = hook\n` })).toEqual([
      `config.ini:2: [access] ${key}: \`hook\` asks the service at hookUrl, and there is none: set hookUrl`,
    ]);
  });

  test('with an address that is none says that alone', () => {
    const [problem, ...others] = problemsOf({
      ini: '[access]\nusers = hook\nhookUrl = ftp://access.internal\n',
    });
    expect(problem).toContain('[access] hookUrl: expected a URL');
    expect(others).toEqual([]);
  });

  test('asks over https, or a service on this machine: on the way between anybody could say yes', () => {
    const withUrl = (url: string) => ({ ini: `[access]\nusers = hook\nhookUrl = ${url}\n` });
    for (const url of ['https://a.example/ask', 'http://localhost:8000/', 'http://[::1]/ask']) {
      expect(load(withUrl(url)).settings.access.hookUrl).toBe(url);
    }
    const [problem, ...others] = problemsOf(withUrl('http://access.internal:8000/ask'));
    expect(problem).toContain('[access] hookUrl: expected an https:// URL');
    expect(others).toEqual([]);
  });

  test('wants a secret file that is there', () => {
    const ini =
      '[access]\nusers = hook\nhookUrl = https://a.example\nhookSecretFile = missing.secret\n';
    const { settings } = load({ ini });
    expect(errorOf(() => checkFiles(settings)).message).toContain('[access] hookSecretFile');
  });
});
