/**
 * Writes the unit by which systemd runs a service, as restricted as it can be. Pure.
 *
 * Refuses to look at the machine: paths come in as arguments and are absolute. Not restricted, because the
 * service would die of it: memory that is both written and executed (V8 compiles), /proc beyond processes (which
 * boot this is), and netlink (the addresses of the machine).
 */
import type { Settings } from '../config/settings.ts';
import { exitCodeOf } from '../protocol/errors.ts';
import type { SupervisorMode } from '../protocol/supervision.ts';
import { placesOf, type UnitPlaces } from './systemd-places.ts';
import { quoteEntry, quotePath, quoteWord, seconds } from './systemd-text.ts';

export type SystemdService = Exclude<SupervisorMode, 'edge'>;

export interface UnitCredential {
  readonly name: string;
  /** Where root keeps it. */
  readonly path: string;
}

export interface UnitPlan {
  readonly service: SystemdService;
  /** Without `.service`. */
  readonly name: string;
  readonly user: string;
  readonly node: string;
  readonly executable: string;
  /** Where relative paths begin. */
  readonly cwd: string;
  /** Null: none was found, the defaults hold. */
  readonly configFile: string | null;
  /** `TASKBELL_PROFILE` of the caller; it decides which file is read. */
  readonly profile: string | null;
  readonly settings: Settings;
  readonly credentials: readonly UnitCredential[];
  /** Socket units that this one takes its sockets from. */
  readonly sockets: readonly string[];
}

const COMMANDS: Readonly<Record<SystemdService, string>> = {
  up: 'up',
  worker: 'worker run',
  web_socket: 'web_socket server',
};

/**
 * What no restart mends (sysexits; docs/errors.md). A port that is in use, a full disk, an address that is not
 * there yet: all of that may be better a moment later, and nobody should have to get up for it.
 */
const PERMANENT_EXIT_CODES: readonly number[] = [
  exitCodeOf('E_USAGE'),
  exitCodeOf('E_DATABASE_INVALID'),
  exitCodeOf('E_INPUT_FILE'),
  exitCodeOf('E_UNAUTHORIZED'),
  exitCodeOf('E_CONFIG'),
];

/** A stop may last 5 s beyond `shutdownTimeout` (docs/guarantees.md); as much again for a machine that is short of breath. */
const STOP_MARGIN_MS = 10_000;
const START_TIMEOUT_MS = 300_000;
/** More than the supervisor takes to end a core that hangs: a whole service is the last resort. */
const MIN_WATCHDOG_MS = 90_000;
const WATCHDOG_MARGIN_MS = 30_000;

export function renderSystemdUnit(plan: UnitPlan): string {
  const places = placesOf(plan);
  return [
    ...headLines(plan, places),
    ...unitLines(plan),
    ...runLines(plan),
    ...keepLines(plan.settings),
    ...placeLines(plan, places),
    ...HARDENING,
    ...(places.homes
      ? ['# Some of it lies in a home directory.', 'ProtectHome=read-only']
      : ['ProtectHome=true']),
    ...(places.temporary
      ? ['# Some of it lies in /tmp.', 'PrivateTmp=false']
      : ['PrivateTmp=true']),
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
}

function headLines({ name, user, configFile }: UnitPlan, places: UnitPlaces): readonly string[] {
  const mustRead = configFile === null ? [] : [`# ${user} must be able to read ${configFile}.`];
  const mustWrite = places.writable.map((path) => `# ${path} must exist and belong to ${user}.`);
  return [
    `# /etc/systemd/system/${name}.service, made by: taskbell service print systemd`,
    `# Needs the user: useradd --system --home-dir / --shell /usr/sbin/nologin ${user}`,
    ...mustRead,
    ...mustWrite,
    '',
  ];
}

function unitLines({ sockets }: UnitPlan): readonly string[] {
  return [
    '[Unit]',
    'Description=Taskbell: runs jobs and rings who waits for them',
    'After=network-online.target',
    'Wants=network-online.target',
    '# Started again for as long as it takes: see RestartPreventExitStatus for what is given up on.',
    'StartLimitIntervalSec=0',
    ...(sockets.length === 0
      ? []
      : [`After=${sockets.join(' ')}`, `Requires=${sockets.join(' ')}`]),
    '',
  ];
}

function runLines(plan: UnitPlan): readonly string[] {
  const { service, node, executable, cwd, configFile, profile, user, sockets } = plan;
  const config = configFile === null ? '' : ` --config ${quoteWord(configFile)}`;
  return [
    '[Service]',
    'Type=notify',
    '# The messages come from systemd-notify, a child of the service: main would refuse them.',
    'NotifyAccess=all',
    `ExecStart=${quoteWord(node)} ${quoteWord(executable)}${config} ${COMMANDS[service]}`,
    'ExecReload=/bin/kill -HUP $MAINPID',
    `User=${user}`,
    `WorkingDirectory=${quotePath(cwd)}`,
    ...(profile === null ? [] : [`Environment=${quoteEntry(`TASKBELL_PROFILE=${profile}`)}`]),
    ...(sockets.length === 0 ? [] : [`Sockets=${sockets.join(' ')}`]),
    ...plan.credentials.map(({ name, path }) => `LoadCredential=${name}:${quotePath(path)}`),
  ];
}

function keepLines({ daemon }: Settings): readonly string[] {
  const watchdogMs = Math.max(MIN_WATCHDOG_MS, daemon.stallTimeout + WATCHDOG_MARGIN_MS);
  return [
    '',
    'Restart=on-failure',
    'RestartSec=1',
    '# What only an operator can mend: usage, data, missing input, permission, configuration.',
    `RestartPreventExitStatus=${PERMANENT_EXIT_CODES.join(' ')}`,
    `TimeoutStartSec=${seconds(START_TIMEOUT_MS)}`,
    `# Above [daemon] shutdownTimeout (${seconds(daemon.shutdownTimeout)} s).`,
    `TimeoutStopSec=${seconds(daemon.shutdownTimeout + STOP_MARGIN_MS)}`,
    `WatchdogSec=${seconds(watchdogMs)}`,
    '# Only the main process knows the order in which to stop; what is left when it is gone is killed.',
    'KillMode=mixed',
    'KillSignal=SIGTERM',
    '# A job that takes too much memory is one job: the service goes on.',
    'OOMPolicy=continue',
    'LimitNOFILE=524288',
    '# Its memory holds secrets.',
    'LimitCORE=0',
  ];
}

function placeLines({ user, sockets }: UnitPlan, places: UnitPlaces): readonly string[] {
  const { state, runtime, logs, writable } = places;
  return [
    '',
    'UMask=0077',
    ...(state.length === 0 ? [] : [`StateDirectory=${listed(state)}`, 'StateDirectoryMode=0700']),
    ...(runtime.length === 0
      ? []
      : [`RuntimeDirectory=${listed(runtime)}`, 'RuntimeDirectoryMode=0750']),
    // The control socket lies in it, and outlives the service.
    ...(runtime.length > 0 && sockets.length > 0 ? ['RuntimeDirectoryPreserve=true'] : []),
    ...(logs.length === 0 ? [] : [`LogsDirectory=${listed(logs)}`, 'LogsDirectoryMode=0750']),
    `# Jobs that write elsewhere need a line of their own here: ReadWritePaths=, with a directory of ${user}.`,
    ...writable.map((path) => `ReadWritePaths=${quoteEntry(path)}`),
    '',
  ];
}

function listed(paths: readonly string[]): string {
  return paths.map(quoteEntry).join(' ');
}

const HARDENING: readonly string[] = [
  'NoNewPrivileges=true',
  'CapabilityBoundingSet=',
  'AmbientCapabilities=',
  'ProtectSystem=strict',
  'PrivateDevices=true',
  'PrivateMounts=true',
  'DevicePolicy=closed',
  'ProtectClock=true',
  'ProtectControlGroups=true',
  'ProtectHostname=true',
  'ProtectKernelLogs=true',
  'ProtectKernelModules=true',
  'ProtectKernelTunables=true',
  'ProtectProc=invisible',
  'LockPersonality=true',
  'RemoveIPC=true',
  'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
  'RestrictNamespaces=true',
  'RestrictRealtime=true',
  'RestrictSUIDSGID=true',
  'SystemCallArchitectures=native',
  'SystemCallFilter=@system-service',
  'SystemCallFilter=~@privileged @resources',
  'SystemCallErrorNumber=EPERM',
];
