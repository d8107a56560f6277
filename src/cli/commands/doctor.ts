/** `doctor`: looks at the machine, the configuration and what both need, and says what to mend. */
import type { Command } from 'commander';
import type { NamedCredential } from '../../config/credentials.ts';
import type { Loaded } from '../../config/load-settings.ts';
import { TaskbellError } from '../../protocol/errors.ts';
import type { CliContext } from '../cli-context.ts';
import { checkOutside } from '../config-check.ts';
import { examine, judgeRuntime, type Patient } from '../doctor/examination.ts';
import { exitCodeFor, type Finding, fail, type Level } from '../doctor/finding.ts';
import type { Colour, Painter } from '../painter.ts';
import { padTo, plainText } from '../terminal-text.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--json', 'print the findings as JSON')
    .action(async (options: { readonly json?: true }) => {
      const findings = await examineAll(ctx);
      ctx.exitWith(exitCodeFor(findings));
      if (options.json) ctx.printJson({ ok: exitCodeFor(findings) === 0, findings });
      else for (const line of describeFindings(findings, ctx.paint)) ctx.print(line);
    });
}

/** A configuration that is not valid is a finding: without it little else can be looked at. */
async function examineAll(ctx: CliContext): Promise<readonly Finding[]> {
  let loaded: Loaded;
  let unseen: readonly NamedCredential[];
  try {
    loaded = await ctx.load();
    unseen = await checkOutside(loaded);
  } catch (error) {
    const found = toFinding('configuration', error, 'correct it: `taskbell config check`');
    return [found, ...(await judgeRuntime(null))];
  }
  const { settings } = loaded;
  const { now } = ctx.world;
  return examine({ settings, file: settings.file, unseen, ...(await askDaemon(ctx)), now });
}

/** No daemon is no mistake; one that refuses to answer is one, and no reason to look at nothing else. */
async function askDaemon(ctx: CliContext): Promise<Pick<Patient, 'status' | 'refusal'>> {
  try {
    const status = await ctx.withDaemon((daemon) => daemon.status({ details: true }));
    return { status, refusal: null };
  } catch (error) {
    const isAway = error instanceof TaskbellError && error.code === 'E_DAEMON_UNREACHABLE';
    const refusal = isAway ? null : toFinding('daemon', error, 'look at `taskbell status`');
    return { status: null, refusal };
  }
}

function toFinding(name: string, error: unknown, remedy: string): Finding {
  if (!(error instanceof TaskbellError)) throw error;
  const { message, hint = remedy, code } = error;
  const text = message.replaceAll(':\n', ': ').replaceAll('\n', '; ');
  return fail(name, { text, remedy: hint, code });
}

const COLOURS: Readonly<Record<Level, Colour>> = { ok: 'green', warn: 'yellow', fail: 'red' };

function describeFindings(findings: readonly Finding[], paint: Painter): readonly string[] {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap(({ name, level, text, remedy }) => {
    const shown = paint(padTo(level, 4), COLOURS[level]);
    const line = `${shown}  ${padTo(name, width)}  ${plainText(text)}`;
    return remedy === null ? [line] : [line, `      → ${plainText(remedy)}`];
  });
  const count = (wanted: Level) => findings.filter(({ level }) => level === wanted).length;
  return [...lines, '', `${count('ok')} ok, ${count('warn')} to look at, ${count('fail')} to mend`];
}
