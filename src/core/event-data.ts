/** The data of an event to publish, from wherever it comes: within its bounds and as its schema says, or refused. Pure. */
import { TaskbellError } from '../protocol/errors.ts';
import {
  type EventRequest,
  isEventId,
  MAX_EVENT_DATA_BYTES,
  MAX_EVENT_DEPTH,
} from '../protocol/events.ts';
import type { Json } from '../protocol/json.ts';
import { checkPublishable, type EventTypes } from './event-types.ts';

/**
 * @returns the data as JSON text
 * @throws TaskbellError E_UNKNOWN_EVENT_TYPE, E_INVALID_REQUEST, E_PAYLOAD_TOO_LARGE, E_PAYLOAD_INVALID
 */
export function checkedData(event: EventRequest, types: EventTypes): string {
  checkPublishable(event, types);
  const { type, id, data } = event;
  const what = `The data of ${type} ${id}`;
  if (!Array.isArray(data)) throw new TaskbellError('E_INVALID_REQUEST', `${what} is no array.`);
  const isDeep = isDeeperThan(MAX_EVENT_DEPTH, data);
  if (isDeep) {
    throw new TaskbellError(
      'E_INVALID_REQUEST',
      `${what} is nested too deeply: ${MAX_EVENT_DEPTH} levels are allowed.`,
      { hint: 'Flatten it, or send it as text.' },
    );
  }
  const text = JSON.stringify(data);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_EVENT_DATA_BYTES) {
    throw new TaskbellError(
      'E_PAYLOAD_TOO_LARGE',
      `${what} has ${bytes} bytes; ${MAX_EVENT_DATA_BYTES} are allowed.`,
      { hint: 'Store the data elsewhere and put its address in its place.' },
    );
  }
  const problems = types.find(type)?.validate?.(data as Json) ?? [];
  if (problems.length === 0) return text;
  throw new TaskbellError(
    'E_PAYLOAD_INVALID',
    `${what} does not fit its schema: ${problems.join('; ')}.`,
    {
      hint: `The schema is the file of [event:${type}] schema; \`taskbell event types --json\` prints it.`,
    },
  );
}

/** Of an event that a handler emitted: anybody's program may have written it, so nothing of it is certain. */
export function problemWithEvent(event: EventRequest, types: EventTypes): string | undefined {
  const { type, id, data } = event;
  const { publishable } = types.find(type) ?? { publishable: false };
  if (!publishable) {
    return `the handler emitted an event of the type ${String(type).slice(0, 100)}, which does not exist`;
  }
  if (typeof id !== 'string' || !isEventId(id) || !Array.isArray(data)) {
    return `the handler emitted a ${type} event whose id or data is not valid`;
  }
  try {
    checkedData(event, types);
    return undefined;
  } catch (error) {
    if (error instanceof TaskbellError) return `the handler emitted an event: ${error.message}`;
    throw error;
  }
}

/** Looks no deeper than that, however deep it goes. */
function isDeeperThan(depth: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth === 0) return true;
  return Object.values(value).some((inner) => isDeeperThan(depth - 1, inner));
}
