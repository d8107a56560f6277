import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Gap, StatusFacts } from '../../src/events-client/events.ts';
import { type ConnectOptions, connect, type EventsClient } from '../../src/events-client/events.ts';
import { tokenFor } from '../gateway/gateway-fixture.ts';
import { ScriptedGateway } from './scripted-gateway.ts';

const POLL = { timeout: 20_000, interval: 5 };

let gateway: ScriptedGateway;
const clients: EventsClient[] = [];
beforeEach(async () => {
  gateway = new ScriptedGateway();
  await gateway.start();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await gateway.stop();
});

function open(options: Partial<ConnectOptions> = {}): EventsClient {
  const fast = { minDelayMs: 1, maxDelayMs: 20 };
  const client = connect({ url: gateway.url, token: 'secret', WebSocket, ...fast, ...options });
  clients.push(client);
  return client;
}

function statusesOf(client: EventsClient): StatusFacts[] {
  const facts: StatusFacts[] = [];
  client.onStatus((one) => facts.push(one));
  return facts;
}

/** Attaches and waits until it counts. */
async function follow(client: EventsClient, type: string, id: string, more: object = {}) {
  const seqs: (string | undefined)[] = [];
  const gaps: Gap[] = [];
  const options = { type, id, onGap: (gap: Gap) => void gaps.push(gap), ...more };
  const subscription = client.attach(options, ({ seq }) => void seqs.push(seq));
  await subscription.attached;
  return { subscription, seqs, gaps };
}

describe('attaching', () => {
  it('shows the token once, speaks v2, and hands on what is published', async () => {
    const client = open();
    const { seqs } = await follow(client, 'issueUpdate', 'a');
    gateway.publish('issueUpdate', 'a', 1);
    gateway.publish('issueUpdate', 'b', 2);
    gateway.publish('issueUpdate', 'a', 3);
    await expect.poll(() => seqs, POLL).toEqual(['1', '3']);
    expect(gateway.protocols).toEqual(['taskbell.events.v2']);
    expect(gateway.tokens).toEqual(['secret']);
    expect(client.status).toBe('open');
  });

  it('asks in one request for all that was attached in one turn', async () => {
    const client = open();
    const ids = ['a', 'b', 'c'];
    await Promise.all(ids.map((id) => client.attach({ type: 'job', id }, () => {}).attached));
    expect(gateway.topicsOf('attach')).toEqual([['job/a', 'job/b', 'job/c']]);
  });

  it('takes patterns, and each subscription hears what it covers once', async () => {
    const client = open();
    const all = await follow(client, 'job', '*');
    const some = await follow(client, 'job', 'p.*');
    const one = await follow(client, 'job', 'p.1');
    gateway.publish('job', 'p.1');
    gateway.publish('job', 'p.2');
    gateway.publish('job', 'q');
    await expect.poll(() => all.seqs.length, POLL).toBeGreaterThanOrEqual(3);
    expect([all.seqs, some.seqs, one.seqs]).toEqual([['1', '2', '3'], ['1', '2'], ['1']]);
  });

  it('begins after a position, or with the newest event', async () => {
    for (let count = 0; count < 4; count += 1) gateway.publish('job', 'a');
    const client = open();
    const old = await follow(client, 'job', 'a', { since: '1' });
    const last = await follow(client, 'job', 'a', { last: 1 });
    await expect.poll(() => [old.seqs, last.seqs], POLL).toEqual([['2', '3', '4'], ['4']]);
  });

  it('hands on events that are only live', async () => {
    const { seqs } = await follow(open(), 'job', 'a', { since: '0' });
    gateway.push({ type: 'job', id: 'a', data: [] } as never);
    await expect.poll(() => seqs, POLL).toEqual([undefined]);
  });

  it('detaches when the last subscription of a topic has gone, and not before', async () => {
    const client = open();
    const one = await follow(client, 'job', 'a');
    const other = await follow(client, 'job', 'a');
    one.subscription.detach();
    gateway.publish('job', 'a');
    await expect.poll(() => other.seqs, POLL).toEqual(['1']);
    expect(one.seqs).toEqual([]);
    expect(gateway.topicsOf('detach')).toEqual([]);
    other.subscription.detach();
    await expect.poll(() => gateway.topicsOf('detach'), POLL).toEqual([['job/a']]);
  });

  it('ends only the subscription that is refused, where the refusal names it and where it does not', async () => {
    gateway.refuse = ({ events = [] }) => {
      const event = events.find(({ id }) => id === 'secret');
      if (event !== undefined) return { message: 'Not access for dataset', code: 4, event };
      const isBad = events.some(({ type }) => type === 'nosuch');
      return isBad ? { message: 'Invalid request', code: 5, detail: 'events[1]' } : undefined;
    };
    const client = open();
    const topics = [
      ['job', 'a'],
      ['job', 'secret'],
      ['nosuch', 'x'],
      ['job', 'b'],
    ] as const;
    const outcomes = await Promise.allSettled(
      topics.map(([type, id]) => client.attach({ type, id }, () => {}).attached),
    );
    const codes = outcomes.map((one) => (one.status === 'fulfilled' ? 'Ok' : one.reason.code));
    expect(codes).toEqual(['Ok', 'E_UNAUTHORIZED', 'E_INVALID_REQUEST', 'Ok']);
  });

  it('ends a subscription when the gateway takes the right away', async () => {
    const { subscription } = await follow(open(), 'job', 'a');
    const loop = subscription[Symbol.asyncIterator]().next();
    const event = { type: 'job', id: 'a' };
    gateway.say({ action: 'detach', event, code: 4, message: 'Not access for dataset' });
    await expect(loop).rejects.toMatchObject({ code: 'E_UNAUTHORIZED' });
  });

  it('hears the notifications of whoever the token is of', async () => {
    const seqs: (string | undefined)[] = [];
    const subscription = open().attach({ type: 'notification' }, ({ seq }) => void seqs.push(seq));
    await subscription.attached;
    gateway.publish('notification', 'me');
    await expect.poll(() => seqs, POLL).toEqual(['1']);
    expect(subscription.topic).toEqual({ type: 'notification' });
  });

  it('refuses what can never work at once', () => {
    expect(() => open({ url: 'nowhere' })).toThrow(/Invalid URL/);
    expect(() => open().attach({ type: 7 as never, id: 'a' })).toThrow(/expected \{type, id\}/);
  });
});

describe('loops over events', () => {
  it('get what came before they began, and detach when they end', async () => {
    const client = open();
    const subscription = client.attach({ type: 'job', id: 'a' });
    await subscription.attached;
    gateway.publish('job', 'a', 'one');
    gateway.publish('job', 'a', 'two');
    const seen: unknown[] = [];
    for await (const { data } of subscription) {
      seen.push(...data);
      if (seen.length === 2) break;
    }
    expect(seen).toEqual(['one', 'two']);
    await expect.poll(() => gateway.topicsOf('detach'), POLL).toEqual([['job/a']]);
  });

  it('end with the client', async () => {
    const client = open();
    const subscription = client.attach({ type: 'job', id: 'a' });
    const next = subscription[Symbol.asyncIterator]().next();
    client.close();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});

describe('a lost connection', () => {
  it('is made anew, and everything goes on from where it stood', async () => {
    const client = open();
    const facts = statusesOf(client);
    const { seqs, subscription } = await follow(client, 'job', '*');
    gateway.publish('job', 'a');
    await expect.poll(() => seqs, POLL).toEqual(['1']);
    gateway.drop();
    gateway.publish('job', 'b');
    await expect.poll(() => seqs, POLL).toEqual(['1', '2']);
    expect(gateway.heard.findLast((one) => one.action === 'attach')).toMatchObject({
      since: '1',
      epoch: 'k3f9',
    });
    const statuses = ['connecting', 'open', 'waiting', 'connecting', 'open'];
    expect(facts.map(({ status }) => status)).toEqual(statuses);
    expect(subscription.position).toEqual({ seq: '2', epoch: 'k3f9' });
  });

  it('loses and repeats nothing however often it happens, for patterns and objects alike', async () => {
    const client = open();
    const all = await follow(client, 'job', '*');
    const own = await follow(client, 'job', '3');
    for (let number = 0; number < 400; number += 1) {
      gateway.publish('job', String(number % 7));
      if (number % 13 === 0) gateway.drop();
      if (number % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const every = Array.from({ length: 400 }, (_, index) => String(index + 1));
    await expect.poll(() => all.seqs.length, POLL).toBeGreaterThanOrEqual(400);
    expect(all.seqs).toEqual(every);
    await expect
      .poll(() => own.seqs.at(-1), POLL)
      .toBe(every.findLast((seq) => Number(seq) % 7 === 4));
    expect(own.seqs).toEqual(every.filter((seq) => Number(seq) % 7 === 4));
  });

  it('is told by silence, which a sign of life ends', async () => {
    const client = open({ silenceMs: 40 });
    await follow(client, 'job', 'a');
    await expect.poll(() => gateway.heard.some((one) => one.action === 'ping'), POLL).toBe(true);
    gateway.isSilent = true;
    const facts = statusesOf(client);
    const isGone = (): boolean => facts.some(({ status }) => status === 'waiting');
    await expect.poll(isGone, POLL).toBe(true);
    gateway.isSilent = false;
    await expect.poll(() => client.status, POLL).toBe('open');
  });

  it('goes on from the position of a heartbeat where nothing else came', async () => {
    const client = open();
    const { subscription } = await follow(client, 'job', 'a');
    for (let count = 0; count < 5; count += 1) gateway.publish('job', 'b');
    gateway.say({ action: 'sync', seq: '5' });
    await expect.poll(() => subscription.position?.seq, POLL).toBe('5');
  });

  it('waits as long as the gateway asked for', async () => {
    const client = open();
    const facts = statusesOf(client);
    await follow(client, 'job', 'a');
    gateway.say({ action: 'drain', retry: 12_000 });
    gateway.close(1012);
    await expect.poll(() => client.status, POLL).toBe('waiting');
    expect(facts.at(-1)?.delayMs).toBeGreaterThanOrEqual(12_000);
  });

  it('is final where coming back cannot help', async () => {
    const client = open();
    const facts = statusesOf(client);
    const { subscription } = await follow(client, 'job', 'a');
    const loop = subscription[Symbol.asyncIterator]().next();
    gateway.close(4403, 'revoked');
    await expect(loop).rejects.toMatchObject({ code: 'E_UNAUTHORIZED' });
    expect(facts.at(-1)).toMatchObject({ status: 'closed', error: { code: 'E_UNAUTHORIZED' } });
  });
});

describe('a gap', () => {
  it('is told when the position is too old, and what there is follows', async () => {
    for (let count = 0; count < 5; count += 1) gateway.publish('job', 'a');
    gateway.oldest = 4;
    const { seqs, gaps } = await follow(open(), 'job', 'a', { since: '1', epoch: 'k3f9' });
    await expect.poll(() => seqs, POLL).toEqual(['4', '5']);
    expect(gaps).toEqual([{ since: '1', seq: '4', epoch: 'k3f9' }]);
  });

  it('is told only to those whose position is too old', async () => {
    for (let count = 0; count < 6; count += 1) gateway.publish('job', count % 2 === 0 ? 'a' : 'b');
    gateway.oldest = 4;
    const client = open();
    const [old, recent] = await Promise.all([
      follow(client, 'job', 'a', { since: '1' }),
      follow(client, 'job', 'b', { since: '4' }),
    ]);
    await expect.poll(() => [old.seqs, recent.seqs], POLL).toEqual([['5'], ['6']]);
    expect([old.gaps.length, recent.gaps.length]).toEqual([1, 0]);
  });

  it('is told when the log is another one, and ends loops that nobody told of gaps', async () => {
    const client = open();
    const { seqs, gaps } = await follow(client, 'job', 'a');
    const deaf = client.attach({ type: 'job', id: 'a' });
    await deaf.attached;
    gateway.publish('job', 'a');
    await expect.poll(() => seqs, POLL).toEqual(['1']);
    gateway.replaceLog();
    gateway.publish('job', 'a', 'new');
    gateway.drop();
    await expect.poll(() => seqs, POLL).toEqual(['1', '1']);
    expect(gaps).toMatchObject([{ since: '1', epoch: 'k3f9x' }]);
    const loop = deaf[Symbol.asyncIterator]();
    expect(await loop.next()).toMatchObject({ value: { seq: '1' } });
    await expect(loop.next()).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  });

  it('that `prev` gives away is mended from the log', async () => {
    const { seqs, gaps } = await follow(open(), 'job', 'a', { since: '0' });
    gateway.lost.add('2');
    gateway.publish('job', 'a');
    gateway.publish('job', 'a');
    gateway.lost.clear();
    gateway.publish('job', 'a');
    await expect.poll(() => seqs, POLL).toEqual(['1', '2', '3']);
    expect(gaps).toEqual([]);
  });

  it('that cannot be mended is told once, and the events after it come', async () => {
    const { seqs, gaps } = await follow(open(), 'job', 'a', { since: '0' });
    gateway.lost.add('2');
    for (let count = 0; count < 4; count += 1) gateway.publish('job', 'a');
    await expect.poll(() => seqs, POLL).toEqual(['1', '3', '4']);
    expect(gaps).toMatchObject([{ since: '1', seq: '3' }]);
  });
});

describe('tokens', () => {
  it('are renewed before they end, on the connection that there is', async () => {
    let count = 0;
    const token = async (): Promise<string> => {
      count += 1;
      const seconds = Math.floor(Date.now() / 1_000);
      return tokenFor('u', { exp: seconds + (count === 1 ? 2 : 600), jti: String(count) });
    };
    await follow(open({ token }), 'job', 'a');
    await expect.poll(() => gateway.tokens.length, POLL).toBe(2);
    expect(gateway.tokens[0]).not.toBe(gateway.tokens[1]);
    expect(gateway.protocols.length).toBe(1);
  });

  it('are fetched anew for each connection, and after 4401', async () => {
    let count = 0;
    const { seqs } = await follow(open({ token: () => `t${++count}` }), 'job', 'a');
    gateway.close(4401, 'token expired');
    gateway.publish('job', 'a');
    await expect.poll(() => seqs, POLL).toEqual(['1']);
    expect(gateway.tokens).toEqual(['t1', 't2']);
  });

  it('are asked for again while they cannot be had, or are refused', async () => {
    let count = 0;
    gateway.refuse = ({ auth }) => {
      return auth === 't2' ? { message: 'Invalid token', code: 2 } : undefined;
    };
    const token = async (): Promise<string> => {
      count += 1;
      if (count === 1) throw new Error('the issuer is away');
      return `t${count}`;
    };
    await follow(open({ token }), 'job', 'a');
    expect(gateway.tokens).toEqual(['t2', 't3']);
  });

  it('that are fixed and refused end the client', async () => {
    gateway.refuse = () => ({ message: 'Invalid token', code: 2 });
    const client = open();
    const attached = client.attach({ type: 'job', id: 'a' }).attached;
    await expect(attached).rejects.toMatchObject({ code: 'E_TOKEN_INVALID' });
    expect(client.status).toBe('closed');
    expect(() => client.attach({ type: 'job', id: 'b' })).not.toThrow();
  });
});

describe('waiting for a job', () => {
  const ended = { state: 'succeeded', type: 't', queue: 'q', attempt: 1, duration: 5 };

  it('resolves with an end that comes, and with one that lies behind', async () => {
    const client = open();
    gateway.publish('job', '2', ended);
    const first = client.waitForJob('1');
    expect(await client.waitForJob('2')).toEqual(ended);
    gateway.publish('job', '1', { ...ended, state: 'running' });
    gateway.publish('job', '1', { ...ended, state: 'failed', error: 'no' });
    expect(await first).toMatchObject({ state: 'failed', error: 'no' });
    await expect
      .poll(() => gateway.topicsOf('detach').flat().sort(), POLL)
      .toEqual(['job/1', 'job/2']);
  });

  it('finds an end that fell into a gap', async () => {
    const client = open();
    gateway.publish('job', '1', { ...ended, state: 'running' });
    const end = client.waitForJob('1');
    await expect.poll(() => gateway.topicsOf('attach').length, POLL).toBe(1);
    gateway.replaceLog();
    gateway.publish('job', '1', { ...ended, state: 'cancelled' });
    gateway.drop();
    expect(await end).toMatchObject({ state: 'cancelled' });
  });

  it('rejects when it is given up, and when the client is closed', async () => {
    const client = open();
    const controller = new AbortController();
    const given = client.waitForJob('1', { signal: controller.signal });
    const left = client.waitForJob('2');
    controller.abort(new Error('enough'));
    await expect(given).rejects.toThrow('enough');
    client.close();
    await expect(left).rejects.toMatchObject({ code: 'E_UNAVAILABLE' });
  });
});

describe('a runtime without a WebSocket', () => {
  it('is told what to pass', () => {
    const { WebSocket: _, ...rest } = { WebSocket, url: gateway.url, token: 't' };
    if ('WebSocket' in globalThis) return;
    expect(() => connect(rest)).toThrow(expect.objectContaining({ code: 'E_RUNTIME' }));
  });
});
