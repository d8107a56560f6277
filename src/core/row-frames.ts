/** The rows of one commit as the frames that followers get: rendered once, whoever wants them. */
import { type LiveRow, renderLogEvents } from '../log/event-log.ts';
import { frameTexts } from '../wire/frame.ts';

/** By the very array that the log gives to every listener; gone with it. */
const known = new WeakMap<readonly LiveRow[], Buffer>();

/** @returns the same bytes for the same array; they must not be changed */
export function framesOf(rows: readonly LiveRow[]): Buffer {
  let frames = known.get(rows);
  if (frames === undefined) {
    frames = frameTexts(renderLogEvents(rows));
    known.set(rows, frames);
  }
  return frames;
}
