/** `token revoke --user ID | --id JTI | --issued-before TIME`: refuses tokens before they expire. */
import type { Command } from 'commander';
import { TaskbellError } from '../../../protocol/errors.ts';
import type { RevocationRequest, RevocationView } from '../../../protocol/tokens.ts';
import type { CliContext } from '../../cli-context.ts';
import { parseTime } from '../../option-parsers.ts';

interface RevokeOptions {
  readonly user?: string;
  readonly id?: string;
  readonly issuedBefore?: string;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .option('-u, --user <id>', 'the tokens of this user that were issued until now')
    .option('--id <jti>', 'the token with this id (`token inspect` shows it)')
    .option(
      '--issued-before <time>',
      "tokens from before this time: the user's, or everybody's",
      parseTime,
    )
    .option('--json', 'print the revocation as JSON')
    .action(async ({ json, ...options }: RevokeOptions) => {
      const request = toRequest(options);
      const view = await ctx.withDaemon((daemon) => daemon.tokens.revoke(request));
      if (json) ctx.printJson(view);
      else ctx.print(`revoked ${describeRevocation(view)} (revocation ${view.id})`);
    });
}

/** `the token 7c2…`, `tokens of ada issued before …`. */
export function describeRevocation({ tokenId, user, issuedBefore }: RevocationView): string {
  if (tokenId !== null) return `the token ${tokenId}`;
  return `the tokens of ${user ?? 'every user'} issued before ${issuedBefore}`;
}

function toRequest({ id, user, issuedBefore }: RevokeOptions): RevocationRequest {
  const others = user ?? issuedBefore;
  if (id === undefined && others === undefined) {
    throw usage('nothing says which tokens', 'Name a --user, an --id or a time: --issued-before.');
  }
  if (id !== undefined && others !== undefined) {
    throw usage('--id goes with no other option', 'One token is known by its id alone.');
  }
  return {
    ...(id === undefined ? {} : { tokenId: id }),
    ...(user === undefined ? {} : { user }),
    ...(issuedBefore === undefined ? {} : { issuedBefore }),
  };
}

function usage(what: string, hint: string): TaskbellError {
  return new TaskbellError('E_USAGE', `token revoke: ${what}.`, { hint });
}
