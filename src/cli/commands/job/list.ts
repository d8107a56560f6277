/** `job list`: jobs, newest first, a page at a time. */
import type { Command } from 'commander';
import type { JobState } from '../../../protocol/jobs.ts';
import type { CliContext } from '../../cli-context.ts';
import { jobTable } from '../../job-table.ts';
import { onlyGiven, parseInteger, parseState } from '../../option-parsers.ts';

interface ListOptions {
  readonly state?: JobState;
  readonly type?: string;
  readonly queue?: string;
  readonly user?: string;
  readonly group?: string;
  readonly limit?: number;
  readonly cursor?: string;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .option('-s, --state <state>', 'only jobs in this state', parseState)
    .option('-t, --type <type>', 'only jobs of this type')
    .option('-q, --queue <name>', 'only jobs of this queue')
    .option('-g, --group <key>', 'only jobs of this group')
    .option('-u, --user <id>', 'only jobs of this user')
    .option(
      '-n, --limit <number>',
      'at most so many, 1 to 1000 (default 50)',
      parseInteger(1, 1000),
    )
    .option('--cursor <cursor>', 'go on where the page before ended')
    .option('--json', 'print {"jobs":[…],"next":…} as JSON')
    .action(async ({ json, ...filter }: ListOptions) => {
      const page = await ctx.withDaemon((daemon) => daemon.list(onlyGiven(filter)));
      if (json) {
        ctx.printJson(page);
        return;
      }
      for (const line of jobTable(page.jobs, ctx.paint)) ctx.print(line);
      if (page.next !== null) ctx.note(`more: add --cursor ${page.next}`);
    });
}
