/** `event topics [TYPE]`: what clients are attached to, most subscribers first. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { describeSilent, topicTable } from '../../connection-text.ts';
import { onlyGiven, parseInteger } from '../../option-parsers.ts';

const USUAL_LIMIT = 20;
const LARGEST_LIMIT = 1_000;

interface TopicOptions {
  readonly limit: number;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('[type]', 'event type; all of them when omitted')
    .option(
      '-n, --limit <number>',
      `list so many at the most (default ${USUAL_LIMIT})`,
      parseInteger(1, LARGEST_LIMIT),
      USUAL_LIMIT,
    )
    .option('--json', 'print {"topics":[…],"total":…,"silent":[…]} as JSON')
    .action(async (type: string | undefined, { limit, json }: TopicOptions) => {
      const page = await ctx.withDaemon((daemon) =>
        daemon.connections.topics({ ...onlyGiven({ type }), limit }),
      );
      const missing = describeSilent(page.silent);
      if (missing !== undefined) ctx.warn(missing);
      if (json) ctx.printJson(page);
      else for (const line of topicTable(page.topics)) ctx.print(line);
    });
}
