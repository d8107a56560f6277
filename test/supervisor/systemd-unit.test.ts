import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { FlagOverride } from '../../src/config/flags.ts';
import { renderSocketUnits, type SocketPlan } from '../../src/supervisor/systemd-socket-unit.ts';
import { renderSystemdUnit, type UnitPlan } from '../../src/supervisor/systemd-unit.ts';
import { load } from '../config/loading.ts';

const INI = [
  '[daemon]',
  'dataDirectory = /var/lib/taskbell',
  'controlSocket = /run/taskbell/control.sock',
  'shutdownTimeout = 40s',
  '[worker]',
  'handlersDirectory = /opt/jobs',
  '[webSocketEvents]',
  'address = 0.0.0.0',
  'port = 8081',
  '[api]',
  'address = ::1',
  'port = 8080',
  '',
].join('\n');

function settingsOf(overrides: readonly FlagOverride[] = []) {
  return load({ ini: INI, overrides }).settings;
}

function override(section: string, key: string, value: string): FlagOverride {
  return { flag: '--set', section, key, value };
}

function planOf(given: Partial<UnitPlan> = {}): UnitPlan {
  return {
    service: 'up',
    name: 'taskbell',
    user: 'taskbell',
    node: '/usr/bin/node',
    executable: '/usr/lib/node_modules/taskbell/bin/taskbell.js',
    cwd: '/etc/taskbell',
    configFile: '/etc/taskbell/config.ini',
    profile: null,
    settings: settingsOf(),
    credentials: [],
    sockets: [],
    ...given,
  };
}

function linesOf(given: Partial<UnitPlan> = {}): readonly string[] {
  return renderSystemdUnit(planOf(given)).split('\n');
}

describe('the unit of a service', () => {
  test('is notified, watched, and stopped by its supervisor alone', () => {
    expect(linesOf()).toEqual(
      expect.arrayContaining([
        'Type=notify',
        'NotifyAccess=all',
        'ExecStart=/usr/bin/node /usr/lib/node_modules/taskbell/bin/taskbell.js --config /etc/taskbell/config.ini up',
        'User=taskbell',
        'WatchdogSec=90',
        'KillMode=mixed',
        'OOMPolicy=continue',
        'NoNewPrivileges=true',
        'WantedBy=multi-user.target',
      ]),
    );
  });

  test('is not started again after what a restart does not mend', () => {
    expect(linesOf()).toContain('Restart=on-failure');
    expect(linesOf()).toContain('RestartPreventExitStatus=64 65 66 77 78');
  });

  test('has more time to stop than running jobs have to end, and than a core has that hangs', () => {
    const settings = settingsOf([override('daemon', 'stallTimeout', '5m')]);
    expect(linesOf({ settings })).toContain('TimeoutStopSec=50');
    expect(linesOf({ settings })).toContain('WatchdogSec=330');
  });

  test('lets V8 compile', () => {
    expect(renderSystemdUnit(planOf())).not.toContain('MemoryDenyWriteExecute');
  });

  test('has systemd make the directories that lie where it makes them', () => {
    const settings = settingsOf([override('daemon', 'logFile', '/var/log/taskbell/log.json')]);
    expect(linesOf({ settings })).toEqual(
      expect.arrayContaining([
        'StateDirectory=taskbell',
        'RuntimeDirectory=taskbell',
        'LogsDirectory=taskbell',
        'ProtectHome=true',
        'PrivateTmp=true',
      ]),
    );
    expect(linesOf({ settings }).filter((line) => line.startsWith('ReadWritePaths'))).toEqual([]);
  });

  test('opens those that lie elsewhere, once, and says who must make them', () => {
    const settings = settingsOf([
      override('daemon', 'dataDirectory', '/srv/task bell'),
      override('daemon', 'controlSocket', '/srv/task bell/run/control.sock'),
    ]);
    const lines = linesOf({ settings });
    const opened = lines.filter((line) => line.startsWith('ReadWritePaths'));
    expect(opened).toEqual(['ReadWritePaths="/srv/task bell"']);
    expect(lines).toContain('# /srv/task bell must exist and belong to taskbell.');
  });

  test('names directories with spaces and dollars as one each, wherever they lie', () => {
    const settings = settingsOf([
      override('daemon', 'dataDirectory', '/var/lib/task bell'),
      override('daemon', 'controlSocket', '/srv/$bell/control.sock'),
    ]);
    const lines = linesOf({ settings, profile: 'my own' });
    expect(lines).toEqual(
      expect.arrayContaining([
        'StateDirectory="task bell"',
        'ReadWritePaths="/srv/$bell"',
        'Environment="TASKBELL_PROFILE=my own"',
      ]),
    );
  });

  test('shows homes and /tmp to a service that lies there, for reading', () => {
    const lines = linesOf({ node: '/home/ada/.nvm/node', cwd: '/tmp/site' });
    expect(lines).toContain('ProtectHome=read-only');
    expect(lines).toContain('PrivateTmp=false');
  });

  test('takes every word as it is', () => {
    const odd = '/etc/100% "my" $HOME\\config.ini';
    const lines = linesOf({ configFile: odd, cwd: '/etc/100%' });
    const start = lines.find((line) => line.startsWith('ExecStart='));
    expect(start).toContain('--config "/etc/100%% \\"my\\" $$HOME\\\\config.ini" up');
    expect(lines).toContain('WorkingDirectory=/etc/100%%');
  });

  test('hands credentials over, and takes its sockets from their units', () => {
    const credentials = [{ name: 'token', path: '/etc/taskbell/credentials/token' }];
    const lines = linesOf({ credentials, sockets: ['taskbell-ws.socket'], profile: 'prod' });
    expect(lines).toEqual(
      expect.arrayContaining([
        'LoadCredential=token:/etc/taskbell/credentials/token',
        'Requires=taskbell-ws.socket',
        'Sockets=taskbell-ws.socket',
        'RuntimeDirectoryPreserve=true',
        'Environment=TASKBELL_PROFILE=prod',
      ]),
    );
  });
});

describe('the units of its sockets', () => {
  function socketPlan(given: Partial<SocketPlan> = {}): SocketPlan {
    const settings = settingsOf();
    return { service: 'up', name: 'taskbell', user: 'bell', settings, ...given };
  }

  test('listen where the configuration says, by the names that the service knows', () => {
    const units = renderSocketUnits(socketPlan());
    expect(units.map(({ name }) => name)).toEqual([
      'taskbell-ctl.socket',
      'taskbell-http.socket',
      'taskbell-ws.socket',
    ]);
    const [ctl, http, ws] = units.map(({ text }) => text.split('\n'));
    expect(ctl).toEqual(
      expect.arrayContaining([
        'ListenStream=/run/taskbell/control.sock',
        'SocketUser=bell',
        'SocketMode=0600',
        'FileDescriptorName=ctl',
      ]),
    );
    expect(http).toEqual(
      expect.arrayContaining(['ListenStream=[::1]:8080', 'FileDescriptorName=http']),
    );
    expect(ws).toEqual(
      expect.arrayContaining(['ListenStream=0.0.0.0:8081', 'Service=taskbell.service']),
    );
  });

  test('are those that are served', () => {
    const settings = settingsOf([override('api', 'port', '0')]);
    const names = renderSocketUnits(socketPlan({ service: 'worker', settings })).map(
      (one) => one.name,
    );
    expect(names).toEqual(['taskbell-ctl.socket']);
  });

  test('are refused where systemd cannot listen', () => {
    const settings = settingsOf([override('api', 'address', 'api.example.org')]);
    expect(() => renderSocketUnits(socketPlan({ settings }))).toThrow('[api] address');
  });
});

const analyze = spawnSync('systemd-analyze', ['--version']).status === 0;

describe.skipIf(!analyze)('what systemd-analyze says of them (skipped where it is missing)', () => {
  const made: string[] = [];

  afterEach(() => {
    for (const directory of made.splice(0)) rmSync(directory, { recursive: true });
  });

  function write(given: Partial<UnitPlan> = {}): string {
    const directory = mkdtempSync(join(tmpdir(), 'taskbell-units-'));
    made.push(directory);
    const settings = settingsOf();
    const sockets = renderSocketUnits({ ...planOf(), settings });
    for (const { name, text } of sockets) writeFileSync(join(directory, name), text);
    const file = join(directory, 'taskbell.service');
    const programs = { node: process.execPath, executable: import.meta.filename };
    const names = sockets.map(({ name }) => name);
    writeFileSync(
      file,
      renderSystemdUnit(planOf({ settings, sockets: names, ...programs, ...given })),
    );
    return file;
  }

  test('finds nothing wrong', () => {
    const file = write({ credentials: [{ name: 'token', path: '/etc/taskbell/token' }] });
    const sockets = ['ctl', 'http', 'ws'].map((name) =>
      file.replace('.service', `-${name}.socket`),
    );
    expect(sockets.every((path) => existsSync(path))).toBe(true);
    const verified = spawnSync('systemd-analyze', ['verify', file, ...sockets], {
      encoding: 'utf8',
    });
    expect(verified).toMatchObject({ status: 0, stderr: '', stdout: '' });
  });

  test('scores 2.0 or better, at home and in /tmp, too', () => {
    const plans = [{}, { cwd: '/home/ada' }, { cwd: '/tmp/site', node: '/home/ada/node' }];
    const scores = plans.map((given) => scoreOf(write(given)));
    expect(scores.every((score) => score <= 2)).toBe(true);
    expect(scores).toHaveLength(3);
  });
});

function scoreOf(file: string): number {
  const { stdout } = spawnSync(
    'systemd-analyze',
    ['security', '--offline=true', '--no-pager', file],
    { encoding: 'utf8' },
  );
  const score = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1];
  if (score === undefined) throw new Error(`no score in ${stdout}`);
  return Number(score);
}
