/**
 * How far long work is. On a terminal one line that is drawn again and again; elsewhere nothing, or with
 * --verbose a line every ten seconds. Hides no cursor and leaves no half line behind, however the work ends.
 */
import type { CliContext } from './cli-context.ts';
import { clip, plainText } from './terminal-text.ts';

export interface ProgressFacts {
  /** 0 to 1; omitted where nobody knows. */
  readonly share?: number | undefined;
  /** Behind the bar: `420,000 jobs, 31,400/s`. */
  readonly text?: string;
}

export interface Progress {
  /** Cheap: to be called as often as there is something new. */
  show(facts: ProgressFacts): void;
}

export interface ProgressOptions {
  /** In front: `importing`. */
  readonly label: string;
  /**
   * Said after Ctrl-C, which then ends the command with exit code 130; `ctx.signal` is aborted for the work.
   * Asked when it happens, so that it may tell how far the work came.
   */
  readonly goesOn: () => string;
}

const REDRAW_MS = 100;
const TICK_MS = 1_000;
const LINE_EVERY_MS = 10_000;

/** Does the work, shows how far it is, and takes the line away when it has ended in whatever way. */
export async function withProgress<T>(
  ctx: CliContext,
  { label, goesOn }: ProgressOptions,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  const line = createLine(ctx, label);
  try {
    return await ctx.interruptible(goesOn, () => work(line));
  } finally {
    line.stop();
  }
}

interface ProgressLine extends Progress {
  stop(): void;
}

function createLine(ctx: CliContext, label: string): ProgressLine {
  const { quiet, verbose } = ctx.modes;
  if (quiet) return { show: () => undefined, stop: () => undefined };
  if (ctx.world.stderrIsTerminal) return drawLine(ctx, label);
  return verbose ? tellLines(ctx, label) : { show: () => undefined, stop: () => undefined };
}

function drawLine(ctx: CliContext, label: string): ProgressLine {
  const { stderr, columns, now } = ctx.world;
  const startedAt = now();
  let facts: ProgressFacts = {};
  let drawnAt = 0;
  const draw = () => {
    drawnAt = now();
    const text = describeProgress(label, facts, drawnAt - startedAt);
    // One column less: a terminal that is filled to the brim breaks the line, which nothing takes back.
    stderr.write(`\r\u001b[2K${clip(plainText(text), Math.max(1, columns - 1))}`);
  };
  // Nothing for what is over in a moment; and work that tells nothing for a while, such as one long SQL
  // statement, still counts seconds.
  const timer = setInterval(draw, TICK_MS).unref();
  return {
    show: (next) => {
      facts = next;
      if (now() - drawnAt >= REDRAW_MS) draw();
    },
    stop: () => {
      clearInterval(timer);
      if (drawnAt > 0) stderr.write('\r\u001b[2K');
    },
  };
}

function tellLines(ctx: CliContext, label: string): ProgressLine {
  const { now } = ctx.world;
  const startedAt = now();
  let facts: ProgressFacts = {};
  const tell = () => ctx.note(describeProgress(label, facts, now() - startedAt));
  const timer = setInterval(tell, LINE_EVERY_MS).unref();
  return {
    show: (next) => {
      facts = next;
    },
    stop: () => clearInterval(timer),
  };
}

const BAR_WIDTH = 24;

/** `importing [##########--------------]  42 %  420,000 jobs, 31,400/s  12 s`. Pure. */
export function describeProgress(label: string, facts: ProgressFacts, elapsedMs: number): string {
  const { share, text = '' } = facts;
  const elapsed = `${Math.floor(elapsedMs / 1_000)} s`;
  // 0 of 0 is no share.
  const bar = share === undefined || Number.isNaN(share) ? '' : describeShare(share);
  return [[label, bar].filter((part) => part !== '').join(' '), text, elapsed]
    .filter((part) => part !== '')
    .join('  ');
}

function describeShare(share: number): string {
  const within = Math.min(1, Math.max(0, share));
  const full = Math.round(within * BAR_WIDTH);
  const bar = '#'.repeat(full) + '-'.repeat(BAR_WIDTH - full);
  return `[${bar}] ${String(Math.floor(within * 100)).padStart(3)} %`;
}
