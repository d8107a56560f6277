/**
 * What the thread beside an event loop tells the supervisor when the loop stands still, and when it turns again: a line
 * of JSON on a pipe of its own, because everything else of the process waits for that loop. Pure.
 */

/** Of a core and of a gateway: standard input, output, errors and Node's channel come before. */
export const LOOP_REPORT_DESCRIPTOR = 4;

export type LoopReport =
  | {
      readonly kind: 'stalled';
      /** So far. */
      readonly stalledMs: number;
      /** Where it stands; '' for a blocking call of the system, into which nobody can look. */
      readonly stack: string;
    }
  | { readonly kind: 'turning'; readonly stalledMs: number };

/** @returns undefined for what is no report */
export function parseLoopReport(line: string): LoopReport | undefined {
  let report: Readonly<Record<string, unknown>>;
  try {
    report = JSON.parse(line);
  } catch {
    // Cut off in its middle: the process was ended while it wrote.
    return undefined;
  }
  const { kind, stalledMs, stack } = report;
  if (typeof stalledMs !== 'number') return undefined;
  if (kind === 'turning') return { kind, stalledMs };
  return kind === 'stalled' && typeof stack === 'string' ? { kind, stalledMs, stack } : undefined;
}
