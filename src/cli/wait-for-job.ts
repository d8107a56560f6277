/**
 * Waits for a job's end; on a terminal a spinner tells how far it is.
 *
 * The end comes from the wait route, which cannot miss it; events only feed the spinner.
 */
import type { EventStream, JobProgress, JobView, TaskbellClient } from '../client/client.ts';
import type { JobEventData } from '../protocol/events.ts';
import type { CliContext } from './cli-context.ts';
import { mayColour } from './painter.ts';
import { plainText } from './terminal-text.ts';

const ABSENCE = 'the daemon is away: waiting until it is back';

/** For whoever waits through a restart: silence would look like a job that hangs. */
export function noteAbsence(ctx: CliContext): void {
  ctx.note(ABSENCE);
}

/** Ctrl-C ends the wait, not the job. */
export function waitForJob(
  ctx: CliContext,
  daemon: TaskbellClient,
  id: string,
  timeoutMs?: number,
): Promise<JobView> {
  const goesOn = () => `job ${id} goes on; \`taskbell job wait ${id}\` waits for it again`;
  return ctx.interruptible(goesOn, () => waitAndShow(ctx, daemon, id, timeoutMs));
}

async function waitAndShow(
  ctx: CliContext,
  daemon: TaskbellClient,
  id: string,
  timeoutMs: number | undefined,
): Promise<JobView> {
  let notedBy = (text: string): void => ctx.note(text);
  const waiting = daemon.wait(id, {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    signal: ctx.signal,
    onAway: () => notedBy(ABSENCE),
  });
  if (!ctx.world.stderrIsTerminal || ctx.modes.quiet) return await waiting;
  // Handled below, after the spinner is there; without this a quick failure would count as unhandled.
  waiting.catch(() => undefined);
  const { default: ora } = await import('ora');
  const stream = ctx.world.stderr as NodeJS.WriteStream;
  const colour = mayColour(ctx.world.environment) ? 'cyan' : false;
  const spinner = ora({ stream, color: colour, text: `job ${id}`, discardStdin: false }).start();
  notedBy = (text) => {
    // A line of its own above the spinner.
    spinner.stop();
    ctx.note(text);
    spinner.start();
  };
  const events = daemon.events({ type: 'job', id, onGap: () => undefined });
  const showing = show(events, (text) => {
    spinner.text = `job ${id} ${plainText(text)}`;
  });
  try {
    return await waiting;
  } finally {
    await events.return();
    await showing;
    spinner.stop();
  }
}

async function show(events: EventStream, update: (text: string) => void): Promise<void> {
  try {
    for await (const event of events)
      update(describeProgress(event.data[0] as unknown as JobEventData));
  } catch {
    // Only the spinner stands still then; the wait tells what is wrong with the daemon.
  }
}

/** `running, attempt 2: 40 % reading rows`. Pure. */
export function describeProgress(data: JobEventData): string {
  const progress = (data.progress ?? null) as JobProgress | null;
  const attempt = data.attempt > 1 ? `, attempt ${data.attempt}` : '';
  if (progress === null) return `${data.state}${attempt}`;
  return `${data.state}${attempt}: ${progressText(progress)}`;
}

/** `40 % 4/10 reading rows`. Pure. */
export function progressText({ fraction, done, total, message }: JobProgress): string {
  const share = fraction ?? (done !== undefined && total ? done / total : undefined);
  const parts = [
    share === undefined ? undefined : `${Math.round(share * 100)} %`,
    done === undefined ? undefined : `${done}${total === undefined ? '' : `/${total}`}`,
    message,
  ];
  return parts.filter((part) => part !== undefined).join(' ');
}
