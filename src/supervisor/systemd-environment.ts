/**
 * Reads what a service manager tells a service by its environment: where to notify, how often, and which
 * sockets it has opened for it (sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3)). Pure.
 */
import { TaskbellError } from '../protocol/errors.ts';
import type { GivenSockets, SupervisorMode } from '../protocol/supervision.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface ServiceManager {
  /** Null: nobody asked to be notified. */
  readonly notifySocket: string | null;
  /** It ends a service that was silent for so long; null: it does not watch. */
  readonly watchdogMs: number | null;
  readonly given: GivenSockets;
  /** Where to find its programs. */
  readonly searchPath: string;
}

const OWN = [
  ...['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'],
  ...['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID'],
];

const SOCKET_NAMES = ['http', 'ws', 'ctl'] as const;

/** SD_LISTEN_FDS_START. */
const FIRST_GIVEN = 3;

/**
 * @param pid of the process whose environment it is: variables that are meant for another one do not count
 * @throws TaskbellError E_CONFIG when a socket was given that nothing is served on
 */
export function readServiceManager(environment: Environment, pid: number): ServiceManager {
  return {
    notifySocket: environment.NOTIFY_SOCKET || null,
    watchdogMs: readWatchdog(environment, pid),
    given: readGiven(environment, pid),
    searchPath: environment.PATH ?? '/usr/bin:/bin',
  };
}

/** For children: a job must not speak for the service, nor take its sockets. */
export function withoutServiceManager(environment: Environment): Record<string, string> {
  const kept = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !OWN.includes(entry[0]),
  );
  return Object.fromEntries(kept);
}

const SERVED: Readonly<Record<SupervisorMode, readonly (keyof GivenSockets)[]>> = {
  up: SOCKET_NAMES,
  worker: ['http', 'ctl'],
  web_socket: SOCKET_NAMES,
  edge: ['ws'],
};

/** @throws TaskbellError E_CONFIG for a socket that nobody would serve: its clients would wait for ever */
export function checkGiven(given: GivenSockets, mode: SupervisorMode): void {
  const idle = SOCKET_NAMES.find(
    (name) => given[name] !== undefined && !SERVED[mode].includes(name),
  );
  if (idle === undefined) return;
  throw new TaskbellError(
    'E_CONFIG',
    `The service manager gave the socket "${idle}", which this service does not serve; expected only: ${SERVED[mode].join(', ')}.`,
    { hint: 'Disable that socket unit, or start `taskbell up`, which serves all of them.' },
  );
}

function readWatchdog({ WATCHDOG_USEC, WATCHDOG_PID }: Environment, pid: number): number | null {
  const isOurs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === pid;
  const usec = Number(WATCHDOG_USEC ?? '');
  return isOurs && Number.isSafeInteger(usec) && usec > 0 ? usec / 1_000 : null;
}

function readGiven(environment: Environment, pid: number): GivenSockets {
  const { LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES = '' } = environment;
  const count = Number(LISTEN_FDS ?? '0');
  if (Number(LISTEN_PID) !== pid || !(count > 0)) return {};
  const names = LISTEN_FDNAMES.split(':');
  const given: Partial<Record<keyof GivenSockets, number>> = {};
  for (let index = 0; index < count; index += 1) {
    const name = names[index] ?? '';
    if (!isSocketName(name)) throw unknownSocket(name);
    if (given[name] !== undefined) throw givenTwice(name);
    given[name] = FIRST_GIVEN + index;
  }
  return given;
}

function isSocketName(name: string): name is keyof GivenSockets {
  return (SOCKET_NAMES as readonly string[]).includes(name);
}

function unknownSocket(name: string): TaskbellError {
  const got = name === '' ? 'one without a name' : `"${name}"`;
  return new TaskbellError(
    'E_CONFIG',
    `The service manager gave sockets (LISTEN_FDNAMES): expected the names http, ws and ctl, got ${got}.`,
    {
      hint: 'Set FileDescriptorName= in the socket unit; `taskbell service print systemd --socket-activation` prints units that do.',
    },
  );
}

function givenTwice(name: string): TaskbellError {
  return new TaskbellError(
    'E_CONFIG',
    `The service manager gave several sockets of the name "${name}" (LISTEN_FDNAMES): expected one.`,
    { hint: 'Keep one ListenStream= with each name; [::]:PORT takes IPv4 and IPv6.' },
  );
}
