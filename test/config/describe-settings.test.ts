import { describe, expect, test } from 'vitest';
import { describeSettings, formatDescriptions } from '../../src/config/describe-settings.ts';
import { SECTIONS } from '../../src/config/keys.ts';
import { freshDirectory } from './fresh-directory.ts';
import { load } from './loading.ts';

const INI = `[daemon]
shutdownTimeout = 1500
[webSocket]
auth.token = hunter2
[job:a]
command = sh -c 'echo "a b"'
`;

describe('the description of settings', () => {
  test('holds every key of the fixed sections', () => {
    const described = describeSettings(load()).map(({ section, key }) => `${section}.${key}`);
    const expected = SECTIONS.filter(({ instance }) => instance === null).flatMap(
      ({ name, keys }) =>
        Object.entries(keys).flatMap(([key, { form }]) =>
          form === 'value' ? [`${name}.${key}`] : [],
        ),
    );
    expect(described).toEqual(expected);
  });

  test('gives value, text and origin of each', () => {
    const cwd = freshDirectory();
    const described = describeSettings(
      load({ cwd, ini: INI, environment: { TASKBELL_API_PORT: '80' } }),
    );
    const find = (section: string, key: string) =>
      described.find((one) => one.section === section && one.key === key);
    expect(find('daemon', 'shutdownTimeout')).toEqual({
      section: 'daemon',
      key: 'shutdownTimeout',
      value: 1_500,
      text: '1500ms',
      origin: `${cwd}/config.ini:2`,
      originKind: 'file',
    });
    expect(find('api', 'port')).toMatchObject({
      value: 80,
      origin: 'TASKBELL_API_PORT',
      originKind: 'environment',
    });
    expect(find('webSocket', 'url')).toMatchObject({
      value: null,
      text: '',
      origin: 'default',
      originKind: 'default',
    });
    expect(find('job:a', 'command')).toMatchObject({
      value: ['sh', '-c', 'echo "a b"'],
      text: 'sh -c "echo \\"a b\\""',
    });
    expect(find('job:a', 'timeout')).toMatchObject({ value: null, text: '' });
  });

  test('never holds a secret, as JSON or as text', () => {
    const described = describeSettings(load({ ini: INI }));
    const shown = `${JSON.stringify(described)}${formatDescriptions(described, { origin: true })}`;
    expect(shown).not.toContain('hunter2');
    expect(formatDescriptions(described, { origin: false })).toContain('auth.token = ***\n');
  });

  test('as text groups keys under their sections, with origins behind them on demand', () => {
    const described = describeSettings(load({ ini: INI })).filter(
      ({ section }) => section === 'api' || section === 'access',
    );
    expect(formatDescriptions(described, { origin: false })).toBe(
      [
        ...['[access]', 'users = any', 'datasets = any', 'hookUrl =', 'hookSecretFile ='],
        ...['hookTimeout = 2s', 'hookCacheTime = 30s', ''],
        ...['[api]', 'address = 127.0.0.1', 'port = 0', 'hosts ='],
      ].join('\n'),
    );
    expect(formatDescriptions(described, { origin: true })).toContain(
      'users = any          # default\n',
    );
  });
});
