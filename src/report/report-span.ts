/** The span of one report, from its emit to its acknowledgement, in the trace of its job. */
import { beginSpan } from '../process/tracing.ts';
import type { EndedJob } from './report-source.ts';

/** @returns ends it; undefined where nobody traces */
export function beginReportSpan({ type, jobId, eventId, success, traceparent }: EndedJob) {
  const attributes = {
    'messaging.system': 'taskbell',
    'messaging.message.id': eventId,
    'taskbell.job.id': jobId,
    'taskbell.job.type': type,
    'taskbell.job.success': String(success),
  };
  return beginSpan({ name: `report ${type}`, kind: 'producer', attributes }, traceparent);
}
