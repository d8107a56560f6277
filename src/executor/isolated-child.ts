/**
 * The process of one isolated attempt: loads the handler's module, runs it once, says how it ended, and
 * goes when that was heard.
 *
 *   waiting ─start▶ running ─▶ told ─bye▶ gone        the channel closes at any time ─▶ gone
 *
 * It knows neither the core nor the other attempts; what it says is judged by its executor.
 */
import { ignoreSignals } from '../process/signals.ts';
import { AttemptLog } from './attempt-log.ts';
import { EmittedEvents } from './emitted-events.ts';
import { type Ending, type Run, type RunSink, StopReason } from './handler.ts';
import type { FromIsolated, ToIsolated } from './isolated-message.ts';
import { describeError } from './job-error.ts';
import { loadModuleHandler } from './module-handler.ts';
import { encodeResult } from './outcome.ts';
import { ProgressThrottle } from './progress-throttle.ts';

type Start = Extract<ToIsolated, { kind: 'start' }>;
type Answer = FromIsolated extends infer One
  ? One extends FromIsolated
    ? Omit<One, 'key'>
    : never
  : never;

const controller = new AbortController();

// Ctrl-C in a terminal is the supervisor's business.
ignoreSignals();
process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToIsolated) => {
  switch (message.kind) {
    case 'start':
      void start(message);
      return;
    case 'stop':
      controller.abort(new StopReason(message.stop, message.message, message.graceMs));
      return;
    case 'bye':
      process.exit(0);
  }
});

async function start({ key, file, section, assignment, eventTypes }: Start): Promise<void> {
  const tell = (answer: Answer): void => void process.send?.({ key, ...answer });
  // Written at once: it is the last that this process says.
  process.on('uncaughtExceptionMonitor', (error) =>
    tell({ kind: 'fault', error: describeError(error) }),
  );
  const { sink, flush } = sinkFor(tell, new Set(eventTypes));
  const ending = await endingOf({ assignment, signal: controller.signal, sink }, file, section);
  flush();
  tell(endedOf(ending));
}

async function endingOf(run: Run, file: string, section: Start['section']): Promise<Ending> {
  try {
    const handler = await loadModuleHandler(run.assignment.type, file, section ?? undefined);
    return await handler.run(run);
  } catch (error) {
    // The executor could load it when it started, so that it may load again.
    return { kind: 'failed', error: describeError(error), retryable: true };
  }
}

/** Bounded here already: a handler that floods must not flood its executor. */
function sinkFor(tell: (answer: Answer) => void, eventTypes: ReadonlySet<string>) {
  const events = new EmittedEvents(eventTypes);
  const log = new AttemptLog((level, text) => tell({ kind: 'log', level, text }));
  const throttle = new ProgressThrottle(
    (value) => tell({ kind: 'progress', value }),
    () => performance.now(),
  );
  const sink: RunSink = {
    progress: (value) => throttle.push(value),
    log: (level, text) => log.add(level, text),
    emit: (event) => {
      events.add(event);
      tell({ kind: 'emit', event });
    },
    spawned: () => {},
  };
  return { sink, flush: () => throttle.flush() };
}

function endedOf(ending: Ending): Answer {
  if (ending.kind !== 'succeeded') return { kind: 'ended', ending, result: null };
  const encoded = encodeResult(ending.result);
  if ('json' in encoded) {
    return { kind: 'ended', ending: { ...ending, result: null }, result: encoded.json };
  }
  const error = { name: 'ResultInvalid', message: encoded.problem };
  return { kind: 'ended', ending: { kind: 'failed', error, retryable: false }, result: null };
}
