/** `event history TYPE [ID]`: what the log holds of a topic, oldest first. */
import type { Command } from 'commander';
import type { LogEvent } from '../../../protocol/events.ts';
import type { CliContext } from '../../cli-context.ts';
import { describeEvent } from '../../event-text.ts';
import { onlyGiven, parseInteger } from '../../option-parsers.ts';

interface HistoryOptions {
  readonly since?: string;
  readonly limit: number;
  readonly json?: true;
}

const USUAL_LIMIT = 100;
const PAGE = 1_000;

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<type>', 'event type')
    .argument('[id]', 'id of the object; all of them when omitted')
    .option('--since <seq>', 'begin after this event')
    .option(
      '-n, --limit <number>',
      `print so many at the most (default ${USUAL_LIMIT})`,
      parseInteger(1, 2 ** 31),
      USUAL_LIMIT,
    )
    .option('--json', 'print one JSON object a line')
    .action((type: string, id: string | undefined, options: HistoryOptions) =>
      printHistory(ctx, { type, id }, options),
    );
}

async function printHistory(
  ctx: CliContext,
  topic: { readonly type: string; readonly id: string | undefined },
  { since, limit, json }: HistoryOptions,
): Promise<void> {
  await ctx.withDaemon(async (daemon) => {
    let left = limit;
    let after = since;
    while (left > 0 && !ctx.signal.aborted) {
      const size = Math.min(left, PAGE);
      const page = await daemon.eventPage({
        ...onlyGiven({ ...topic, since: after }),
        limit: size,
      });
      if (!page.recovered && after === since) {
        ctx.warn(`the log no longer has all events after ${since}`);
      }
      await printEvents(ctx, page.events, json);
      left -= page.events.length;
      if (page.events.length < size) return;
      after = page.next;
    }
  });
}

async function printEvents(
  ctx: CliContext,
  events: readonly LogEvent[],
  json: true | undefined,
): Promise<void> {
  for (const event of events) {
    ctx.print(json ? JSON.stringify(event) : describeEvent(event, 'date'));
    await ctx.drained();
  }
}
