/** Events from lines of JSON, in batches that the daemon takes at once. Knows nothing of where the lines come from. */
import { TaskbellError } from '../protocol/errors.ts';
import { type EventRequest, MAX_EVENTS_AT_ONCE } from '../protocol/events.ts';
import type { Json } from '../protocol/json.ts';
import type { TextLine } from './text-lines.ts';

export interface EventBatch {
  readonly events: readonly EventRequest[];
  /** Number of its first line. */
  readonly line: number;
}

/** A line may have more than a mebibyte, and a batch of them is in memory at once. */
const MAX_BATCH_BYTES = 8 * 1_048_576;

/** @param topic when given, each line is the data of an event on it; otherwise a whole event */
export async function* readEventBatches(
  lines: AsyncIterable<TextLine>,
  name: string,
  topic: Pick<EventRequest, 'type' | 'id'> | undefined,
): AsyncGenerator<EventBatch> {
  let events: EventRequest[] = [];
  let first = 1;
  let bytes = 0;
  for await (const { n, text } of lines) {
    if (text.trim() === '') continue;
    if (events.length === MAX_EVENTS_AT_ONCE || bytes + text.length > MAX_BATCH_BYTES) {
      if (events.length > 0) yield { events, line: first };
      events = [];
      bytes = 0;
    }
    if (events.length === 0) first = n;
    const value = parse(text, `Line ${n} of ${name}`);
    events.push(
      topic === undefined ? (value as EventRequest) : { ...topic, data: value as Json[] },
    );
    bytes += text.length;
  }
  if (events.length > 0) yield { events, line: first };
}

/** What an event must have beyond being an object, the daemon says. */
function parse(text: string, where: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TaskbellError('E_INVALID_JSON', `${where} is no JSON: ${(cause as Error).message}.`, {
      hint: 'Expected one JSON document a line.',
      cause,
    });
  }
  if (typeof value === 'object' && value !== null) return value;
  throw new TaskbellError(
    'E_INVALID_REQUEST',
    `${where} is neither an event nor an array of data.`,
    {
      hint: 'Expected {"type":…,"id":…,"data":[…]} a line, or, with a TYPE and an ID, its data alone.',
    },
  );
}
