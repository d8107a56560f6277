import { describe, expect, test } from 'vitest';
import { variableName } from '../../src/config/environment.ts';
import { SECTIONS } from '../../src/config/keys.ts';
import { processEnvironment } from '../../src/config/process-environment.ts';
import { load, problemsOf } from './loading.ts';

describe('a variable', () => {
  test.each([
    ['TASKBELL_DAEMON_LOGLEVEL', 'debug', 'daemon', { logLevel: 'debug' }],
    ['TASKBELL_WEBSOCKET_RECONNECTIONDELAY', '1000', 'webSocket', { reconnectionDelay: 1_000 }],
    ['TASKBELL_WEBSOCKETEVENTS_PORT', '0', 'webSocketEvents', { port: 0 }],
    ['TASKBELL_WORKER_QUEUES', 'a, b', 'worker', { queues: ['a', 'b'] }],
    ['TASKBELL_WEBSOCKET_QUERY_SOURCE', 'x;y # z', 'webSocket', { query: { source: 'x;y # z' } }],
    ['TASKBELL_ACCESS_USERS', 'directory', 'access', { users: 'directory' }],
  ] as const)('%s=%s sets its key in [%s]', (variable, value, section, expected) => {
    expect(load({ environment: { [variable]: value } }).settings[section]).toMatchObject(expected);
  });

  test('is made of section and key in capitals, with _ for anything else', () => {
    expect(variableName('daemon', 'dataDirectory')).toBe('TASKBELL_DAEMON_DATADIRECTORY');
    expect(variableName('job:import-csv.v2', 'timeout')).toBe('TASKBELL_JOB_IMPORT_CSV_V2_TIMEOUT');
  });

  test('is not set for two keys of the table', () => {
    const names = SECTIONS.flatMap((section) =>
      Object.keys(section.keys).map((key) => variableName(section.name, key)),
    );
    expect(new Set(names).size).toBe(names.length);
  });

  test('reaches the keys of declared job sections', () => {
    const { settings } = load({
      ini: '[job:import-csv]\ntimeout = 1s\nenvironment.PATH_TO_X = file\n[job:other]\n',
      environment: {
        TASKBELL_JOB_IMPORT_CSV_TIMEOUT: '7s',
        TASKBELL_JOB_IMPORT_CSV_ENVIRONMENT_PATH_TO_X: 'environment',
        TASKBELL_JOB_IMPORT_CSV_ENVIRONMENT_NEW: 'n',
      },
    });
    expect(settings.jobs).toMatchObject([
      { name: 'import-csv', timeout: 7_000, environment: { PATH_TO_X: 'environment', NEW: 'n' } },
      { name: 'other', timeout: null },
    ]);
  });

  test('for a member of a map follows the spelling of the file', () => {
    const { settings } = load({
      ini: '[webSocket]\nauth.Api-Key = file\n',
      environment: {
        TASKBELL_WEBSOCKET_AUTH_API_KEY: 'environment',
        TASKBELL_WEBSOCKET_AUTH_TOKEN: 't',
      },
    });
    expect(settings.webSocket.auth).toEqual({ 'Api-Key': 'environment', token: 't' });
  });

  test('that means nothing to a section is a problem with a suggestion', () => {
    const environment = {
      TASKBELL_DAEMON_DATADIR: '/x',
      TASKBELL_JOB_IMPORT_TIMOUT: '1s',
      TASKBELL_JOB_UNKNOWN_TIMEOUT: '1s',
      TASKBELL_WEBSOCKET_QUERY_: 'x',
    };
    expect(problemsOf({ ini: '[job:import]', environment })).toEqual([
      'TASKBELL_DAEMON_DATADIR: names no key of [daemon]; did you mean TASKBELL_DAEMON_DATADIRECTORY?',
      'TASKBELL_JOB_IMPORT_TIMOUT: names no key of [job:import]; did you mean TASKBELL_JOB_IMPORT_TIMEOUT?',
      'TASKBELL_JOB_UNKNOWN_TIMEOUT: names no key of a [job:NAME] or [event:NAME] that the file declares',
      'TASKBELL_WEBSOCKET_QUERY_: names no key of [webSocket]; did you mean TASKBELL_WEBSOCKET_QUERY_NAME?',
    ]);
  });

  test('that could mean two sections is a problem that names both', () => {
    const ini = '[job:a-b]\n[job:a.b]\n';
    expect(problemsOf({ ini, environment: { TASKBELL_JOB_A_B_TIMEOUT: '1s' } })).toEqual([
      'TASKBELL_JOB_A_B_TIMEOUT: could mean [job:a-b] timeout and [job:a.b] timeout; set it in the file instead',
    ]);
  });

  test('named __proto__ is refused', () => {
    const environment = { TASKBELL_JOB_A_ENVIRONMENT___proto__: 'x' };
    expect(problemsOf({ ini: '[job:a]\n', environment })).toEqual([
      expect.stringContaining('names no key'),
    ]);
  });

  test('of no section is left alone', () => {
    const environment = {
      TASKBELL_RUN: 'r',
      TASKBELL_EXECUTOR: 'e',
      TASKBELL_WHATEVER_X: '1',
      DAEMON_LOGLEVEL: 'x',
    };
    expect(load({ environment }).settings.daemon.logLevel).toBe('info');
  });

  test('with a wrong value is named as the origin of the problem', () => {
    expect(problemsOf({ environment: { TASKBELL_API_PORT: 'x' } })).toEqual([
      'TASKBELL_API_PORT: [api] port: expected an integer from 0 to 65535, got "x"',
    ]);
  });
});

test('the environment of the process is what Node has', () => {
  expect(processEnvironment().PATH).toBe(process.env.PATH);
});
