/**
 * Writes the file from which pm2 starts a service: an ecosystem file, as a CommonJS module. Pure.
 *
 * Refuses to start anything, and to look at the machine: paths come in as arguments and must be absolute,
 * because pm2 keeps them over reboots and directories.
 */
import { exitCodeOf } from '../protocol/errors.ts';

export type Pm2Service = 'up' | 'worker' | 'web_socket';

export interface Pm2Plan {
  readonly service: Pm2Service;
  /** Absolute paths. */
  readonly node: string;
  readonly executable: string;
  readonly cwd: string;
  /** Null: none was found, the defaults hold. */
  readonly configFile: string | null;
  /** `TASKBELL_PROFILE` of the caller; it decides which file is read. */
  readonly profile: string | null;
  readonly shutdownTimeoutMs: number;
}

const COMMANDS: Readonly<Record<Pm2Service, readonly string[]>> = {
  up: ['up'],
  worker: ['worker', 'run'],
  web_socket: ['web_socket', 'server'],
};

const NAMES: Readonly<Record<Pm2Service, string>> = {
  up: 'taskbell',
  worker: 'taskbell-worker',
  web_socket: 'taskbell-events',
};

/**
 * A stop may last 5 s beyond `shutdownTimeout` (docs/guarantees.md); pm2 then kills the supervisor, which
 * would leave the rest to the guardian. The other half is for a machine that is short of breath.
 */
const KILL_MARGIN_MS = 10_000;
/** A first start on a slow disk, or after an unclean stop; pm2 goes on when it has passed. */
const LISTEN_TIMEOUT_MS = 60_000;

/**
 * What no restart mends (sysexits). Not 0: it is in no list of failures, and pm2 would leave a service
 * stopped that ended by itself. 69, 70, 74 and 75 may be better a moment later.
 */
export const PERMANENT_EXIT_CODES: readonly number[] = [
  exitCodeOf('E_USAGE'),
  exitCodeOf('E_DATABASE_INVALID'),
  exitCodeOf('E_INPUT_FILE'),
  exitCodeOf('E_CANNOT_CREATE'),
  exitCodeOf('E_UNAUTHORIZED'),
  exitCodeOf('E_CONFIG'),
];

export function renderPm2Ecosystem(plan: Pm2Plan): string {
  const config = plan.configFile === null ? [] : ['--config', plan.configFile];
  const env = plan.profile === null ? {} : { TASKBELL_PROFILE: plan.profile };
  const app = [
    entry('name', NAMES[plan.service]),
    entry('script', plan.executable),
    entry('args', [...config, ...COMMANDS[plan.service]]),
    entry('cwd', plan.cwd),
    entry('interpreter', plan.node),
    note('One process: the supervisor starts the others, and two would wait for each other.'),
    entry('exec_mode', 'fork'),
    entry('instances', 1),
    note('Online when every process works.'),
    entry('wait_ready', true),
    entry('listen_timeout', LISTEN_TIMEOUT_MS),
    note(
      `Above [daemon] shutdownTimeout (${plan.shutdownTimeoutMs} ms): print this file anew after changing it.`,
    ),
    entry('kill_timeout', plan.shutdownTimeoutMs + KILL_MARGIN_MS),
    note('Only the supervisor knows the order in which to stop.'),
    entry('treekill', false),
    note('What only an operator can mend: docs/errors.md. Everything else is started again.'),
    entry('stop_exit_codes', PERMANENT_EXIT_CODES),
    entry('exp_backoff_restart_delay', 100),
    note('pm2 would otherwise load code of its own into the supervisor.'),
    entry('pmx', false),
    entry('vizion', false),
    entry('disable_source_map_support', true),
    entry('env', env),
  ];
  return `${HEAD}module.exports = {\n  apps: [\n    {\n${app.join('')}    },\n  ],\n};\n`;
}

const HEAD = `// Made by taskbell service print pm2. Start with: pm2 start taskbell.config.cjs && pm2 save
`;

function entry(key: string, value: unknown): string {
  return `      ${key}: ${JSON.stringify(value)},\n`;
}

function note(text: string): string {
  return `      // ${text}\n`;
}
