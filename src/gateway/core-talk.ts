/**
 * What this gateway and the core say to each other beside the log: questions about connections, and who is where.
 *
 * A message that it does not know is left unanswered: the core may be newer.
 */
import { randomBytes } from 'node:crypto';
import type { EventTypeSettings } from '../config/settings.ts';
import type { GatewayFigures, ToGateway } from '../protocol/gateways.ts';
import type { Replacement } from '../protocol/supervision.ts';
import type { FanOut } from './fan-out.ts';
import type { Hub } from './hub.ts';
import { Presence } from './presence.ts';
import { Seeing } from './seeing.ts';

export interface CoreTalkParts {
  readonly hub: Hub;
  readonly fanOut: FanOut;
  readonly events: readonly EventTypeSettings[];
  /** How many connections there is room for, and how many found none; how often it was asked who may see what. */
  readonly room: () => Pick<GatewayFigures, 'room' | 'refusedTotal' | 'access'>;
  /** Asks the supervisor for another process in the place of this one. */
  readonly replace: (replacement: Replacement) => void;
  /** To the core; false: it is away. */
  readonly tell: (message: object) => boolean;
}

export class CoreTalk {
  /** Tells this process from all other gateways, those of before its restart too. */
  readonly name: string = randomBytes(4).toString('hex');
  readonly presence: Presence;
  readonly #seeing: Seeing;
  readonly #tell: (message: object) => boolean;
  readonly #replace: CoreTalkParts['replace'];
  /** Questions for a replacement; answered only if this process stays. */
  #toBeReplaced: number[] = [];

  constructor({ hub, fanOut, events, tell, room, replace }: CoreTalkParts) {
    const types = new Set(events.filter(({ presence }) => presence).map(({ name }) => name));
    this.#tell = tell;
    this.#replace = replace;
    this.#seeing = new Seeing({ hub, name: this.name, room, random: Math.random });
    this.presence = new Presence({ types, subscriptions: hub.subscriptions, fanOut, tell });
  }

  hear(message: { readonly action: string }): void {
    const known = message as ToGateway;
    if (known.action === 'ask' && known.kind === 'replace') {
      this.#toBeReplaced.push(known.ask);
      this.#replace(known.question as Replacement);
    } else if (known.action === 'ask') {
      const answer = this.#seeing.answer(known.kind, known.question);
      if (answer !== undefined) this.#tell({ action: 'answer', ask: known.ask, answer });
    } else if (known.action === 'presence' || known.action === 'moved') this.presence.hear(known);
  }

  /** No other process takes the place of this one, for this reason. */
  kept(problem: string): void {
    for (const ask of this.#toBeReplaced.splice(0)) {
      this.#tell({ action: 'answer', ask, answer: { problem } });
    }
  }

  /** The core is there, perhaps another one than before. */
  connected(): void {
    this.presence.connected();
  }

  stop(): void {
    this.presence.stop();
  }
}
