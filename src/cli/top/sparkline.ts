/** A row of bars for the latest values: the highest of those that are shown fills its place. Pure. */

const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** @returns exactly so wide; the newest value stands at the right, and what is not known yet is blank */
export function sparkline(values: readonly number[], width: number): string {
  const shown = width <= 0 ? [] : values.slice(-width);
  const most = Math.max(0, ...shown);
  const bars = shown.map((value) => barOf(value, most)).join('');
  return ' '.repeat(Math.max(0, width - shown.length)) + bars;
}

function barOf(value: number, most: number): string {
  if (most === 0 || value <= 0) return BARS[0];
  const step = Math.ceil((value / most) * BARS.length) - 1;
  return BARS[Math.min(BARS.length - 1, Math.max(0, step))] ?? BARS[0];
}
