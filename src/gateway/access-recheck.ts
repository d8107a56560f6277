/**
 * Looks again at what one connection is attached to, because the rights of its user may have changed.
 *
 *   idle ─run▶ looking ─nothing withdrawn▶ idle          looking ─run▶ looking, and once more
 *
 * Says what is withdrawn and nothing else; how a client hears of it depends on its protocol.
 */
import { setMaxListeners } from 'node:events';
import type { Topic } from '../protocol/events.ts';
import { CLOSE, closing } from './close-codes.ts';
import type { ConnectionLink, ConnectionWorld } from './connection-world.ts';

/** Questions that are under way at once for one connection. */
const QUESTIONS_AT_ONCE = 32;

export type RecheckWorld = Pick<ConnectionWorld, 'access' | 'hub' | 'log'>;
export type RecheckLink = Pick<ConnectionLink, 'subscriber' | 'signal' | 'close'> & {
  readonly identity: Pick<ConnectionLink['identity'], 'user'>;
};

export class AccessRecheck {
  readonly #link: RecheckLink;
  readonly #world: RecheckWorld;
  readonly #withdraw: (topics: readonly Topic[]) => void;
  #state: 'idle' | 'looking' | 'once more' = 'idle';

  /** @param withdraw called with what the user may not see any more, as it was attached to */
  constructor(
    link: RecheckLink,
    world: RecheckWorld,
    withdraw: (topics: readonly Topic[]) => void,
  ) {
    this.#link = link;
    this.#world = world;
    this.#withdraw = withdraw;
  }

  /** Resolves when what was attached at the call has been looked at, or the connection ends. Never rejects. */
  async run(): Promise<void> {
    if (this.#state !== 'idle') {
      this.#state = 'once more';
      return;
    }
    do {
      this.#state = 'looking';
      await this.#look();
    } while (this.#isAskedAgain);
    this.#state = 'idle';
  }

  get #isAskedAgain(): boolean {
    return this.#state === 'once more' && !this.#link.signal.aborted;
  }

  async #look(): Promise<void> {
    try {
      const withdrawn = await this.#findWithdrawn();
      if (!this.#link.signal.aborted && withdrawn.length > 0) this.#withdraw(withdrawn);
    } catch (err) {
      // Questions are refused only where the connection ended.
      if (this.#link.signal.aborted) return;
      this.#world.log.error({ err }, 'the rights of a connection could not be looked at');
      this.#link.close(closing(CLOSE.internal, 'internal error'));
    }
  }

  async #findWithdrawn(): Promise<readonly Topic[]> {
    const { subscriber, identity, signal } = this.#link;
    const user = identity.user ?? '';
    const topics = this.#world.hub.subscriptions.topicsOf(subscriber);
    const withdrawn: Topic[] = [];
    // Each question listens to it.
    if (topics.length > 1) setMaxListeners(0, signal);
    for (let at = 0; at < topics.length; at += QUESTIONS_AT_ONCE) {
      const some = topics.slice(at, at + QUESTIONS_AT_ONCE);
      const codes = await Promise.all(
        some.map(({ type, id }) => this.#world.access.check({ user, type, id }, signal)),
      );
      if (codes.includes(3)) {
        this.#link.close(closing(CLOSE.forbidden, 'the user does not exist any more'));
        return [];
      }
      // Asked of the link anew: a signal that was taken before need not be the one that its end aborts.
      if (this.#link.signal.aborted) return [];
      withdrawn.push(...some.filter((_, index) => codes[index] === 4));
    }
    return withdrawn;
  }
}
