/**
 * What this gateway and the core say to each other beside the log: questions about connections, and who is where.
 *
 * A message that it does not know is left unanswered: the core may be newer.
 */
import { randomBytes } from 'node:crypto';
import type { EventTypeSettings } from '../config/settings.ts';
import type { ToGateway } from '../protocol/gateways.ts';
import type { FanOut } from './fan-out.ts';
import type { Hub } from './hub.ts';
import { Presence } from './presence.ts';
import { Seeing } from './seeing.ts';

export interface CoreTalkParts {
  readonly hub: Hub;
  readonly fanOut: FanOut;
  readonly events: readonly EventTypeSettings[];
  /** To the core; false: it is away. */
  readonly tell: (message: object) => boolean;
}

export class CoreTalk {
  /** Tells this process from all other gateways, those of before its restart too. */
  readonly name: string = randomBytes(4).toString('hex');
  readonly presence: Presence;
  readonly #seeing: Seeing;
  readonly #tell: (message: object) => boolean;

  constructor({ hub, fanOut, events, tell }: CoreTalkParts) {
    const types = new Set(events.filter(({ presence }) => presence).map(({ name }) => name));
    this.#tell = tell;
    this.#seeing = new Seeing({ hub, name: this.name, random: Math.random });
    this.presence = new Presence({ types, subscriptions: hub.subscriptions, fanOut, tell });
  }

  hear(message: { readonly action: string }): void {
    const known = message as ToGateway;
    if (known.action === 'ask') {
      const answer = this.#seeing.answer(known.kind, known.question);
      if (answer !== undefined) this.#tell({ action: 'answer', ask: known.ask, answer });
    } else if (known.action === 'presence' || known.action === 'moved') this.presence.hear(known);
  }

  /** The core is there, perhaps another one than before. */
  connected(): void {
    this.presence.connected();
  }

  stop(): void {
    this.presence.stop();
  }
}
