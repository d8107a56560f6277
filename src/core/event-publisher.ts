/**
 * Events from the outside: checked, then appended all or none; what is only live goes to who is there.
 *
 * A repeat with the same key is answered as the first one was. Of durable events that is on disk; of a request
 * with nothing but volatile ones it is in memory, bounded, because such a request writes nothing.
 */
import type { EventLog, LiveRow, NewRow } from '../log/event-log.ts';
import type { Fingerprint } from '../privacy/fingerprint.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { EventRequest } from '../protocol/events.ts';
import { checkedData } from './event-data.ts';
import type { EventTypes } from './event-types.ts';
import { checkKey } from './idempotency-key.ts';

export interface EventPublisherParts {
  readonly log: Pick<EventLog, 'append' | 'appendOnce'>;
  readonly types: EventTypes;
  readonly fingerprint: Fingerprint;
  readonly now: () => number;
}

interface Recent {
  readonly fingerprint: string;
  readonly at: number;
  readonly done: Promise<unknown>;
}

/** Keys of requests with volatile events alone. */
const MAX_RECENT = 10_000;

export class EventPublisher {
  readonly #parts: EventPublisherParts;
  readonly #recent = new Map<string, Recent>();

  constructor(parts: EventPublisherParts) {
    this.#parts = parts;
  }

  /** @throws TaskbellError what `checkedData` throws; E_CONFLICT for a key that was used for other events */
  async publish(events: readonly EventRequest[], key?: string): Promise<readonly LiveRow[]> {
    const { log, types, fingerprint, now } = this.#parts;
    const rows = events.map((event): NewRow => {
      const { type, id } = event;
      return { type, id, kind: 'event', data: checkedData(event, types) };
    });
    if (key === undefined) return log.append(rows, now());
    const guard = {
      key: checkKey(key),
      fingerprint: fingerprint(
        rows.map(({ type, id, data }) => `${JSON.stringify([type, id])}${data}\n`),
      ),
    };
    const appended = rows.every(({ type }) => types.isVolatile(type))
      ? await this.#passOnce(rows, guard)
      : await log.appendOnce(rows, guard, now());
    if (appended !== 'other-rows') return appended;
    throw new TaskbellError('E_CONFLICT', `The Idempotency-Key ${key} was used for other events.`, {
      hint: 'Choose a new key for each publish, and repeat it only with the same events.',
    });
  }

  async #passOnce(
    rows: readonly NewRow[],
    { key, fingerprint }: { readonly key: string; readonly fingerprint: string },
  ): Promise<readonly LiveRow[] | 'other-rows'> {
    const known = this.#recent.get(key);
    if (known !== undefined) {
      if (known.fingerprint !== fingerprint) return 'other-rows';
      await known.done;
      return rows.map((row) => ({ ...row, seq: null, prev: null, at: known.at }));
    }
    const at = this.#parts.now();
    const done = this.#parts.log.append(rows, at);
    this.#recent.set(key, { fingerprint, at, done });
    for (const oldest of this.#recent.keys()) {
      if (this.#recent.size <= MAX_RECENT) break;
      this.#recent.delete(oldest);
    }
    try {
      return await done;
    } catch (error) {
      // Nobody heard of it: the repeat is to be a first one.
      this.#recent.delete(key);
      throw error;
    }
  }
}
