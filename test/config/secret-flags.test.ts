import { expect, test } from 'vitest';
import { loadSettings } from '../../src/config/load-settings.ts';

const load = (section: string, key: string, value: string) =>
  loadSettings({
    flags: { overrides: [{ flag: '--set', section, key, value }] },
    environment: {},
    cwd: import.meta.dirname,
    systemDirectory: import.meta.dirname,
  });

test.each([
  ['webSocket', 'auth.token', 'TASKBELL_WEBSOCKET_AUTH_TOKEN'],
  ['job:mail', 'header.Authorization', 'TASKBELL_JOB_MAIL_HEADER_AUTHORIZATION'],
])(
  'a secret is not taken from a flag, and the message names the variable: [%s] %s',
  (section, key, variable) => {
    const loading = () => load(section, key, 'hush');
    expect(loading).toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
    expect(loading).toThrow(variable);
    expect(loading).not.toThrow('hush');
  },
);

test('a flag may take a secret away, or name a credential of the service manager', () => {
  expect(() => load('webSocket', 'auth.token', '')).not.toThrow('is secret');
  expect(() => load('webSocket', 'auth.token', 'credential:receiver')).not.toThrow('is secret');
});
