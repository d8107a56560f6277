import { expect, it } from 'vitest';
import { nextPresence } from '../../src/events-client/who-is-present.ts';

it('begins with a state, and knows nothing from changes alone', () => {
  expect(nextPresence(undefined, { join: ['ada'] })).toBeUndefined();
  const state = nextPresence(undefined, { users: ['ada', 'bob'], count: 2 });
  expect(state).toEqual({ users: new Set(['ada', 'bob']), count: 2 });
});

it('follows who comes and who goes, each counted once', () => {
  const state = nextPresence(undefined, { users: ['ada', 'bob'], count: 2 });
  const next = nextPresence(state, { join: ['bob', 'eve'], leave: ['ada', 'dan'] });
  expect(next).toEqual({ users: new Set(['bob', 'eve']), count: 2 });
  expect(state?.users.size).toBe(2);
});

it('counts those who are not named by the changes', () => {
  const state = nextPresence(undefined, { users: ['ada'], count: 5_000 });
  expect(nextPresence(state, { join: ['bob', 'eve'], leave: ['dan'] })).toMatchObject({
    count: 5_001,
  });
});
