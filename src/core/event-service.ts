/** Events for the control API: published, listed by type, described as AsyncAPI. */
import type { EventService } from '../api/api-context.ts';
import type { WebSocketEventsSettings } from '../config/settings.ts';
import type { EventLog } from '../log/event-log.ts';
import type { Fingerprint } from '../privacy/fingerprint.ts';
import { VERSION } from '../process/version.ts';
import type { EventTypeView } from '../protocol/events.ts';
import { asyncApiOf } from './asyncapi.ts';
import { EventPublisher } from './event-publisher.ts';
import type { EventTypes } from './event-types.ts';

export interface EventServiceParts {
  readonly log: Pick<EventLog, 'append' | 'appendOnce' | 'rowsByType'>;
  readonly types: EventTypes;
  readonly gateway: Pick<WebSocketEventsSettings, 'address' | 'port' | 'path'>;
  readonly fingerprint: Fingerprint;
  readonly now: () => number;
  /** Throws while nothing new is accepted. */
  readonly mustAccept?: () => void;
}

export class CoreEventService implements EventService {
  readonly #parts: EventServiceParts;
  readonly #publisher: EventPublisher;
  /** Volatile events that were not sent to a follower, because it had too much unsent. */
  #dropped = 0;

  constructor(parts: EventServiceParts) {
    this.#parts = parts;
    this.#publisher = new EventPublisher(parts);
  }

  async publish(
    ...given: Parameters<EventService['publish']>
  ): ReturnType<EventService['publish']> {
    this.#parts.mustAccept?.();
    return this.#publisher.publish(...given);
  }

  noteDropped(count: number): void {
    this.#dropped += count;
  }

  types(): ReturnType<EventService['types']> {
    const rows = this.#parts.log.rowsByType();
    const types = this.#parts.types.all.map((type): EventTypeView => {
      const { validate: _, ...facts } = type;
      const isCounted = type.name !== 'job' && type.delivery === 'durable';
      return { ...facts, rows: isCounted ? (rows.get(type.name) ?? 0) : null };
    });
    return { types, droppedVolatile: this.#dropped };
  }

  asyncApi(): ReturnType<EventService['asyncApi']> {
    return asyncApiOf({
      types: this.types().types,
      gateway: this.#parts.gateway,
      version: VERSION,
    });
  }
}
