import { expect, test } from 'vitest';
import {
  PERMANENT_EXIT_CODES,
  type Pm2Plan,
  renderPm2Ecosystem,
} from '../../src/supervisor/pm2-ecosystem.ts';

const PLAN: Pm2Plan = {
  service: 'up',
  node: '/opt/node/bin/node',
  executable: '/opt/taskbell/bin/taskbell.js',
  cwd: "/srv/o'brien",
  configFile: '/etc/taskbell/config.ini',
  profile: null,
  shutdownTimeoutMs: 25_000,
};

function appOf(plan: Pm2Plan): Readonly<Record<string, unknown>> {
  const module = { exports: {} as { apps: [Record<string, unknown>] } };
  new Function('module', renderPm2Ecosystem(plan))(module);
  expect(module.exports.apps).toHaveLength(1);
  return module.exports.apps[0];
}

test('the ecosystem file starts one supervisor with absolute paths and waits for it both ways', () => {
  expect(appOf(PLAN)).toEqual({
    name: 'taskbell',
    script: '/opt/taskbell/bin/taskbell.js',
    args: ['--config', '/etc/taskbell/config.ini', 'up'],
    cwd: "/srv/o'brien",
    interpreter: '/opt/node/bin/node',
    exec_mode: 'fork',
    instances: 1,
    wait_ready: true,
    listen_timeout: 60_000,
    kill_timeout: 35_000,
    treekill: false,
    stop_exit_codes: PERMANENT_EXIT_CODES,
    exp_backoff_restart_delay: 100,
    pmx: false,
    vizion: false,
    disable_source_map_support: true,
    env: {},
  });
});

test('pm2 gives up on what only an operator can mend, and on nothing else', () => {
  expect(PERMANENT_EXIT_CODES).toEqual([64, 65, 66, 73, 77, 78]);
});

test('the kill comes more than the 5 s after the drain that a stop may last', () => {
  for (const shutdownTimeoutMs of [0, 1_000, 3_600_000]) {
    expect(appOf({ ...PLAN, shutdownTimeoutMs }).kill_timeout).toBeGreaterThan(
      shutdownTimeoutMs + 5_000,
    );
  }
});

test.each([
  ['worker', 'taskbell-worker', ['worker', 'run']],
  ['web_socket', 'taskbell-events', ['web_socket', 'server']],
] as const)('%s is a service with a name of its own', (service, name, args) => {
  const app = appOf({ ...PLAN, service, configFile: null, profile: 'prod' });
  expect(app).toMatchObject({ name, args, env: { TASKBELL_PROFILE: 'prod' } });
});
