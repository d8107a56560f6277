/** `event tail [TYPE/ID …]`: events as they happen, from a position in the log if one is given. */
import type { Command } from 'commander';
import type { PublishedEvent, Topic } from '../../../protocol/events.ts';
import type { CliContext } from '../../cli-context.ts';
import { describeEvent } from '../../event-text.ts';
import { onlyGiven, parseInteger } from '../../option-parsers.ts';

interface TailOptions {
  readonly since?: string;
  readonly count?: number;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .argument(
      '[patterns...]',
      'TYPE or TYPE/ID, * for any, an ID may end in .*; everything when omitted',
    )
    .option('--since <seq>', 'begin after this event; 0: with the oldest one')
    .option('-n, --count <number>', 'end after so many events', parseInteger(1, 2 ** 31))
    .option('--json', 'print one JSON object a line')
    .action((patterns: string[], options: TailOptions) => tailEvents(ctx, patterns, options));
}

async function tailEvents(
  ctx: CliContext,
  patterns: readonly string[],
  options: TailOptions,
): Promise<void> {
  const topics = (patterns.length === 0 ? ['*'] : patterns).map(parsePattern);
  await ctx.withDaemon(async (daemon) => {
    const { since, count = Number.POSITIVE_INFINITY } = options;
    let printed = 0;
    const print = (event: PublishedEvent): void => {
      if (printed >= count) return;
      ctx.print(options.json ? JSON.stringify(event) : describeEvent(event));
      printed += 1;
    };
    const events = daemon.events({
      ...onlyGiven({ since }),
      topics,
      signal: ctx.signal,
      onVolatile: (event) => {
        print(event);
        if (printed >= count) void events.return();
      },
      onGap: (facts) => ctx.warn(`events after ${facts.since} are no longer in the log`),
    });
    for await (const event of events) {
      print(event);
      await ctx.drained();
      if (printed >= count) break;
    }
  });
}

/** `job`, `job/1042`, `*`: what stands behind the first slash is the id, slashes included. */
export function parsePattern(pattern: string): Topic {
  const slash = pattern.indexOf('/');
  if (slash === -1) return { type: pattern, id: '*' };
  return { type: pattern.slice(0, slash) || '*', id: pattern.slice(slash + 1) || '*' };
}
