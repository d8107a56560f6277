/** The state of reporting in words. Pure. */
import type { ReportStatus } from '../protocol/status.ts';
import { type Painter, paintState } from './painter.ts';

export function describeReport(report: ReportStatus, paint: Painter): readonly string[] {
  const counts = Object.entries(report.counts).map(([event, count]) => `${event} ${count}`);
  const facts: [string, string | null][] = [
    ['state', paintState(paint, report.state)],
    ['url', report.url],
    ['pending', String(report.pending)],
    ['reported', String(report.reported)],
    ['cursor', report.cursor],
    ['acknowledge', report.acknowledge],
    ['connection', counts.length === 0 ? null : counts.join(', ')],
    ['last error', report.lastError],
  ];
  return facts.flatMap(([name, value]) => (value === null ? [] : [`${name.padEnd(12)} ${value}`]));
}
