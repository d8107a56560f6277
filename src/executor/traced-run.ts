/** The span of one attempt, which what its handler traces belongs to. Nothing where nobody traces. */
import { noteActiveFailure, traced } from '../process/tracing.ts';
import type { Assignment } from '../protocol/execute.ts';
import type { Ending } from './handler.ts';

export function tracedRun(
  { id, attempt, type, queue, traceparent }: Assignment,
  run: () => Promise<Ending> | Ending,
): Promise<Ending> {
  const attributes = {
    'messaging.system': 'taskbell',
    'messaging.destination.name': queue,
    'messaging.message.id': id,
    'taskbell.job.type': type,
    'taskbell.job.attempt': attempt,
  };
  return traced({ name: `run ${type}`, kind: 'consumer', attributes }, traceparent, async () => {
    const ending = await run();
    // Handlers do not reject, so that the span would look like one that went well.
    if (ending.kind === 'failed') noteActiveFailure(ending.error.message);
    return ending;
  });
}
