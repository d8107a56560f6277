/** What is said on one connection, message by message. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Incoming, Session } from '../../src/events-client/session.ts';
import { type AttachOptions, TopicSubscription } from '../../src/events-client/subscription.ts';

interface Sent {
  readonly action: string;
  readonly rid: number;
  readonly since?: string;
  readonly events?: readonly { readonly id: string }[];
}

let sent: Sent[];
let refused: number[];
let isReady: boolean;
let subscriptions: Set<TopicSubscription>;
let session: Session;
beforeEach(() => {
  sent = [];
  refused = [];
  isReady = false;
  subscriptions = new Set();
  session = new Session(
    {
      subscriptions,
      send: (message) => void sent.push(message as Sent),
      onReady: () => {
        isReady = true;
      },
      onRefused: (code) => void refused.push(code),
      onDrain: () => {},
    },
    'token',
  );
  session.wake();
});

function add(id: string, options: Partial<AttachOptions> = {}) {
  const seqs: (string | undefined)[] = [];
  const subscription = new TopicSubscription(
    { type: 'job', id, ...options },
    (one) => {
      subscriptions.delete(one);
      session.detach(one.topic);
    },
    ({ seq }) => void seqs.push(seq),
  );
  subscriptions.add(subscription);
  session.wake();
  return { subscription, seqs };
}

/** The reply to what was sent last. */
function answer(more: object = {}): void {
  session.hear({ code: 0, message: 'Ok', rid: sent.at(-1)?.rid, ...more } as Incoming);
}

function push(id: string, seq: string, prev: string | null = null): void {
  session.hear({ type: 'job', id, data: [], seq, prev, at: '' } as Incoming);
}

afterEach(() => session.end());

const actions = (): string[] => sent.map(({ action }) => action);

describe('one connection', () => {
  it('shows the token before anything else, and is ready when that was accepted', () => {
    add('1');
    expect(sent).toEqual([{ action: 'auth', auth: 'token', rid: 1 }]);
    expect(isReady).toBe(false);
    answer();
    expect(isReady).toBe(true);
    expect(actions()).toEqual(['auth', 'attach']);
  });

  it('has one request under way, and gathers what comes meanwhile', () => {
    answer();
    add('1');
    add('2');
    add('3');
    expect(actions()).toEqual(['auth', 'attach']);
    answer({ seq: '5', epoch: 'e' });
    expect(actions()).toEqual(['auth', 'attach', 'attach']);
    expect(sent.at(-1)?.events?.map(({ id }) => id)).toEqual(['2', '3']);
  });

  it('says that a token was refused, whatever request it was', () => {
    answer();
    add('1');
    answer({ code: 2 });
    expect(refused).toEqual([2]);
  });

  it('shows a newer token when it has one', () => {
    answer();
    session.renew('newer');
    expect(sent.at(-1)).toEqual({ action: 'auth', auth: 'newer', rid: 2 });
  });

  it('asks no faster than a gateway lets it, and for all the more at once', async () => {
    const all = [];
    for (let number = 0; number < 500; number += 1) {
      all.push(add(String(number)).subscription);
      answer({ seq: '5', epoch: 'e' });
    }
    const first = sent.length;
    // One for each 60 ms that the loop took, above the burst.
    expect(first).toBeLessThan(400);
    expect(first).toBeGreaterThanOrEqual(80);
    await expect.poll(() => sent.length > first, { timeout: 20_000, interval: 5 }).toBe(true);
    expect(sent.at(-1)?.events).toHaveLength(100);
    session.end();
  });

  it('asks for the end of a history before it asks for anything else', () => {
    answer();
    add('1', { since: '0' });
    add('2');
    answer({ seq: '0', epoch: 'e', recovered: true });
    expect(actions()).toEqual(['auth', 'attach', 'ping']);
    answer();
    expect(actions()).toEqual(['auth', 'attach', 'ping', 'attach']);
  });
});

describe('a history that is sent while other events come', () => {
  it('costs a pattern that covers it nothing, and leaves its position behind what is missing', () => {
    answer();
    const all = add('*');
    answer({ seq: '50', epoch: 'e' });
    const one = add('1', { since: '0', epoch: 'e' });
    answer({ seq: '0', epoch: 'e', recovered: true });
    push('1', '40');
    push('2', '60');
    expect(all.subscription.position?.seq).toBe('50');
    push('1', '55', '40');
    expect([all.seqs, one.seqs]).toEqual([
      ['60', '55'],
      ['40', '55'],
    ]);
    answer();
    push('1', '61', '55');
    expect(all.subscription.position?.seq).toBe('61');
    expect([all.seqs, one.seqs]).toEqual([
      ['60', '55', '61'],
      ['40', '55', '61'],
    ]);
  });

  it('may be ahead of what is live, which is heard all the same', () => {
    answer();
    const all = add('*');
    answer({ seq: '50', epoch: 'e' });
    add('1', { since: '0', epoch: 'e' });
    answer({ seq: '0', epoch: 'e', recovered: true });
    push('1', '100');
    answer();
    push('2', '60');
    push('2', '61', '60');
    expect(all.seqs).toEqual(['100', '60', '61']);
    expect(all.subscription.position?.seq).toBe('61');
  });

  it('is not taken for complete because of a heartbeat', () => {
    answer();
    const { subscription, seqs } = add('1', { since: '0', epoch: 'e' });
    answer({ seq: '0', epoch: 'e', recovered: true });
    session.hear({ action: 'sync', seq: '90' });
    push('1', '40');
    expect([subscription.position?.seq, seqs]).toEqual(['40', ['40']]);
    answer();
    session.hear({ action: 'sync', seq: '90' });
    expect(subscription.position?.seq).toBe('90');
  });
});
