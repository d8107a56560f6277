/** What is put together of the answers of several gateways, when some do not answer. */
import { describe, expect, test } from 'vitest';
import { GatewayLink } from '../../src/core/gateway-link.ts';
import { GatewaySeeing, mergeTopics } from '../../src/core/gateway-seeing.ts';
import type { ConnectionView, GatewayQuestions } from '../../src/protocol/gateways.ts';

type Ask = GatewayQuestions['connections']['ask'];

/** A gateway with so many connections, of which every third is ada's. */
function gatewayOf(name: string, count: number): GatewayLink {
  const link: GatewayLink = new GatewayLink({ name, pid: null }, (text) => {
    const { ask, question } = JSON.parse(text) as { ask: number; question: Ask };
    const rest = Array.from({ length: count }, (_, n) => n + 1)
      .filter((n) => n > question.after && (question.user === undefined || n % 3 === 0))
      .map((n) => ({ id: `${name}.${n}`, gateway: name }) as ConnectionView);
    const answer = {
      connections: rest.slice(0, question.limit),
      more: rest.length > question.limit,
    };
    setImmediate(() => link.answered({ action: 'answer', ask, answer }));
  });
  return link;
}

function silent(name: string): GatewayLink {
  return new GatewayLink({ name, pid: null }, () => {});
}

function seeing(links: readonly GatewayLink[], answerTimeoutMs = 60_000): GatewaySeeing {
  return new GatewaySeeing({
    ...{ links: () => links, answerTimeoutMs },
    top: () => '0',
    nowMono: () => 0,
  });
}

async function all(over: GatewaySeeing, limit: number, user?: string): Promise<string[]> {
  const ids: string[] = [];
  let after: string | undefined;
  for (;;) {
    const { connections, next } = await over.page({ user }, { after, limit });
    ids.push(...connections.map(({ id }) => id));
    if (next === null) return ids;
    after = next;
  }
}

describe('pages', () => {
  test.each([1, 2, 3, 5, 9, 10, 11, 1_000])('of %d have each connection once', async (limit) => {
    const over = seeing([gatewayOf('a', 4), gatewayOf('b', 0), gatewayOf('c', 6)]);
    const ids = await all(over, limit);
    expect(ids).toHaveLength(10);
    expect(new Set(ids).size).toBe(10);
    expect(await all(over, limit, 'ada')).toEqual(['a.3', 'c.3', 'c.6']);
  });

  test('go on where they were when the gateway of the last one is gone', async () => {
    const over = seeing([gatewayOf('a', 2), gatewayOf('c', 2)]);
    const { connections } = await over.page({}, { after: 'b.17', limit: 10 });
    expect(connections.map(({ id }) => id)).toEqual(['c.1', 'c.2']);
  });
});

describe('a gateway that does not answer', () => {
  test('is named, and the others are heard', async () => {
    const over = seeing([gatewayOf('a', 1), silent('b'), gatewayOf('c', 1)], 20);
    expect(await over.page({}, { after: undefined, limit: 10 })).toMatchObject({
      connections: [{ id: 'a.1' }, { id: 'c.1' }],
      ...{ next: null, silent: ['b'] },
    });
  });

  test('does not make an unknown connection of one that it may have', async () => {
    const over = seeing([silent('b')], 1);
    expect(await over.close('b.1', false)).toEqual({ closed: 0, silent: ['b'] });
    await expect(over.close('a.1', false)).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  });

  test('is not waited for once it is gone', async () => {
    const link = silent('b');
    const asking = seeing([link]).closeUser('ada', false);
    link.close();
    expect(await asking).toEqual({ closed: 0, silent: ['b'] });
    expect(await link.ask('figures', { unread: true }, 60_000)).toBeUndefined();
  });

  test('may answer when nobody waits any more', async () => {
    const link = silent('b');
    expect(await link.ask('figures', { unread: true }, 1)).toBeUndefined();
    expect(() => link.answered({ action: 'answer', ask: 1, answer: { closed: 1 } })).not.toThrow();
  });
});

test('topics of several gateways are added up, by number and then by name', () => {
  const topic = (type: string, id: string, subscribers: number) => ({ type, id, subscribers });
  expect(
    mergeTopics([topic('b', '1', 2), topic('a', '2', 2), topic('a', '1', 2), topic('b', '1', 3)]),
  ).toEqual([topic('b', '1', 5), topic('a', '1', 2), topic('a', '2', 2)]);
});
