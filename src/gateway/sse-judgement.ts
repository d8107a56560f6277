/** Judges a request for server-sent events as an attach of v2 is judged: form, token set, token valid, user, access. */
import type { IncomingMessage } from 'node:http';
import type { Topic } from '../protocol/events.ts';
import type { ConnectionLink, ConnectionWorld } from './connection-world.ts';
import { type Start, topicsFor } from './protocols/events-v2.ts';
import { parseStreamRequest } from './protocols/sse.ts';
import type { Objection } from './sse-answer.ts';

export interface Judged {
  readonly topics: readonly Topic[];
  readonly start: Start;
}

/** Questions about access that are under way at once. */
const QUESTIONS_AT_ONCE = 32;

type JudgeLink = Pick<ConnectionLink, 'identity' | 'signal'>;
type JudgeWorld = Pick<ConnectionWorld, 'access' | 'eventTypes' | 'limits'>;

/** Rejects only when the connection ends. */
export async function judgeStreamRequest(
  { url = '', headers }: IncomingMessage,
  { identity, signal }: JudgeLink,
  { access, eventTypes, limits }: JudgeWorld,
): Promise<Judged | Objection> {
  const rules = { eventTypes, maxTopics: limits.maxSubscriptions };
  const asked = parseStreamRequest(url, headers, rules);
  if ('problem' in asked) return { code: 5, detail: asked.problem };
  if (asked.token === '') return { code: 1 };
  const user = await identity.show(asked.token, signal);
  if (user === undefined) return { code: 2 };
  const topics = topicsFor(asked.topics, user);
  for (let at = 0; at < topics.length; at += QUESTIONS_AT_ONCE) {
    const some = topics.slice(at, at + QUESTIONS_AT_ONCE);
    const codes = await Promise.all(
      some.map(({ type, id }) => access.check({ user, type, id }, signal)),
    );
    const index = codes.findIndex((code) => code !== 0);
    const code = codes[index] ?? 0;
    if (code !== 0) return { code, event: some[index] };
  }
  return { topics, start: asked.start };
}
