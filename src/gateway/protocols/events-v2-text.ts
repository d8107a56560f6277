/**
 * Events v2, what a client hears: replies, pushes, heartbeats, the word before a restart.
 *
 * Pure. A push and a heartbeat have no key of one connection, so that they are the same bytes for all.
 */
import type { PublishedEvent, Topic } from '../../protocol/events.ts';
import { REPLIES, type ReplyCode } from './events-v1.ts';
import type { Rid } from './events-v2.ts';

export interface ReplyFacts {
  readonly rid?: Rid | undefined;
  /** With code 0 of an attach. */
  readonly seq?: string | undefined;
  readonly epoch?: string | undefined;
  readonly recovered?: boolean | undefined;
  /** Of several, which one the code is about. */
  readonly event?: Topic | undefined;
  /** With code 5: what is wrong, in words. */
  readonly detail?: string | undefined;
  /** With code 0 of a presence request. */
  readonly presence?: readonly PresentUsers[] | undefined;
}

/** Who is at a topic: so many, and the first of them by name. */
export interface PresentUsers extends Topic {
  readonly users: readonly string[];
  readonly count: number;
}

/** As in v1, with further keys behind. */
export function renderReplyV2(code: ReplyCode, facts: ReplyFacts): string {
  const { rid, seq, epoch, recovered, event, detail, presence } = facts;
  // What is undefined is left out by JSON.stringify.
  const more = JSON.stringify({ rid, seq, epoch, recovered, event, detail, presence });
  return more === '{}' ? REPLIES[code] : `${REPLIES[code].slice(0, -1)},${more.slice(1)}`;
}

/** One event as every subscriber of v2 gets it. One that is only live has neither `seq` nor `prev`. */
export function renderPushV2({ type, id, data, seq, prev, at }: PublishedEvent): string {
  return JSON.stringify({ type, id, data, seq, prev, at });
}

/** Users who came to a topic and users who left it. */
export function renderPresence(
  { type, id }: Topic,
  join: readonly string[],
  leave: readonly string[],
): string {
  return JSON.stringify({ action: 'presence', event: { type, id }, join, leave });
}

export function renderSync(seq: string): string {
  return JSON.stringify({ action: 'sync', seq });
}

/** No reply: it has no `status`. What was attached is detached, because the user may not see it any more. */
export function renderWithdrawn({ type, id }: Topic): string {
  const event = { type, id };
  return JSON.stringify({ action: 'detach', event, code: 4, message: 'Not access for dataset' });
}

export function renderDrain(retryMs: number): string {
  return JSON.stringify({ action: 'drain', retry: retryMs });
}
