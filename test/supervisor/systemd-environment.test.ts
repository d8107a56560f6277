import { describe, expect, test } from 'vitest';
import { FIRST_INHERITED } from '../../src/supervisor/child-fork.ts';
import { handToCore } from '../../src/supervisor/given-sockets.ts';
import {
  checkGiven,
  readServiceManager,
  withoutServiceManager,
} from '../../src/supervisor/systemd-environment.ts';

const PID = 4711;

describe('what a service manager says by the environment', () => {
  test('is nothing where there is none', () => {
    expect(readServiceManager({ PATH: '/bin' }, PID)).toEqual({
      notifySocket: null,
      watchdogMs: null,
      given: {},
      searchPath: '/bin',
    });
  });

  test('is where to notify, and how often', () => {
    const environment = { NOTIFY_SOCKET: '/run/systemd/notify', WATCHDOG_USEC: '90000000' };
    const manager = readServiceManager(environment, PID);
    expect(manager).toMatchObject({ notifySocket: '/run/systemd/notify', watchdogMs: 90_000 });
  });

  test('is meant for the process that is named: a watchdog or sockets of another one do not count', () => {
    const environment = { WATCHDOG_USEC: '90000000', WATCHDOG_PID: '1', LISTEN_FDS: '1' };
    const others = { ...environment, LISTEN_PID: '1', LISTEN_FDNAMES: 'http' };
    expect(readServiceManager(others, PID)).toMatchObject({ watchdogMs: null, given: {} });
    const own = { ...others, WATCHDOG_PID: String(PID), LISTEN_PID: String(PID) };
    expect(readServiceManager(own, PID)).toMatchObject({ watchdogMs: 90_000, given: { http: 3 } });
  });

  test.each(['', 'x', '0', '-5'])('is no watchdog where the time is "%s"', (WATCHDOG_USEC) => {
    expect(readServiceManager({ WATCHDOG_USEC }, PID).watchdogMs).toBeNull();
  });

  test('names sockets in the order of their descriptors', () => {
    const given = { LISTEN_FDS: '3', LISTEN_PID: String(PID), LISTEN_FDNAMES: 'ws:ctl:http' };
    expect(readServiceManager(given, PID).given).toEqual({ ws: 3, ctl: 4, http: 5 });
  });

  test.each([
    ['http:metrics', 'got "metrics"'],
    ['http', 'got one without a name'],
    ['http:http', 'several sockets of the name "http"'],
  ])('is refused where sockets are named %s: nobody would serve one of them', (names, words) => {
    const given = { LISTEN_FDS: '2', LISTEN_PID: String(PID), LISTEN_FDNAMES: names };
    expect(() => readServiceManager(given, PID)).toThrow(words);
  });

  test('is kept from children', () => {
    const manager = { NOTIFY_SOCKET: 'x', WATCHDOG_USEC: '1', WATCHDOG_PID: '1', LISTEN_FDS: '1' };
    const sockets = { LISTEN_PID: '1', LISTEN_FDNAMES: 'a', LISTEN_PIDFDID: '1' };
    const kept = { PATH: '/bin', CREDENTIALS_DIRECTORY: '/run/credentials/x' };
    expect(withoutServiceManager({ ...manager, ...sockets, ...kept })).toEqual(kept);
  });
});

describe('a socket that was given', () => {
  test('is refused by a service that has nobody to serve it', () => {
    expect(() => checkGiven({ http: 3, ws: 4, ctl: 5 }, 'up')).not.toThrow();
    expect(() => checkGiven({ ws: 3 }, 'edge')).not.toThrow();
    expect(() => checkGiven({ ws: 3 }, 'worker')).toThrow('the socket "ws"');
    expect(() => checkGiven({ ctl: 3 }, 'edge')).toThrow('the socket "ctl"');
  });

  test('goes to the core behind its channel, and the public port does not', () => {
    expect(handToCore({ ws: 3, ctl: 4, http: 5 })).toEqual({
      inherit: [5, 4],
      given: { http: FIRST_INHERITED, ctl: FIRST_INHERITED + 1 },
    });
    expect(handToCore({ ctl: 7 })).toEqual({ inherit: [7], given: { ctl: FIRST_INHERITED } });
    expect(handToCore(undefined)).toEqual({ inherit: [], given: {} });
  });
});
