/**
 * What the core asks of this gateway's connections: who they are, what they wait for, how many; and to close some.
 *
 * Answers are bounded by what the question asks for. Walks over all connections only when somebody looks.
 */
import { residentBytes } from '../process/process-memory.ts';
import type {
  ConnectionFilter,
  ConnectionView,
  GatewayFigures,
  GatewayQuestions,
  QuestionKind,
  TopicView,
} from '../protocol/gateways.ts';
import { CLOSE, type Closing, closing, restartClosing } from './close-codes.ts';
import type { Hub, Subscriber, SubscriberFacts } from './hub.ts';

export interface SeeingParts {
  readonly hub: Hub;
  /** Of this gateway: the ids of its connections begin with it. */
  readonly name: string;
  readonly room: () => Pick<GatewayFigures, 'room' | 'refusedTotal' | 'access'>;
  readonly random: () => number;
}

type Question<K extends QuestionKind> = GatewayQuestions[K]['ask'];
type Answer<K extends QuestionKind> = GatewayQuestions[K]['answer'];

const OPERATOR_CLOSING = closing(CLOSE.forbidden, 'closed by an operator');

export class Seeing {
  readonly #parts: SeeingParts;

  constructor(parts: SeeingParts) {
    this.#parts = parts;
  }

  /** Undefined for a question that this gateway does not know. */
  answer(kind: string, question: object): Answer<QuestionKind> | undefined {
    switch (kind as QuestionKind) {
      case 'connections':
        return this.#list(question as Question<'connections'>);
      case 'close':
        return this.#close(question as Question<'close'>);
      case 'topics':
        return this.#topics(question as Question<'topics'>);
      case 'figures':
        return this.#figures(question as Question<'figures'>);
      default:
        return undefined;
    }
  }

  #list({ after, limit, ...filter }: Question<'connections'>): Answer<'connections'> {
    const connections: ConnectionView[] = [];
    for (const member of this.#candidates(filter)) {
      const facts = member.describe();
      if (facts.number <= after) continue;
      if (connections.length === limit) return { connections, more: true };
      connections.push(this.#viewOf(member, facts));
    }
    return { connections, more: false };
  }

  /** In the order of their numbers. */
  #candidates({ user, topic }: ConnectionFilter): readonly Subscriber[] {
    const { hub } = this.#parts;
    const members = user === undefined ? hub.everyone() : [...hub.membersOf(user)];
    if (topic === undefined) return members;
    const attached = hub.subscriptions.subscribersOf(topic);
    return members.filter((member) => attached.has(member));
  }

  #viewOf(member: Subscriber, facts: SubscriberFacts): ConnectionView {
    const { hub, name } = this.#parts;
    return {
      id: this.#idOf(facts),
      gateway: name,
      user: member.token?.user ?? null,
      address: facts.address ?? null,
      protocol: facts.protocol,
      since: new Date(facts.openedAt).toISOString(),
      subscriptions: hub.subscriptions.countOf(member),
      unreadBytes: facts.unreadBytes,
      lastHeard: new Date(facts.heardAt).toISOString(),
    };
  }

  #idOf({ number }: SubscriberFacts): string {
    return `${this.#parts.name}.${number}`;
  }

  #close({ id, user, comeBack }: Question<'close'>): Answer<'close'> {
    const { hub, random } = this.#parts;
    const makeClosing = (): Closing => (comeBack ? restartClosing(random()) : OPERATOR_CLOSING);
    const meant =
      id === undefined
        ? [...hub.membersOf(user ?? '')]
        : hub.everyone().filter((member) => this.#idOf(member.describe()) === id);
    for (const member of meant) member.close(makeClosing());
    return { closed: meant.length };
  }

  #topics({ type, limit }: Question<'topics'>): Answer<'topics'> {
    const all: TopicView[] = [...this.#parts.hub.subscriptions.counts(type)];
    all.sort((a, b) => b.subscribers - a.subscribers);
    return { topics: all.slice(0, limit), total: all.length };
  }

  #figures({ unread }: Question<'figures'>): GatewayFigures {
    const { hub, room } = this.#parts;
    let unreadBytes = 0;
    if (unread) {
      for (const member of hub.everyone()) unreadBytes += member.describe().unreadBytes;
    }
    return {
      connections: hub.size,
      subscriptions: hub.subscriptions.subscriptions,
      topics: hub.subscriptions.topics,
      unreadBytes,
      residentBytes: residentBytes(process.pid) ?? 0,
      ...room(),
      ...hub.metrics.totals,
    };
  }
}
