/** How far an import is, in one line. Pure but for the spinner that shows it. */
import type { ImportProgress } from '../client/client.ts';
import type { CliContext } from './cli-context.ts';
import { mayColour } from './painter.ts';

export interface ImportFacts extends ImportProgress {
  readonly elapsedMs: number;
  /** 0 to 1; undefined where the size is not known. */
  readonly share: number | undefined;
}

const BAR_WIDTH = 24;

/** `[##########--------------]  42 %  420,000 jobs, 31,400/s`. Pure. */
export function describeImport({ jobs, elapsedMs, share }: ImportFacts): string {
  const rate = elapsedMs > 0 ? Math.round((jobs * 1_000) / elapsedMs) : 0;
  const words = `${jobs.toLocaleString('en')} jobs, ${rate.toLocaleString('en')}/s`;
  if (share === undefined) return words;
  const full = Math.min(BAR_WIDTH, Math.round(share * BAR_WIDTH));
  const bar = '#'.repeat(full) + '-'.repeat(BAR_WIDTH - full);
  const percent = String(Math.floor(share * 100)).padStart(3);
  return `[${bar}] ${percent} %  ${words}`;
}

export interface ProgressLine {
  show(text: string): void;
  stop(): void;
}

/** On a terminal a line that changes; elsewhere nothing. */
export async function openProgressLine(ctx: CliContext): Promise<ProgressLine> {
  const { stderr, stderrIsTerminal, environment } = ctx.world;
  if (!stderrIsTerminal) return { show: () => undefined, stop: () => undefined };
  const { default: ora } = await import('ora');
  const color = mayColour(environment) ? 'cyan' : false;
  const stream = stderr as NodeJS.WriteStream;
  const spinner = ora({ stream, color, text: 'importing', discardStdin: false }).start();
  return {
    show: (text) => {
      spinner.text = text;
    },
    stop: () => spinner.stop(),
  };
}
