import { describe, expect, test } from 'vitest';
import { parseSetFlag } from '../../src/config/flags.ts';
import { errorOf, load, problemsOf } from './loading.ts';

describe('--set', () => {
  test.each([
    ['daemon.logLevel=debug', 'daemon', 'logLevel', 'debug'],
    ['webSocket.query.a.b=x=y', 'webSocket', 'query.a.b', 'x=y'],
    ['webSocket.auth.token=', 'webSocket', 'auth.token', ''],
    ['job:import.timeout=5m', 'job:import', 'timeout', '5m'],
    ['job:a.b.c.environment.FOO=x.y=z', 'job:a.b.c', 'environment.FOO', 'x.y=z'],
    ['event:paid.description=two words', 'event:paid', 'description', 'two words'],
  ])('%s names section, key and value', (argument, section, key, value) => {
    expect(parseSetFlag(argument)).toEqual({ flag: '--set', section, key, value });
  });

  test.each(['', 'x', 'daemon', 'daemon.logLevel', 'logLevel=debug', '=x', '.a=b'])(
    '"%s" is a usage error',
    (argument) => {
      expect(errorOf(() => parseSetFlag(argument)).code).toBe('E_USAGE');
    },
  );

  test('never shows the value in its error', () => {
    expect(errorOf(() => parseSetFlag('token=hunter2')).message).not.toContain('hunter2');
  });
});

describe('a flag', () => {
  test('sets its key, and may add a job section', () => {
    const overrides = [
      parseSetFlag('DAEMON.loglevel=warn'),
      parseSetFlag('job:new.command=echo hi'),
      { flag: '--data-directory', section: 'daemon', key: 'dataDirectory', value: '/srv/data' },
    ];
    const { settings } = load({ overrides });
    expect(settings.daemon).toMatchObject({ logLevel: 'warn', dataDirectory: '/srv/data' });
    expect(settings.jobs).toMatchObject([{ name: 'new', command: ['echo', 'hi'] }]);
  });

  test('reaches a job section of the file in any case', () => {
    const { settings } = load({
      ini: '[job:Import]\n',
      overrides: [parseSetFlag('job:import.retries=2')],
    });
    expect(settings.jobs).toMatchObject([{ name: 'Import', retries: 2 }]);
  });

  test('given twice counts the last time', () => {
    const overrides = [parseSetFlag('api.port=1'), parseSetFlag('api.port=2')];
    expect(load({ overrides }).settings.api.port).toBe(2);
  });

  test('with an unknown section, key or value is a problem under its own name', () => {
    const overrides = ['deamon.x=1', 'daemon.logLvl=info', 'api.port=x'].map(parseSetFlag);
    expect(problemsOf({ overrides })).toEqual([
      '--set: unknown section [deamon]; did you mean [daemon]?',
      '--set: unknown key logLvl in [daemon]; did you mean logLevel?',
      '--set: [api] port: expected an integer from 0 to 65535, got "x"',
    ]);
  });
});
