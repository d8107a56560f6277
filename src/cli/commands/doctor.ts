/** `doctor`: looks at the machine, the configuration and what both need, and says what to mend. */
import type { Command } from 'commander';
import type { Loaded } from '../../config/load-settings.ts';
import { TaskbellError } from '../../protocol/errors.ts';
import type { StatusView } from '../../protocol/status.ts';
import type { CliContext } from '../cli-context.ts';
import { checkConfiguration } from '../config-check.ts';
import { examine, judgeRuntime } from '../doctor/examination.ts';
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
  try {
    loaded = await ctx.load();
    await checkConfiguration(loaded);
  } catch (error) {
    if (!(error instanceof TaskbellError)) throw error;
    const { message, hint = 'correct it: `taskbell config check`', code } = error;
    const text = message.replaceAll('\n', '; ');
    const found = fail('configuration', { text, remedy: hint, code });
    return [found, ...(await judgeRuntime(null))];
  }
  const { settings } = loaded;
  const { now } = ctx.world;
  return examine({ settings, file: settings.file, status: await statusOf(ctx), now });
}

/** Null where no daemon answers, which is no mistake. */
async function statusOf(ctx: CliContext): Promise<StatusView | null> {
  try {
    return await ctx.withDaemon((daemon) => daemon.status({ details: true }));
  } catch (error) {
    if (error instanceof TaskbellError && error.code === 'E_DAEMON_UNREACHABLE') return null;
    throw error;
  }
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
