/**
 * What a follower of the log may ask for, and which rows it then wants.
 *
 * Pure: says nothing about positions, and does not know which event types exist.
 */
import * as v from 'valibot';
import type { LiveRow } from '../log/event-log.ts';
import { covers, type Topic } from '../protocol/events.ts';

const TOPICS = v.pipe(v.array(v.object({ type: v.string(), id: v.string() })), v.maxLength(1_000));
const REQUEST = v.variant('action', [
  v.object({
    action: v.literal('attach'),
    // An empty list would be a follower that waits for ever; who means nothing yet leaves it out.
    events: v.optional(v.pipe(TOPICS, v.minLength(1))),
    rid: v.optional(v.number()),
    since: v.optional(v.string()),
    epoch: v.optional(v.string()),
  }),
  v.object({ action: v.literal('reattach'), events: TOPICS, rid: v.optional(v.number()) }),
]);

export type Request = v.InferOutput<typeof REQUEST>;
export type AttachRequest = Extract<Request, { action: 'attach' }>;

/** Undefined for what is not valid. */
export function parseFollowRequest(text: string): Request | undefined {
  try {
    const result = v.safeParse(REQUEST, JSON.parse(text));
    return result.success ? result.output : undefined;
  } catch {
    // Not JSON: answered like any other request that is not valid.
    return undefined;
  }
}

/** The types that are named; undefined for every type. */
export function typesOf(topics: readonly Topic[]): readonly string[] | undefined {
  const types = topics.map(({ type }) => type);
  return types.includes('*') ? undefined : types;
}

/** Which of the rows of one commit are wanted; the very array that was given when all of them are. */
export type RowFilter = <R extends LiveRow>(rows: readonly R[]) => readonly R[];

const NONE: readonly never[] = [];

export function filterFor(topics: readonly Topic[]): RowFilter {
  if (topics.length === 0) return () => NONE;
  if (topics.some(({ type, id }) => type === '*' && id === '*')) return (rows) => rows;
  // Whole types are what gateways follow, and are asked of every row.
  const whole = new Set(topics.filter(({ id }) => id === '*').map(({ type }) => type));
  const others = topics.filter(({ type, id }) => type === '*' || id !== '*');
  return (rows) => {
    const wanted = rows.filter(
      (row) => whole.has(row.type) || others.some((topic) => covers(topic, row)),
    );
    return wanted.length === rows.length ? rows : wanted;
  };
}
