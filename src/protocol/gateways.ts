/**
 * What the core and its gateways say to each other on the follow stream, beside the log, and what the control API
 * tells of it. A gateway that knows a question not says nothing, and one that is gone neither.
 */
import type { Topic } from './events.ts';
import type { Replacement } from './supervision.ts';

export type ConnectionProtocol = 'v1' | 'v2' | 'sse';

/** One client, as `GET /v1/connections` tells of it. */
export interface ConnectionView {
  /** Of all connections of all gateways: the gateway's name and a number. */
  readonly id: string;
  /** Name of the gateway process; another one after its restart. */
  readonly gateway: string;
  /** Null before the first valid token. */
  readonly user: string | null;
  /** Where the socket comes from, which may be a proxy. */
  readonly address: string | null;
  readonly protocol: ConnectionProtocol;
  /** ISO 8601, UTC. */
  readonly since: string;
  /** Topics and patterns that it is attached to. */
  readonly subscriptions: number;
  readonly unreadBytes: number;
  /** When something came from the client last: a message, a ping or the answer to one. */
  readonly lastHeard: string;
}

/** Which connections are meant; all that is given must hold. */
export interface ConnectionFilter {
  readonly user?: string | undefined;
  /** Attached to this very object, or by a pattern that covers it. */
  readonly topic?: Topic | undefined;
}

/** Gateways that did not answer in time: what they would have said is missing. */
interface Gathered {
  readonly silent: readonly string[];
}

export interface ConnectionPage extends Gathered {
  readonly connections: readonly ConnectionView[];
  /** Pass it as `after`; null: there are no more. */
  readonly next: string | null;
}

export interface ClosedConnections extends Gathered {
  readonly closed: number;
}

export interface TopicView extends Topic {
  readonly subscribers: number;
}

export interface TopicPage extends Gathered {
  /** Most subscribers first. */
  readonly topics: readonly TopicView[];
  /** Topics and patterns with a subscriber; each gateway's are counted. */
  readonly total: number;
}

/** Of one page of connections or topics. */
export const MAX_SEEN_AT_ONCE = 1_000;

/** What a gateway counts; `…Total` since its process began. */
export interface GatewayFigures {
  readonly connections: number;
  readonly subscriptions: number;
  readonly topics: number;
  /** 0 where it was not asked for. */
  readonly unreadBytes: number;
  readonly residentBytes: number;
  /** Connections that it takes at most; null: without an end. */
  readonly room: number | null;
  /** Connections that were put off or dropped because there was no room. */
  readonly refusedTotal: number;
  readonly openedTotal: number;
  /** Events that had a subscriber here. */
  readonly eventsTotal: number;
  /** Events times their subscribers. */
  readonly deliveredTotal: number;
  /** By close code; `client`: it went by itself; `silent`: it answered no ping. */
  readonly closedTotal: Readonly<Record<string, number>>;
  /** Who may see what, as far as it had to be asked; a gateway of a former release does not say. */
  readonly access?: {
    readonly hookAsked: number;
    readonly hookHeld: number;
    readonly hookFailed: number;
    readonly coreAway: number;
  };
}

/** A gateway as `status` and the metrics see it. */
export interface GatewayView {
  readonly name: string;
  readonly pid: number | null;
  /** Null: it did not answer in time. */
  readonly figures: GatewayFigures | null;
  /** Rows of the log that were not handed to it yet. */
  readonly lag: number;
  /** From the question to the answer; null without one. */
  readonly answerMs: number | null;
}

export interface GatewayQuestions {
  readonly connections: {
    readonly ask: ConnectionFilter & { readonly after: number; readonly limit: number };
    readonly answer: { readonly connections: readonly ConnectionView[]; readonly more: boolean };
  };
  readonly close: {
    /** One of `id` and `user`. `comeBack`: the client is asked to. */
    readonly ask: {
      readonly id?: string | undefined;
      readonly user?: string | undefined;
      readonly comeBack: boolean;
    };
    readonly answer: { readonly closed: number };
  };
  readonly topics: {
    readonly ask: { readonly type?: string | undefined; readonly limit: number };
    readonly answer: { readonly topics: readonly TopicView[]; readonly total: number };
  };
  /** Answered only by one that stays; the end of the stream says that it goes. */
  readonly replace: {
    readonly ask: Replacement;
    readonly answer: { readonly problem: string };
  };
  readonly figures: {
    /** `unread`: with the unread bytes, for which it looks at each connection. */
    readonly ask: { readonly unread: boolean };
    readonly answer: GatewayFigures;
  };
}

/** A gateway that was replaced. */
export interface ReplacedGateway {
  readonly gateway: string;
  readonly pid: number | null;
  /** The one in its place. */
  readonly successor: { readonly gateway: string; readonly pid: number | null };
}

export type QuestionKind = keyof GatewayQuestions;

/** A user came to a topic, or left it. */
export interface PresenceChange extends Topic {
  readonly user: string;
  readonly here: boolean;
}

/** Who is at a topic, as the core knows it. */
export interface PresenceState extends Topic {
  readonly users: readonly string[];
  /** False while gateways may still have to say who is there: a user that is missing need not be away. */
  readonly isWhole: boolean;
}

/** Core → gateway. */
export type ToGateway =
  | {
      readonly action: 'ask';
      readonly ask: number;
      readonly kind: QuestionKind;
      readonly question: GatewayQuestions[QuestionKind]['ask'];
    }
  | { readonly action: 'presence'; readonly states: readonly PresenceState[] }
  | { readonly action: 'moved'; readonly changes: readonly PresenceChange[] };

/** Gateway → core. The first `present` messages of a connection name all who are there. */
export type FromGateway =
  | {
      readonly action: 'answer';
      readonly ask: number;
      readonly answer: GatewayQuestions[QuestionKind]['answer'];
    }
  | { readonly action: 'present'; readonly changes: readonly PresenceChange[] }
  /** Answered with the state, and with every change of it until `unwatch`. */
  | { readonly action: 'watch' | 'unwatch'; readonly topics: readonly Topic[] };

/** Of one `present`, `moved`, `watch` or `unwatch`. */
export const MAX_PRESENCE_CHANGES = 1_000;
