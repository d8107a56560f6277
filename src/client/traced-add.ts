/** Adds as spans, and the trace that goes with each job. Where nobody traces, requests pass as they are. */
import { isTracing, traced } from '../process/tracing.ts';
import type { JobRequest } from '../protocol/jobs.ts';

/** @param send gets the requests with their trace; one that has a trace of its own keeps it */
export function tracedAdd<T>(
  requests: readonly JobRequest[],
  send: (requests: readonly JobRequest[]) => Promise<T>,
): Promise<T> {
  if (!isTracing()) return send(requests);
  const [first] = requests;
  const isOne = requests.length === 1 && first !== undefined;
  const attributes = {
    'messaging.system': 'taskbell',
    'messaging.batch.message_count': requests.length,
  };
  const name = isOne ? `add ${first.type}` : 'add jobs';
  return traced({ name, kind: 'producer', attributes }, undefined, (traceparent) =>
    send(
      traceparent === undefined
        ? requests
        : requests.map((request) => ({ traceparent, ...request })),
    ),
  );
}
