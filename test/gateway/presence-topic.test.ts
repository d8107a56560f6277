/** What one gateway knows of a topic, and what it tells its watchers. */
import { expect, test } from 'vitest';
import { PresenceTopic } from '../../src/gateway/presence-topic.ts';

function topic(here: readonly string[] = []) {
  return new PresenceTopic((user) => here.includes(user));
}

test('is unknown until the core has said who is there', () => {
  const room = topic();
  expect(room.isKnown).toBe(false);
  room.take({ users: [], isWhole: false });
  expect(room.isKnown).toBe(true);
});

test('tells each change once', () => {
  const room = topic();
  room.take({ users: ['ada'], isWhole: true });
  expect(room.takeNews()).toEqual({ join: ['ada'], leave: [] });
  room.move('ada', true);
  room.move('bob', true);
  room.move('ada', false);
  expect(room.takeNews()).toEqual({ join: ['bob'], leave: ['ada'] });
  expect(room.hasNews).toBe(false);
  expect(room.users(10)).toEqual(['bob']);
});

test('does not tell of who came and went, or went and came, between two looks', () => {
  const room = topic();
  room.take({ users: ['ada'], isWhole: true });
  room.takeNews();
  room.move('bob', true);
  room.move('bob', false);
  room.move('ada', false);
  room.move('ada', true);
  expect(room.hasNews).toBe(false);
});

test('a state that is not whole makes nobody leave, a whole one does', () => {
  const room = topic();
  room.take({ users: ['ada', 'bob'], isWhole: true });
  room.takeNews();
  room.take({ users: ['eve'], isWhole: false });
  expect(room.takeNews()).toEqual({ join: ['eve'], leave: [] });
  room.take({ users: ['ada'], isWhole: true });
  expect(room.takeNews()).toEqual({ join: [], leave: ['bob', 'eve'] });
});

test('who is attached here does not leave because the core has not heard of it yet', () => {
  const room = topic(['ada']);
  room.move('ada', true);
  room.move('ada', false);
  room.take({ users: [], isWhole: true });
  expect(room.users(10)).toEqual(['ada']);
});

test('names some and counts all', () => {
  const room = topic();
  const users = Array.from({ length: 50 }, (_, n) => `u${String(n).padStart(2, '0')}`);
  room.take({ users, isWhole: true });
  expect(room.users(3)).toHaveLength(3);
  expect(room.count).toBe(50);
});
