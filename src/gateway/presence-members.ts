/** Who is attached to which topic at this gateway: a user is there once, by however many connections. Decides only. */
import type { Topic } from '../protocol/events.ts';
import type { PresenceChange } from '../protocol/gateways.ts';

interface Present {
  readonly topic: Topic;
  readonly connectionsByUser: Map<string, number>;
}

export class PresenceMembers {
  readonly #onChange: (change: PresenceChange) => void;
  readonly #topics = new Map<string, Present>();

  /** @param onChange told when the first connection of a user came to a topic, and when the last one left it */
  constructor(onChange: (change: PresenceChange) => void) {
    this.#onChange = onChange;
  }

  move({ type, id }: Topic, user: string, here: boolean): void {
    const key = keyOf({ type, id });
    const present = this.#topics.get(key) ?? { topic: { type, id }, connectionsByUser: new Map() };
    const count = (present.connectionsByUser.get(user) ?? 0) + (here ? 1 : -1);
    if (count > 0) present.connectionsByUser.set(user, count);
    else present.connectionsByUser.delete(user);
    if (present.connectionsByUser.size > 0) this.#topics.set(key, present);
    else this.#topics.delete(key);
    if (count === (here ? 1 : 0)) this.#onChange({ type, id, user, here });
  }

  has(topic: Topic, user: string): boolean {
    return this.#topics.get(keyOf(topic))?.connectionsByUser.has(user) === true;
  }

  *all(): Generator<PresenceChange, void> {
    for (const { topic, connectionsByUser } of this.#topics.values()) {
      for (const user of connectionsByUser.keys()) yield { ...topic, user, here: true };
    }
  }
}

function keyOf({ type, id }: Topic): string {
  return `${type}\n${id}`;
}
