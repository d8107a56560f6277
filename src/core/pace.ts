/** How much of a long piece of work is done at once, so that nobody else waits long. Pure. */
import type { Slice } from '../protocol/slices.ts';

export interface PaceBounds {
  readonly least: number;
  readonly most: number;
  /** What one piece may take. */
  readonly targetMs: number;
}

/** The size of the next piece, after one of this size took so long. */
export function nextSize(
  size: number,
  tookMs: number,
  { least, most, targetMs }: PaceBounds,
): number {
  if (tookMs > targetMs) return Math.max(least, Math.floor(size / 2));
  if (tookMs < targetMs / 4) return Math.min(most, size * 2);
  return size;
}

/** Work that looks at the clock itself. @param nowMono milliseconds that only go up */
export function sliceOf(ms: number, nowMono: () => number): Slice {
  return () => {
    const endMono = nowMono() + ms;
    return () => nowMono() >= endMono;
  };
}
