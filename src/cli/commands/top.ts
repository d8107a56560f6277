/** `top`: the service as it works, drawn anew each second. */
import type { Command } from 'commander';
import type { TaskbellClient } from '../../client/client.ts';
import { TaskbellError } from '../../protocol/errors.ts';
import type { CliContext } from '../cli-context.ts';
import { type Look, looked, missed, NOTHING_SEEN, type TopState } from '../top/history.ts';
import { Screen } from '../top/screen.ts';
import { renderTop } from '../top/top-lines.ts';

const EVERY_MS = 1_000;
const QUIT_KEYS = new Set(['q', 'Q', '\u0003', '\u0004', '\u001b']);

export function define(command: Command, ctx: CliContext): void {
  command.action(async () => {
    const { stdinIsTerminal, stdoutIsTerminal } = ctx.world;
    if (!stdinIsTerminal || !stdoutIsTerminal) throw noTerminal();
    await ctx.withDaemon((daemon) => watch(ctx, daemon));
  });
}

/** Resolves when a key or a signal ends it. */
async function watch(ctx: CliContext, daemon: TaskbellClient): Promise<void> {
  const { stdin, stdout, signal, onInterrupt } = ctx.world;
  // The first look fails as any other command does, before the screen is taken.
  let state = looked(NOTHING_SEEN, await daemon.status({ details: true }), moment(ctx));
  const screen = new Screen(stdin, stdout);
  const ended = new AbortController();
  let wake = (): void => {};
  const end = (): void => ended.abort();
  const uninterrupt = onInterrupt(end);
  signal.addEventListener('abort', end);
  try {
    const onKey = (key: string) => void (QUIT_KEYS.has(key) && end());
    screen.enter({ onKey, onResize: () => wake() });
    while (!ended.signal.aborted) {
      screen.draw(renderTop(state, screen.size, ctx.paint));
      const resized = new Promise<'resized'>((resolve) => {
        wake = () => resolve('resized');
      });
      const how = await Promise.race([passed(EVERY_MS, ended.signal), resized]);
      if (how === 'passed' && !ended.signal.aborted) state = await look(ctx, daemon, state);
    }
  } finally {
    screen.leave();
    signal.removeEventListener('abort', end);
    uninterrupt();
  }
}

/** A daemon that restarts is waited for: the screen says that it is away. */
async function look(ctx: CliContext, daemon: TaskbellClient, state: TopState): Promise<TopState> {
  try {
    return looked(state, await daemon.status({ details: true }), moment(ctx));
  } catch (error) {
    return missed(state, error instanceof Error ? error.message : String(error), moment(ctx));
  }
}

function moment(ctx: CliContext): Look {
  return { at: ctx.world.now(), atMono: performance.now() };
}

function passed(ms: number, signal: AbortSignal): Promise<'passed'> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve('passed');
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish);
  });
}

function noTerminal(): TaskbellError {
  return new TaskbellError('E_USAGE', 'top draws on a terminal, and this is none.', {
    hint: 'Take `taskbell status`, or `taskbell status --json` for a program.',
  });
}
