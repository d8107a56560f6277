/** Jobs as a table. Pure. */
import type { JobSummary } from '../protocol/jobs.ts';
import { type Painter, paintState } from './painter.ts';
import { cell, formatMs, formatTable } from './table.ts';

export function jobTable(jobs: readonly JobSummary[], paint: Painter): readonly string[] {
  const rows = jobs.map((job) => [
    job.id,
    job.type,
    job.queue,
    String(job.attempt),
    job.createdAt,
    formatMs(job.duration),
    cell(job.userId),
    paintState(paint, job.state) + (job.reason === null ? '' : ` (${job.reason})`),
  ]);
  const head = ['ID', 'TYPE', 'QUEUE', 'ATTEMPT', 'CREATED', 'DURATION', 'USER', 'STATE'];
  return formatTable([head, ...rows]);
}
