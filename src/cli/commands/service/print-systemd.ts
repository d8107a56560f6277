/** `service print systemd`: the unit that runs the service with this configuration, and those of its sockets. */
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import type { NamedCredential } from '../../../config/credentials.ts';
import { TaskbellError } from '../../../protocol/errors.ts';
import type { SystemdService, UnitCredential, UnitPlan } from '../../../supervisor/systemd-unit.ts';
import type { CliContext } from '../../cli-context.ts';

interface SystemdOptions {
  readonly service: SystemdService;
  readonly user: string;
  readonly socketActivation?: true;
  readonly only?: string;
}

const EXECUTABLE = new URL('../../../../bin/taskbell.js', import.meta.url);

const NAMES: Readonly<Record<SystemdService, string>> = {
  up: 'taskbell',
  worker: 'taskbell-worker',
  web_socket: 'taskbell-events',
};

export function define(command: Command, ctx: CliContext): void {
  command
    .description(
      'print a hardened unit: taskbell service print systemd > /etc/systemd/system/taskbell.service',
    )
    .addOption(
      new Option('--service <name>', 'what to run')
        .choices(['up', 'worker', 'web_socket'])
        .default('up'),
    )
    .option('--user <name>', 'who runs it', 'taskbell')
    .option('--socket-activation', 'let systemd open the sockets: their units are printed, too')
    .option('--only <unit>', 'print one of the units only, such as taskbell-ws.socket')
    .action(async (options: SystemdOptions) => {
      if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(options.user)) throw notAUser(options.user);
      const units = await render(ctx, options);
      const chosen = units.filter(({ name }) => [undefined, name].includes(options.only));
      if (chosen.length === 0) throw noSuchUnit(options.only ?? '', units);
      ctx.print(chosen.map(({ text }) => text.trimEnd()).join('\n\n'));
    });
}

interface Unit {
  readonly name: string;
  readonly text: string;
}

async function render(ctx: CliContext, options: SystemdOptions): Promise<readonly Unit[]> {
  const { renderSystemdUnit } = await import('../../../supervisor/systemd-unit.ts');
  const { renderSocketUnits } = await import('../../../supervisor/systemd-socket-unit.ts');
  const { namedCredentials } = await import('../../../config/credentials.ts');
  const { settings, sections } = await ctx.load();
  const { cwd, environment } = ctx.world;
  const { service, user } = options;
  const name = NAMES[service];
  const configFile = settings.file === null ? null : resolve(cwd, settings.file);
  const place = configFile === null ? cwd : dirname(configFile);
  const sockets = options.socketActivation
    ? renderSocketUnits({ service, name, user, settings })
    : [];
  const plan: UnitPlan = {
    ...{ service, name, user, settings, configFile, cwd: place },
    node: process.execPath,
    executable: fileURLToPath(EXECUTABLE),
    profile: environment.TASKBELL_PROFILE ?? null,
    credentials: kept(namedCredentials(sections), place),
    sockets: sockets.map((socket) => socket.name),
  };
  return [{ name: `${name}.service`, text: renderSystemdUnit(plan) }, ...sockets];
}

/** One may stand for several keys. */
function kept(named: readonly NamedCredential[], place: string): readonly UnitCredential[] {
  const names = [...new Set(named.map(({ name }) => name))];
  return names.map((name) => ({ name, path: join(place, 'credentials', name) }));
}

function notAUser(user: string): TaskbellError {
  return new TaskbellError('E_USAGE', `--user: expected the name of a user, got "${user}".`, {
    hint: 'Small letters, digits, "_" and "-", at most 32 of them.',
  });
}

function noSuchUnit(only: string, units: readonly Unit[]): TaskbellError {
  const names = units.map(({ name }) => name).join(', ');
  return new TaskbellError('E_USAGE', `--only: expected one of ${names}, got "${only}".`, {
    hint: 'Units of sockets are there with --socket-activation only.',
  });
}
