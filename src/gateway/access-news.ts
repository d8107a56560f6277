/**
 * Takes the log's rows about users and grants: what was known of a user is forgotten at once, and its connections
 * look again at what they are attached to.
 *
 * Decides nothing. Rows of the same type that tell of tokens are left alone.
 */
import { type AccessNews, DIRECTORY_TOPIC_ID } from '../protocol/access.ts';
import type { PublishedEvent } from '../protocol/events.ts';
import type { AccessCheck } from './access.ts';
import type { Hub } from './hub.ts';

export class AccessNewsTaker {
  readonly #access: AccessCheck;
  readonly #hub: Pick<Hub, 'membersOf'>;
  readonly #changed = new Set<string>();
  #rechecking: NodeJS.Immediate | undefined;

  constructor(access: AccessCheck, hub: Pick<Hub, 'membersOf'>) {
    this.#access = access;
    this.#hub = hub;
  }

  /** @param event a row of the type `access` */
  take({ id, data }: PublishedEvent): void {
    if (id !== DIRECTORY_TOPIC_ID) return;
    for (const { user } of data as unknown as readonly AccessNews[]) {
      this.#access.forget(user);
      this.#changed.add(user);
    }
    // Once for all that one turn brought: a hundred grants of a user are one look.
    this.#rechecking ??= setImmediate(() => this.#recheck());
  }

  #recheck(): void {
    this.#rechecking = undefined;
    const users = [...this.#changed];
    this.#changed.clear();
    for (const user of users) {
      for (const member of this.#hub.membersOf(user)) member.recheckAccess();
    }
  }
}
