/** `top`: the service as it works, drawn anew each second. */
import type { Command } from 'commander';
import type { TaskbellClient } from '../../client/client.ts';
import { TaskbellError } from '../../protocol/errors.ts';
import type { CliContext } from '../cli-context.ts';
import { type Look, looked, missed, NOTHING_SEEN, type TopState } from '../top/history.ts';
import { isQuit } from '../top/quit-keys.ts';
import { Screen } from '../top/screen.ts';
import { renderTop } from '../top/top-lines.ts';

const EVERY_MS = 1_000;
/** A daemon that hangs looks like one that works until somebody says so. */
const ANSWER_MS = 3_000;

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
  const end = (): void => ended.abort();
  const draw = (): void => screen.draw(renderTop(state, screen.size, ctx.paint));
  const uninterrupt = onInterrupt(end);
  signal.addEventListener('abort', end);
  try {
    screen.enter({ onKeys: (keys) => void (isQuit(keys) && end()), onResize: draw });
    while (!ended.signal.aborted) {
      draw();
      await passed(EVERY_MS, ended.signal);
      if (!ended.signal.aborted) state = await look(ctx, { daemon, state, ended: ended.signal });
    }
  } finally {
    screen.leave();
    signal.removeEventListener('abort', end);
    uninterrupt();
  }
}

interface Looking {
  readonly daemon: TaskbellClient;
  readonly state: TopState;
  readonly ended: AbortSignal;
}

/** A daemon that restarts is waited for, and one that hangs: the screen says that it is away. */
async function look(ctx: CliContext, { daemon, state, ended }: Looking): Promise<TopState> {
  const given = new AbortController();
  const giveUp = (): void => given.abort(new Error(`no answer in ${ANSWER_MS / 1_000} s`));
  const late = setTimeout(giveUp, ANSWER_MS);
  ended.addEventListener('abort', giveUp);
  try {
    const status = await daemon.status({ details: true, signal: given.signal });
    return looked(state, status, moment(ctx));
  } catch (error) {
    return missed(state, error instanceof Error ? error.message : String(error), moment(ctx));
  } finally {
    clearTimeout(late);
    ended.removeEventListener('abort', giveUp);
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
