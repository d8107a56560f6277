/**
 * The events that one attempt emits: checked and turned into text at once, so that what the handler
 * does with its objects afterwards changes nothing. Publishes nothing itself.
 */
import {
  BUILT_IN_EVENT_TYPES,
  isEventId,
  MAX_EVENT_ID_BYTES,
  RESERVED_EVENT_TYPES,
} from '../protocol/events.ts';
import { describeError } from './job-error.ts';

export const MAX_EVENTS = 1_000;
const MAX_EVENTS_LENGTH = 1_048_576;

export class EmittedEvents {
  readonly #known: ReadonlySet<string>;
  readonly #texts: string[] = [];
  #length = 0;

  /** @param known names that may be emitted, see `emittableTypes` */
  constructor(known: ReadonlySet<string>) {
    this.#known = known;
  }

  get texts(): readonly string[] {
    return this.#texts;
  }

  /** @throws TypeError when it is no event that a handler may emit, RangeError past the limits */
  add(event: unknown): void {
    const text = encodeEvent(event, this.#known);
    if (this.#texts.length >= MAX_EVENTS || this.#length + text.length > MAX_EVENTS_LENGTH) {
      throw new RangeError(
        `emit: expected at most ${MAX_EVENTS} events and ${MAX_EVENTS_LENGTH} characters an attempt`,
      );
    }
    this.#texts.push(text);
    this.#length += text.length;
  }
}

/** Every type except those that Taskbell alone publishes. */
export function emittableTypes(
  configured: readonly { readonly name: string }[],
): ReadonlySet<string> {
  const names = [...BUILT_IN_EVENT_TYPES, ...configured.map((event) => event.name)];
  return new Set(names.filter((name) => !RESERVED_EVENT_TYPES.includes(name)));
}

function encodeEvent(event: unknown, known: ReadonlySet<string>): string {
  if (typeof event !== 'object' || event === null) {
    throw new TypeError(
      `emit: expected { type, id, data? }, got ${event === null ? 'null' : typeof event}`,
    );
  }
  const { type, id, data = [] } = event as Record<string, unknown>;
  if (typeof type !== 'string' || !known.has(type)) throw new TypeError(unknownType(type, known));
  if (typeof id !== 'string' || !isEventId(id)) {
    throw new TypeError(
      `emit: expected id to be a string of 1 to ${MAX_EVENT_ID_BYTES} bytes, got ${JSON.stringify(id)}`,
    );
  }
  if (!Array.isArray(data)) {
    throw new TypeError(`emit: expected data to be an array, got ${typeof data}`);
  }
  try {
    return JSON.stringify({ type, id, data });
  } catch (error) {
    const problem = describeError(error).message;
    throw new TypeError(`emit: expected data to be JSON: ${problem}`, { cause: error });
  }
}

function unknownType(type: unknown, known: ReadonlySet<string>): string {
  const got = JSON.stringify(type);
  if (typeof type === 'string' && RESERVED_EVENT_TYPES.includes(type)) {
    return `emit: events of type ${got} are published by Taskbell alone`;
  }
  return `emit: expected a known event type (${[...known].join(', ')}), got ${got}; add [event:NAME] to the configuration for a new one`;
}
