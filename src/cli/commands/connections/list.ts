/** `connections list`: the clients of all gateways. */
import type { Command } from 'commander';
import type {
  ConnectionListOptions,
  ConnectionView,
  TaskbellClient,
} from '../../../client/client.ts';
import type { CliContext } from '../../cli-context.ts';
import { connectionTable, describeSilent } from '../../connection-text.ts';
import { onlyGiven, parseInteger, parseTopic } from '../../option-parsers.ts';

interface ListOptions {
  readonly user?: string;
  readonly topic?: { readonly type: string; readonly id: string };
  readonly limit: number;
  readonly json?: true;
}

const USUAL_LIMIT = 1_000;

export function define(command: Command, ctx: CliContext): void {
  command
    .option('-u, --user <id>', 'of this user only')
    .option(
      '-t, --topic <type/id>',
      'attached to this object, or by a pattern that covers it',
      parseTopic,
    )
    .option(
      '-n, --limit <number>',
      `list so many at the most (default ${USUAL_LIMIT})`,
      parseInteger(1, 10_000_000),
      USUAL_LIMIT,
    )
    .option('--json', 'print {"connections":[…],"silent":[…]} as JSON')
    .action(async ({ user, topic, limit, json }: ListOptions) => {
      const filter = onlyGiven({ user, ...topic }) as ConnectionListOptions;
      const { connections, silent, isWhole } = await ctx.withDaemon((daemon) =>
        gather(daemon, filter, limit),
      );
      const missing = describeSilent(silent);
      if (missing !== undefined) ctx.warn(missing);
      if (!isWhole) ctx.warn(`there are more than ${limit}: pass a larger --limit`);
      if (json) ctx.printJson({ connections, silent });
      else for (const line of connectionTable(connections, Date.now())) ctx.print(line);
    });
}

async function gather(daemon: TaskbellClient, filter: ConnectionListOptions, limit: number) {
  const connections: ConnectionView[] = [];
  const silent = new Set<string>();
  const noteSilent = (names: readonly string[]): void => {
    for (const name of names) silent.add(name);
  };
  for await (const connection of daemon.connections.list(filter, noteSilent)) {
    if (connections.length === limit) return { connections, silent: [...silent], isWhole: false };
    connections.push(connection);
  }
  return { connections, silent: [...silent], isWhole: true };
}
