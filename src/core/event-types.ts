/** Which event types there are, what holds of each, and what may be published by anybody but Taskbell itself. */
import { readFileSync } from 'node:fs';
import { didYouMean } from '../config/did-you-mean.ts';
import type { EventTypeSettings, Settings } from '../config/settings.ts';
import { TaskbellError } from '../protocol/errors.ts';
import {
  BUILT_IN_EVENT_TYPES,
  type EventRequest,
  type EventTypeView,
  isEventId,
  RESERVED_EVENT_TYPES,
} from '../protocol/events.ts';
import type { Json } from '../protocol/json.ts';
import { compileJsonSchema, type Validate } from '../schema/json-schema.ts';

export interface EventType extends Omit<EventTypeView, 'rows'> {
  readonly validate: Validate | null;
}

export interface EventTypes {
  readonly all: readonly EventType[];
  readonly names: readonly string[];
  readonly isKnown: (type: string) => boolean;
  readonly isVolatile: (type: string) => boolean;
  readonly find: (type: string) => EventType | undefined;
}

/** Reads the schemas that the configuration names. @throws TaskbellError E_CONFIG, E_KEY_FILE */
export function eventTypesOf({ events }: Pick<Settings, 'events'>): EventTypes {
  const stated = new Map(events.map((event) => [event.name, event]));
  const names = [...new Set([...BUILT_IN_EVENT_TYPES, ...stated.keys()])];
  const all = names.map((name) => toEventType(name, stated.get(name)));
  const byName = new Map(all.map((type) => [type.name, type]));
  return {
    ...{ all, names },
    isKnown: (type) => byName.has(type),
    isVolatile: (type) => byName.get(type)?.delivery === 'volatile',
    find: (type) => byName.get(type),
  };
}

function toEventType(name: string, stated: EventTypeSettings | undefined): EventType {
  const { description = '', delivery = 'durable', retention = null } = stated ?? {};
  const schema = stated?.schema == null ? null : readSchema(name, stated.schema);
  return {
    ...{ name, description, delivery, schema, retentionMs: retention },
    builtIn: (BUILT_IN_EVENT_TYPES as readonly string[]).includes(name),
    publishable: !RESERVED_EVENT_TYPES.includes(name),
    retentionCount: stated?.retentionCount ?? null,
    validate: schema === null ? null : compileJsonSchema(schema, `of [event:${name}]`),
  };
}

function readSchema(name: string, path: string): Json {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Json;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TaskbellError('E_CONFIG', `[event:${name}] schema: ${path} cannot be read: ${why}.`, {
      hint: 'Expected a JSON Schema in a readable file.',
      cause,
    });
  }
}

export function checkEventType(type: string, types: EventTypes): void {
  const error = unknownEventType(type, types);
  if (error !== undefined) throw error;
}

export function unknownEventType(
  type: string,
  { names, isKnown }: Pick<EventTypes, 'names' | 'isKnown'>,
): TaskbellError | undefined {
  if (isKnown(type)) return undefined;
  const guess = didYouMean(type, names) || '.';
  return new TaskbellError('E_UNKNOWN_EVENT_TYPE', `There is no event type ${type}${guess}`, {
    hint: `Known are ${names.join(', ')}; add others as [event:NAME] to config.ini.`,
  });
}

export function checkPublishable({ type, id }: EventRequest, types: EventTypes): void {
  checkEventType(type, types);
  if (RESERVED_EVENT_TYPES.includes(type)) {
    throw new TaskbellError(
      'E_UNKNOWN_EVENT_TYPE',
      `Only Taskbell itself publishes ${type} events.`,
      {
        hint: 'Use another type, or add one as [event:NAME] to config.ini.',
      },
    );
  }
  if (typeof id !== 'string' || !isEventId(id)) {
    throw new TaskbellError('E_INVALID_REQUEST', 'The id of an event has 1 to 256 bytes.');
  }
}
