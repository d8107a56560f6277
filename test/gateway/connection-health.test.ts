import { expect, it } from 'vitest';
import { type ConnectionFacts, dueNow } from '../../src/gateway/connection-health.ts';

const LIMITS = {
  authenticationTimeout: 10_000,
  pingInterval: 25_000,
  maxUnread: 1_000,
  maxUnreadTime: 10_000,
  expiryGrace: 60_000,
} as const;

const FACTS: ConnectionFacts = {
  openedAtMono: 0,
  token: { expiresAt: 1_000_000, onExpiry: 'close' },
  pingedAtMono: 0,
  heardSincePing: true,
  unreadBytes: 0,
  allReadAtMono: 0,
};

function due(facts: Partial<ConnectionFacts>, nowMono: number, now = 0) {
  const decision = dueNow({ ...FACTS, ...facts }, LIMITS, { now, nowMono });
  return decision.kind === 'close' ? decision.closing.code : decision.kind;
}

it('pings after each interval and gives up a peer that did not answer the last ping', () => {
  expect(due({}, 24_999)).toBe('nothing');
  expect(due({ heardSincePing: false }, 25_000)).toBe('ping');
  expect(due({ pingedAtMono: 25_000 }, 50_000)).toBe('ping');
  expect(due({ pingedAtMono: 25_000, heardSincePing: false }, 49_999)).toBe('nothing');
  expect(due({ pingedAtMono: 25_000, heardSincePing: false }, 50_000)).toBe('terminate');
});

it('closes with 4401 when no valid token came in time', () => {
  expect(due({ token: undefined }, 9_999)).toBe('nothing');
  expect(due({ token: undefined }, 10_000)).toBe(4401);
});

it('closes with 4401 when the token ended and the grace is over, unless its issuer says keep', () => {
  expect(due({}, 1, 1_059_999)).toBe('nothing');
  expect(due({}, 1, 1_060_000)).toBe(4401);
  const token = { expiresAt: 1_000_000, onExpiry: 'keep' } as const;
  expect(due({ token }, 1, 1_060_000)).toBe('nothing');
});

it('closes with 4408 after too much or too long unread data', () => {
  expect(due({ unreadBytes: 1_000 }, 9_999)).toBe('nothing');
  expect(due({ unreadBytes: 1_001 }, 9_999)).toBe(4408);
  expect(due({ unreadBytes: 1 }, 10_000)).toBe(4408);
  expect(due({ unreadBytes: 1, allReadAtMono: 1 }, 10_000)).toBe('nothing');
});
