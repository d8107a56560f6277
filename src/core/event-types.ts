/** Which event types there are, and what may be published by anybody but Taskbell itself. */
import { didYouMean } from '../config/did-you-mean.ts';
import type { Settings } from '../config/settings.ts';
import { TaskbellError } from '../protocol/errors.ts';
import {
  BUILT_IN_EVENT_TYPES,
  type EventRequest,
  isEventId,
  RESERVED_EVENT_TYPES,
} from '../protocol/events.ts';

interface EventTypes {
  readonly names: readonly string[];
  readonly isKnown: (type: string) => boolean;
}

export function eventTypesOf(settings: Settings): EventTypes {
  const names = [...BUILT_IN_EVENT_TYPES, ...settings.events.map(({ name }) => name)];
  const known = new Set<string>(names);
  return { names, isKnown: (type) => known.has(type) };
}

export function checkEventType(type: string, types: EventTypes): void {
  const error = unknownEventType(type, types);
  if (error !== undefined) throw error;
}

export function unknownEventType(
  type: string,
  { names, isKnown }: EventTypes,
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
  if (!isEventId(id)) {
    throw new TaskbellError('E_INVALID_REQUEST', 'The id of an event has 1 to 256 bytes.');
  }
}
