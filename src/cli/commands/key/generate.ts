/** `key generate`: a line for the keys file. Writes no file and asks no daemon. */
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { isKeyId, KEY_BYTES, newKeyId, renderKey } from '../../../privacy/key-ring.ts';
import { TaskbellError } from '../../../protocol/errors.ts';
import type { CliContext } from '../../cli-context.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--id <id>', 'id of the key (default: one with the date)')
    .option('--json', 'print the line and its id as JSON')
    .action((options: { readonly id?: string; readonly json?: true }) => {
      const { id = newKeyId(ctx.world.now(), randomBytes(2)) } = options;
      if (!isKeyId(id)) {
        throw new TaskbellError('E_USAGE', `${id} is no id of a key.`, {
          hint: 'An id has 1 to 64 letters, digits, "_", "." or "-".',
        });
      }
      const line = renderKey({ id, bytes: randomBytes(KEY_BYTES) });
      if (options.json) ctx.printJson({ id, line });
      else ctx.print(line);
      ctx.note('put it in front of the others in [privacy] keysFile and restart');
    });
}
