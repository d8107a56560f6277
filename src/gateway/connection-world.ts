/** What connections need: of the gateway that they belong to, and, for those who serve requests, of their connection. */
import type { TokenVerifier } from '../auth/token-verifier.ts';
import type { WebSocketEventsSettings } from '../config/settings.ts';
import type { Logger } from '../process/logger.ts';
import type { Topic } from '../protocol/events.ts';
import type { AccessCheck } from './access.ts';
import type { Closing } from './close-codes.ts';
import type { HealthLimits } from './connection-health.ts';
import type { ConnectionIdentity } from './connection-identity.ts';
import type { CursorMoves } from './cursors.ts';
import type { FanOut, Message } from './fan-out.ts';
import type { FollowedTypes } from './followed-types.ts';
import type { HistoryReader } from './history.ts';
import type { HeldEvents } from './history-hold.ts';
import type { Clock, Hub, Subscriber } from './hub.ts';

/** Where the gateway stands in the log: up to here all that is attached to was handed on. */
export interface LogPosition {
  readonly seq: string;
  readonly epoch: string;
}

export interface PresenceRequest {
  readonly topics: readonly Topic[];
  /** True: tell of every change from now on; false: no more; undefined: as it is. */
  readonly watch: boolean | undefined;
  readonly rid: number | string | undefined;
}

/** Who is attached to a topic. Asked and told on a connection of v2 that may see the topic. */
export interface PresencePart {
  /** The reply as text, with everything that belongs into it; to be said in the turn in which it comes. */
  answer(request: PresenceRequest, link: ConnectionLink): Promise<string>;
}

/** What all connections of a gateway share. */
export interface ConnectionWorld {
  readonly limits: WebSocketEventsSettings & HealthLimits;
  readonly eventTypes: ReadonlySet<string>;
  readonly verifier: TokenVerifier;
  readonly access: AccessCheck;
  readonly hub: Hub;
  readonly fanOut: FanOut;
  readonly followed: FollowedTypes;
  readonly history: HistoryReader;
  readonly cursors: CursorMoves;
  /** Called only while connections are let in: by then there is one. */
  readonly position: () => LogPosition;
  /** Left out: nobody is told who is attached. */
  readonly presence?: PresencePart;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A connection, as those see it who serve its requests. */
export interface ConnectionLink {
  readonly subscriber: Subscriber;
  readonly identity: ConnectionIdentity;
  /** Aborted when nothing is served and pushed any more. */
  readonly signal: AbortSignal;
  say(text: string): void;
  /** What others are told too. */
  send(message: Message): void;
  /** Resolves when most of what was said has left, or when the connection ends. */
  drained(): Promise<void>;
  close(closing: Closing): void;
  /** From now on events that these cover go through them. */
  hold(events: HeldEvents): void;
}
