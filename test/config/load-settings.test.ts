import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Loaded } from '../../src/config/load-settings.ts';
import { formatOrigin } from '../../src/config/origin.ts';
import { eventType } from './event-type.ts';
import { freshDirectory, writeIn } from './fresh-directory.ts';
import { errorOf, load, problemsOf } from './loading.ts';

function originOf(loaded: Loaded, label: string, key: string): string | undefined {
  const section = loaded.sections.find((one) => one.section.label === label);
  const entry = section?.entries.find((one) => one.key === key);
  return entry && formatOrigin(entry.origin);
}

const DAY_MS = 86_400_000;

describe('without a file', () => {
  test('the defaults run', () => {
    const cwd = freshDirectory();
    expect(load({ cwd }).settings).toEqual({
      file: null,
      profile: null,
      daemon: {
        dataDirectory: join(cwd, 'taskbell-data'),
        controlSocket: join(cwd, 'taskbell-data/control.sock'),
        logLevel: 'info',
        logFormat: 'auto',
        shutdownTimeout: 25_000,
        stallTimeout: 60_000,
        logFile: null,
        logFileSize: 64_000_000,
        logFiles: 5,
        memoryLimit: 0,
        standby: true,
        directFrames: true,
        diskReserve: 16 * 1_048_576,
      },
      worker: {
        handlersDirectory: join(cwd, 'jobs'),
        processes: 1,
        concurrency: 10,
        queues: [],
        maxJobs: 0,
        maxMemory: 0,
        memoryLimit: 0,
        watch: false,
      },
      jobs: [],
      queues: [],
      schedules: [],
      retention: {
        ...{ succeededJobs: 30 * DAY_MS, succeededJobsCount: 0 },
        ...{ failedJobs: 90 * DAY_MS, failedJobsCount: 0 },
        ...{ cancelledJobs: 30 * DAY_MS, cancelledJobsCount: 0 },
        ...{ events: 30 * DAY_MS, eventsCount: 0 },
      },
      backup: { schedule: null, every: 0, timezone: 'UTC', directory: null, keep: 7 },
      privacy: { keysFile: null, redact: [] },
      events: [],
      webSocket: {
        url: null,
        path: '/socket.io',
        defaultUserId: null,
        event: 'task',
        userArgument: 'second',
        stackTrace: true,
        acknowledge: 'auto',
        acknowledgeTimeout: 5_000,
        reconnectionDelay: 1_000,
        reconnectionAttempts: 0,
        timeout: 20_000,
        autoReconnect: true,
        taskDelayOnError: 5_000,
        query: {},
        auth: {},
        tokenFile: null,
      },
      webSocketEvents: {
        address: '0.0.0.0',
        port: 8081,
        path: '/ws',
        gateways: 1,
        maxConnections: 0,
        drainTime: 5_000,
        maxMessage: 65_536,
        maxSubscriptions: 1_000,
        maxConnectionsPerUser: 50,
        messagesPerSecond: 20,
        messageBurst: 100,
        authenticationTimeout: 10_000,
        pingInterval: 25_000,
        maxUnread: 1_048_576,
        maxUnreadTime: 10_000,
        memoryLimit: 0,
        syncInterval: 20_000,
        historyReads: 8,
        maxCursorsPerUser: 20,
        presenceLinger: 10_000,
        directFrames: true,
        origins: ['*'],
      },
      auth: {
        publicKeyFile: null,
        jwksUrl: null,
        privateKeyFile: null,
        issuer: null,
        audience: null,
        algorithms: ['RS256', 'ES256', 'EdDSA'],
        userIdClaim: 'data.id',
        onExpiry: 'close',
        expiryGrace: 60_000,
      },
      issuers: [],
      access: {
        users: 'any',
        datasets: 'any',
        hookUrl: null,
        hookSecretFile: null,
        hookTimeout: 2_000,
        hookCacheTime: 30_000,
      },
      api: { address: '127.0.0.1', port: 0, hosts: [] },
      edge: { core: null, tokenFile: null, caFile: null },
    });
  });

  test('settings are plain data, frozen to the bottom', () => {
    const { settings } = load({ ini: '[job:a]\ncommand = x\nenvironment.A = b\n' });
    expect(JSON.parse(JSON.stringify(settings))).toEqual(settings);
    const parts = [
      settings,
      settings.daemon,
      settings.jobs,
      settings.jobs[0],
      settings.jobs[0]?.environment,
    ];
    expect(parts.every((part) => Object.isFrozen(part))).toBe(true);
    expect(settings.auth.algorithms).toSatisfy(Object.isFrozen);
  });
});

describe('job and event sections', () => {
  test('become settings under their names, in the order of the file', () => {
    const cwd = freshDirectory();
    const ini = `
[job:import.csv-v2]
command = python3 "my import.py" --fast
workingDirectory = work
environment.PYTHONUNBUFFERED = 1
environment.lower_case = "a ; b"
queue = slow
concurrency = 2
timeout = 10m
retries = 0
backoff = 250
backoffLimit = 1h
header.X-Key = v
allowPrivateHosts = example.org
rate = 5/1m
groupConcurrency = 3
groupRate = 1/s
backoffKind = Linear
isolate = process
processes = 2
report = no
[job:plain]
url = https://example.org/h
[event:invoicePaid]
description = An invoice was paid
[event:quiet]
`;
    const { settings } = load({ cwd, ini });
    expect(settings.jobs).toEqual([
      {
        name: 'import.csv-v2',
        command: ['python3', 'my import.py', '--fast'],
        workingDirectory: join(cwd, 'work'),
        environment: { PYTHONUNBUFFERED: '1', lower_case: 'a ; b' },
        queue: 'slow',
        concurrency: 2,
        timeout: 600_000,
        retries: 0,
        backoff: 250,
        backoffLimit: 3_600_000,
        ...{ url: null, secretFile: null, header: { 'X-Key': 'v' } },
        ...{ allowPrivateHosts: ['example.org'], rate: { count: 5, perMs: 60_000 } },
        ...{ groupConcurrency: 3, groupRate: { count: 1, perMs: 1_000 } },
        ...{ backoffKind: 'linear', isolate: 'process', processes: 2 },
        report: false,
      },
      {
        name: 'plain',
        command: null,
        workingDirectory: cwd,
        environment: {},
        queue: null,
        concurrency: null,
        timeout: null,
        retries: null,
        backoff: null,
        backoffLimit: null,
        ...{ url: 'https://example.org/h', secretFile: null, header: {}, allowPrivateHosts: [] },
        ...{ rate: null, groupConcurrency: null, groupRate: null, backoffKind: null },
        ...{ isolate: 'none', processes: 0 },
        report: true,
      },
    ]);
    expect(settings.events).toEqual([
      eventType('invoicePaid', { description: 'An invoice was paid' }),
      eventType('quiet'),
    ]);
  });
});

describe('precedence', () => {
  const ini = '[webSocketEvents]\nport = 1\nPATH = /file\n';
  const environment = { TASKBELL_WEBSOCKETEVENTS_PORT: '2' };
  const overrides = [{ flag: '--port', section: 'webSocketEvents', key: 'port', value: '3' }];

  test('flags beat environment beats file beats default, each key by itself', () => {
    expect(load().settings.webSocketEvents.port).toBe(8081);
    expect(load({ ini }).settings.webSocketEvents.port).toBe(1);
    expect(load({ ini, environment }).settings.webSocketEvents.port).toBe(2);
    const { webSocketEvents } = load({ ini, environment, overrides }).settings;
    expect(webSocketEvents).toMatchObject({ port: 3, path: '/file', address: '0.0.0.0' });
  });

  test('the origin of every key is kept', () => {
    const cwd = freshDirectory();
    const withFile = load({ cwd, ini });
    expect(originOf(withFile, 'webSocketEvents', 'path')).toBe(`${cwd}/config.ini:3`);
    expect(originOf(withFile, 'webSocketEvents', 'address')).toBe('default');
    expect(originOf(load({ ini, environment }), 'webSocketEvents', 'port')).toBe(
      'TASKBELL_WEBSOCKETEVENTS_PORT',
    );
    expect(originOf(load({ ini, environment, overrides }), 'webSocketEvents', 'port')).toBe(
      '--port',
    );
  });

  test('a wrong line in the file is reported although a flag hides it', () => {
    expect(problemsOf({ ini: '[webSocketEvents]\nport = x\n', overrides })).toEqual([
      'config.ini:2: [webSocketEvents] port: expected an integer from 0 to 65535, got "x"',
    ]);
  });

  test('a list can be emptied', () => {
    expect(
      load({ environment: { TASKBELL_WEBSOCKETEVENTS_ORIGINS: '' } }).settings.webSocketEvents
        .origins,
    ).toEqual([]);
  });
});

describe('relative paths', () => {
  test('start at the file when they come from it or are its defaults, else at the current directory', () => {
    const cwd = freshDirectory();
    const elsewhere = freshDirectory();
    const config = writeIn(elsewhere, 'my.ini', '[daemon]\ndataDirectory = data\n[job:a]\n');
    const { settings } = load({
      cwd,
      config,
      environment: { TASKBELL_AUTH_PUBLICKEYFILE: 'key.pem' },
    });
    expect(settings.file).toBe(config);
    expect(settings.daemon.dataDirectory).toBe(join(elsewhere, 'data'));
    expect(settings.daemon.controlSocket).toBe(join(elsewhere, 'data/control.sock'));
    expect(settings.jobs[0]?.workingDirectory).toBe(elsewhere);
    expect(settings.auth.publicKeyFile).toBe(join(cwd, 'key.pem'));
    expect(settings.worker.handlersDirectory).toBe(join(elsewhere, 'jobs'));
  });
});

describe('problems', () => {
  test('come all at once: the file by line, then environment, then flags', () => {
    const problems = problemsOf({
      ini: '[daemon]\nlogLevel = loud\nstandby = maybe\nshutdownTimeout = soon\nlgFormat = json\n[api]\nport = 70000 ; high\n',
      environment: { TASKBELL_WORKER_PROCESSES: '0', TASKBELL_WORKER_PROCESES: '1' },
      overrides: [{ flag: '--set', section: 'auth', key: 'isuer', value: 'x' }],
    });
    expect(problems).toEqual([
      'config.ini:2: [daemon] logLevel: expected one of debug, info, warn, error, silent, got "loud"',
      'config.ini:3: [daemon] standby: expected true or false, got "maybe"',
      'config.ini:4: [daemon] shutdownTimeout: expected a duration such as 500ms, 30s, 15m, 2h or 1d, got "soon"',
      'config.ini:5: unknown key lgFormat in [daemon]; did you mean logFormat?',
      expect.stringMatching(/^config\.ini:7: \[api\] port: the value would be cut at ";"/),
      'TASKBELL_WORKER_PROCESES: names no key of [worker]; did you mean TASKBELL_WORKER_PROCESSES?',
      'TASKBELL_WORKER_PROCESSES: [worker] processes: expected an integer from 1 to 1024, got "0"',
      '--set: unknown key isuer in [auth]; did you mean issuer?',
    ]);
  });

  test('a single one is an E_CONFIG that says what to do next', () => {
    const error = errorOf(() => load({ ini: '[api]\nport = x' }));
    expect(error.message).toMatch(/^the configuration has a problem:\n\/.*config\.ini:2: /);
    expect(error.hint).toContain('taskbell config check');
  });

  test.each([
    [
      '[webSocket]\nurl = ftp://host',
      'expected a URL that starts with http://, https://, ws://, wss://, got "ftp://host"',
    ],
    ['[webSocket]\nurl = host:3000', 'expected a URL that starts with'],
    [
      '[webSocket]\nurl = https://ann:secret@host/',
      'without a user name or password in it, got "https://***@host/"',
    ],
    ['[webSocket]\npath = socket.io', 'expected a path that starts with /, got "socket.io"'],
    ['[webSocket]\nevent =', 'expected a value (name without white space), got nothing'],
    [
      '[webSocket]\nacknowledgeTimeout = 0',
      'expected a duration from 1ms to 2147483647ms, got "0"',
    ],
    ['[webSocket]\ntimeout = 25d', 'expected a duration from 1ms to 2147483647ms, got "25d"'],
    ['[webSocketEvents]\nmaxMessage = 1GB', 'expected a size such as'],
    ['[webSocketEvents]\nmaxMessage = 100', 'expected a size from 256 to 16MiB, got "100"'],
    ['[webSocketEvents]\norigins = https://a.example/', 'expected * alone, or exact origins'],
    ['[webSocketEvents]\norigins = *, https://a.example', 'expected * alone, or exact origins'],
    [
      '[auth]\nalgorithms = RS256, none',
      'expected one of RS256, ES256, EdDSA (separated by commas), got "RS256, none"',
    ],
    ['[auth]\nalgorithms =', 'got nothing'],
    ['[auth]\nuserIdClaim = data..id', 'expected a dotted path of a claim'],
    ['[job:a]\ncommand = tar x | gzip', 'there is no shell'],
    ['[job:a]\ncommand = say "x', 'a closing quote'],
    ['[job:a]\nretries = -1', 'expected an integer from 0 to 1000, got "-1"'],
    ['[api]\naddress = a b', 'expected a host name or IP address'],
  ])('%j is one', (ini, problem) => {
    expect(problemsOf({ ini })).toEqual([expect.stringContaining(problem)]);
  });
});

describe('the control socket', () => {
  const long = `/tmp/${'d'.repeat(90)}`;

  test('may have a path of 107 bytes', () => {
    const path = `/${'s'.repeat(106)}`;
    expect(load({ ini: `[daemon]\ncontrolSocket = ${path}` }).settings.daemon.controlSocket).toBe(
      path,
    );
  });

  test('may not have one of 108 bytes, counted as bytes', () => {
    expect(problemsOf({ ini: `[daemon]\ncontrolSocket = /${'é'.repeat(53)}s` })).toEqual([
      expect.stringContaining(
        'config.ini:2: [daemon] controlSocket: expected a path of at most 107 bytes, got 108',
      ),
    ]);
  });

  test('that became too long through the data directory names the key to set and the line to blame', () => {
    expect(problemsOf({ ini: `[daemon]\nlogLevel = info\ndataDirectory = ${long}/data` })).toEqual([
      expect.stringMatching(/^config\.ini:3: .*set \[daemon\] controlSocket to a shorter path/),
    ]);
  });

  test('can be short although the data directory is long', () => {
    const ini = `[daemon]\ndataDirectory = ${long}/data\ncontrolSocket = /tmp/s`;
    expect(load({ ini }).settings.daemon.controlSocket).toBe('/tmp/s');
  });
});

describe('a file with secrets', () => {
  const ini = '[webSocket]\nquery.a = b\nauth.token = hunter2\nauth.other = x\n';

  test.each([0o644, 0o640, 0o604])('is refused with mode %o, naming the command to run', (mode) => {
    const cwd = freshDirectory();
    const path = writeIn(cwd, 'config.ini', ini);
    chmodSync(path, mode);
    const problems = problemsOf({ cwd });
    expect(problems).toEqual([
      `config.ini:3: [webSocket] auth.token is secret, but others may read this file (mode 0${mode.toString(8)}); run: chmod 600 ${path}`,
    ]);
    expect(problems.join()).not.toContain('hunter2');
  });

  test('is accepted with mode 600', () => {
    expect(load({ ini }).settings.webSocket.auth).toEqual({ token: 'hunter2', other: 'x' });
  });

  test('may be readable by all when the secret comes from the environment', () => {
    const cwd = freshDirectory();
    chmodSync(writeIn(cwd, 'config.ini', '[webSocket]\nurl = http://h\n'), 0o644);
    const environment = { TASKBELL_WEBSOCKET_AUTH_TOKEN: 'hunter2' };
    expect(load({ cwd, environment }).settings.webSocket.auth).toEqual({ token: 'hunter2' });
  });
});
