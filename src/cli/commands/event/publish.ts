/** `event publish TYPE ID [JSON array]`: one event into the log, to everyone who follows. */
import type { Command } from 'commander';
import { TaskbellError } from '../../../protocol/errors.ts';
import type { Json } from '../../../protocol/json.ts';
import type { CliContext } from '../../cli-context.ts';
import { readJsonArgument } from '../../json-input.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<type>', 'event type')
    .argument('<id>', 'id of the object that it is about')
    .argument('[data]', 'JSON array, @file, or - for standard input', '[]')
    .option('--json', 'print the event as JSON')
    .action(async (type: string, id: string, text: string, options: { readonly json?: true }) => {
      const data = checkArray(await readJsonArgument(ctx, text, 'data'));
      const [event] = await ctx.withDaemon((daemon) => daemon.publish({ type, id, data }));
      if (options.json) ctx.printJson(event);
      else ctx.print(`published ${type} ${id} as event ${event?.seq}`);
    });
}

function checkArray(data: Json): readonly Json[] {
  if (Array.isArray(data)) return data as readonly Json[];
  const got = data === null ? 'null' : typeof data;
  throw new TaskbellError('E_INVALID_REQUEST', `The data of an event is an array, got ${got}.`, {
    hint: 'Put it in brackets: \'[{"a":1}]\'.',
  });
}
