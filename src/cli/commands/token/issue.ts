/** `token issue --user ID`: an access token signed with the development key. */
import type { Command } from 'commander';
import { TaskbellError } from '../../../protocol/errors.ts';
import type { CliContext } from '../../cli-context.ts';
import { parseDuration } from '../../option-parsers.ts';

interface IssueOptions {
  readonly user: string;
  readonly name?: string;
  readonly lifetime: number;
  readonly json?: true;
}

const AN_HOUR_MS = 3_600_000;

export function define(command: Command, ctx: CliContext): void {
  command
    .requiredOption('-u, --user <id>', 'user that the token is for')
    .option('--name <name>', "the user's name")
    .option(
      '--lifetime <duration>',
      'how long it is valid, at most 24h (default 1h)',
      parseDuration,
      AN_HOUR_MS,
    )
    .option('--json', 'print {"token":"…","expiresAt":"…"} as JSON')
    .action(async (options: IssueOptions) => {
      const issued = await issue(ctx, options);
      if (options.json) {
        ctx.printJson(issued);
        return;
      }
      ctx.print(issued.token);
      ctx.note(`valid until ${issued.expiresAt}`);
    });
}

async function issue(ctx: CliContext, { user, name, lifetime }: IssueOptions) {
  const { auth } = await ctx.settings();
  if (auth.privateKeyFile === null) {
    throw new TaskbellError(
      'E_KEY_FILE',
      '[auth] privateKeyFile is not set: nothing to sign with.',
      {
        hint: 'Make a development key pair with `taskbell init`; in production the issuer signs.',
      },
    );
  }
  const { issueToken } = await import('../../../auth/signing.ts');
  const { privateKeyFile, issuer, audience, userIdClaim } = auth;
  return issueToken({
    ...{ privateKeyFile, issuer, audience, userIdClaim },
    ...{ user, name, lifetimeMs: lifetime, now: ctx.world.now() },
  });
}
