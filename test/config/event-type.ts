/** An event type as its bare `[event:NAME]` section says. */
import type { EventTypeSettings } from '../../src/config/settings.ts';

export function eventType(name: string, over: Partial<EventTypeSettings> = {}): EventTypeSettings {
  const bare = {
    delivery: 'durable',
    retention: null,
    retentionCount: null,
    schema: null,
    presence: false,
  } as const;
  return { name, description: '', ...bare, ...over };
}
