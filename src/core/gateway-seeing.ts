/**
 * What operators see of clients, and do to them: asked of every gateway that follows now, put together here.
 *
 * Keeps nothing. A gateway that does not answer in time is named instead of waited for.
 */
import type { ConnectionService } from '../api/api-context.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type {
  ClosedConnections,
  ConnectionFilter,
  ConnectionPage,
  ConnectionView,
  GatewayQuestions,
  GatewayView,
  QuestionKind,
  TopicPage,
  TopicView,
} from '../protocol/gateways.ts';
import { MAX_SEEN_AT_ONCE } from '../protocol/gateways.ts';
import type { Answer, GatewayLink } from './gateway-link.ts';
import { compare } from './gateway-links.ts';

export interface GatewaySeeingParts {
  readonly links: () => readonly GatewayLink[];
  /** Position of the log's last row. */
  readonly top: () => string;
  readonly nowMono: () => number;
  /** How long one gateway is waited for; 5 s when omitted. */
  readonly answerTimeoutMs?: number;
}

interface Answered<K extends QuestionKind> {
  readonly link: GatewayLink;
  readonly answer: Answer<K> | undefined;
}

const ANSWER_TIMEOUT_MS = 5_000;

export class GatewaySeeing implements ConnectionService {
  readonly #parts: GatewaySeeingParts;
  readonly #answerTimeoutMs: number;

  constructor(parts: GatewaySeeingParts) {
    this.#parts = parts;
    this.#answerTimeoutMs = parts.answerTimeoutMs ?? ANSWER_TIMEOUT_MS;
  }

  /** Gateway by gateway, so that a page costs each no more than its part of it. */
  async page(
    filter: ConnectionFilter,
    { after, limit }: { readonly after: string | undefined; readonly limit: number },
  ): Promise<ConnectionPage> {
    const from = placeOf(after);
    const silent: string[] = [];
    const connections: ConnectionView[] = [];
    for (const link of this.#parts.links()) {
      if (compare(link.name, from.gateway) < 0) continue;
      // One more than the page shows that there is a next one.
      const wanted = limit + 1 - connections.length;
      if (wanted <= 0) break;
      const passed = link.name === from.gateway ? from.number : 0;
      const question = { ...filter, after: passed, limit: wanted };
      const answer = await link.ask('connections', question, this.#answerTimeoutMs);
      if (answer === undefined) silent.push(link.name);
      else connections.push(...answer.connections);
    }
    const shown = connections.slice(0, limit);
    const next = connections.length > limit ? (shown.at(-1)?.id ?? null) : null;
    return { connections: shown, next, silent };
  }

  async close(id: string, comeBack: boolean): Promise<ClosedConnections> {
    const { gateway } = placeOf(id);
    const links = this.#parts.links().filter(({ name }) => name === gateway);
    const done = toClosed(await this.#askAll('close', { id, comeBack }, links));
    if (done.closed > 0 || done.silent.length > 0) return done;
    throw new TaskbellError('E_NOT_FOUND', `There is no connection ${id}.`, {
      hint: '`taskbell connections list` names them.',
    });
  }

  async closeUser(user: string, comeBack: boolean): Promise<ClosedConnections> {
    return toClosed(await this.#askAll('close', { user, comeBack }));
  }

  async topics(type: string | undefined, limit: number): Promise<TopicPage> {
    // A topic that is large over all is rarely small in each: all are asked for more than is shown.
    const question = { type, limit: MAX_SEEN_AT_ONCE };
    const answered = await this.#askAll('topics', question);
    const answers = answered.flatMap(({ answer }) => (answer === undefined ? [] : [answer]));
    const merged = mergeTopics(answers.flatMap(({ topics }) => topics));
    const total = answers.reduce((sum, answer) => sum + answer.total, 0);
    return { topics: merged.slice(0, limit), total, silent: silentOf(answered) };
  }

  /** @param withinMs how long each is waited for */
  gateways(unread: boolean, withinMs: number): Promise<readonly GatewayView[]> {
    const { links, top, nowMono } = this.#parts;
    const end = Number(top());
    return Promise.all(
      links().map(async (link) => {
        const position = link.position;
        const askedAtMono = nowMono();
        // It comes after all rows that went before it: what is answered late was read late.
        const figures = await link.ask('figures', { unread }, withinMs);
        return {
          ...{ name: link.name, pid: link.pid, figures: figures ?? null },
          lag: position === undefined ? 0 : Math.max(0, end - Number(position)),
          answerMs: figures === undefined ? null : nowMono() - askedAtMono,
        };
      }),
    );
  }

  #askAll<K extends QuestionKind>(
    kind: K,
    question: GatewayQuestions[K]['ask'],
    links = this.#parts.links(),
  ): Promise<readonly Answered<K>[]> {
    return Promise.all(
      links.map(async (link) => {
        return { link, answer: await link.ask(kind, question, this.#answerTimeoutMs) };
      }),
    );
  }
}

function toClosed(answered: readonly Answered<'close'>[]): ClosedConnections {
  const closed = answered.reduce((sum, { answer }) => sum + (answer?.closed ?? 0), 0);
  return { closed, silent: silentOf(answered) };
}

function silentOf<K extends QuestionKind>(answered: readonly Answered<K>[]): readonly string[] {
  return answered.filter(({ answer }) => answer === undefined).map(({ link }) => link.name);
}

/** The same topic on several gateways is one; most subscribers first, then by name. */
export function mergeTopics(topics: readonly TopicView[]): readonly TopicView[] {
  const byKey = new Map<string, TopicView>();
  for (const { type, id, subscribers } of topics) {
    const key = `${type}\n${id}`;
    const sum = subscribers + (byKey.get(key)?.subscribers ?? 0);
    byKey.set(key, { type, id, subscribers: sum });
  }
  return [...byKey.values()].sort(
    (a, b) => b.subscribers - a.subscribers || compare(a.type, b.type) || compare(a.id, b.id),
  );
}

/** Where in the order of all connections an id stands: its gateway, and its number there. */
function placeOf(id: string | undefined): { readonly gateway: string; readonly number: number } {
  if (id === undefined) return { gateway: '', number: 0 };
  const match = /^(?<gateway>[a-z0-9-]{1,32})\.(?<number>[1-9]\d{0,14})$/.exec(id);
  const { gateway, number } = match?.groups ?? {};
  if (gateway !== undefined && number !== undefined) return { gateway, number: Number(number) };
  throw new TaskbellError('E_INVALID_REQUEST', `${id.slice(0, 100)} is no id of a connection.`, {
    hint: '`taskbell connections list` names them.',
  });
}
