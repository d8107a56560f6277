import { describe, expect, test } from 'vitest';
import { checkFiles } from '../../src/config/check-files.ts';
import { namedCredentials } from '../../src/config/credentials.ts';
import { freshDirectory, writeIn } from './fresh-directory.ts';
import { errorOf, load, problemsOf } from './loading.ts';

const INI = [
  '[auth]',
  'publicKeyFile = credential:public.pem',
  '[webSocket]',
  'url = https://example.org',
  'tokenFile = credential:receiver',
  'auth.key = credential:receiver-key',
  '[privacy]',
  'keysFile = credential:keys',
  '[job:notify]',
  'url = https://example.org/',
  'secretFile = credential:hook',
  '',
].join('\n');

function credentialsDirectory(...names: readonly string[]): string {
  const directory = freshDirectory();
  for (const name of names) writeIn(directory, name, `the content of ${name}\n`);
  return directory;
}

describe('credential:NAME', () => {
  test('is a file of the directory that the service manager made, wherever a file may be named', () => {
    const directory = credentialsDirectory(
      ...['public.pem', 'receiver', 'receiver-key', 'keys', 'hook'],
    );
    const environment = { CREDENTIALS_DIRECTORY: directory };
    const { settings, sections } = load({ ini: INI, environment });
    expect(settings.auth.publicKeyFile).toBe(`${directory}/public.pem`);
    expect(settings.webSocket.tokenFile).toBe(`${directory}/receiver`);
    expect(settings.privacy.keysFile).toBe(`${directory}/keys`);
    expect(settings.jobs[0]?.secretFile).toBe(`${directory}/hook`);
    expect(() => checkFiles(settings)).not.toThrow();
    expect(namedCredentials(sections)).toEqual([]);
  });

  test('is read where the secret itself would stand', () => {
    const directory = credentialsDirectory('receiver-key');
    const environment = { CREDENTIALS_DIRECTORY: directory };
    const { settings } = load({ ini: INI, environment });
    expect(settings.webSocket.auth).toEqual({ key: 'the content of receiver-key' });
  });

  test('stays a name outside of the service, where commands do without it', () => {
    const { settings, sections } = load({ ini: INI });
    expect(settings.webSocket.tokenFile).toBe('credential:receiver');
    expect(settings.webSocket.auth).toEqual({ key: 'credential:receiver-key' });
    const named = namedCredentials(sections).map(({ key, name }) => `${key} ${name}`);
    expect(named.toSorted()).toEqual([
      '[auth] publicKeyFile public.pem',
      '[job:notify] secretFile hook',
      '[privacy] keysFile keys',
      '[webSocket] auth.key receiver-key',
      '[webSocket] tokenFile receiver',
    ]);
  });

  test('must be there when a service starts', () => {
    const { message } = errorOf(() => checkFiles(load({ ini: INI }).settings));
    expect(message.split('\n')).toContain(
      '[webSocket] auth.key: expected a readable file at credential:receiver-key, but no service manager gave any credentials',
    );
    expect(message.split('\n')).toHaveLength(5);
    const environment = { CREDENTIALS_DIRECTORY: credentialsDirectory('receiver-key', 'receiver') };
    const missing = errorOf(() => checkFiles(load({ ini: INI, environment }).settings)).message;
    expect(missing).toContain('[privacy] keysFile: expected a readable file at');
    expect(missing).not.toContain('tokenFile');
  });

  test('is a problem of the configuration where a secret cannot be read', () => {
    const environment = { CREDENTIALS_DIRECTORY: credentialsDirectory() };
    const [problem] = problemsOf({ ini: INI, environment });
    expect(problem).toContain(
      '[webSocket] auth.key: expected the credential receiver-key, but ENOENT',
    );
  });

  test.each(['credential:', 'credential:..', 'credential:../shadow', 'credential:a/b'])(
    'is refused as %s: it would lead out of the directory',
    (text) => {
      const environment = { CREDENTIALS_DIRECTORY: credentialsDirectory() };
      const [problem] = problemsOf({ ini: `[privacy]\nkeysFile = ${text}\n`, environment });
      expect(problem).toContain('expected credential: and a name of letters');
    },
  );

  test('is plain text elsewhere', () => {
    const environment = { CREDENTIALS_DIRECTORY: credentialsDirectory('name') };
    const { settings } = load({ ini: '[auth]\nissuer = credential:name\n', environment });
    expect(settings.auth.issuer).toBe('credential:name');
  });
});
