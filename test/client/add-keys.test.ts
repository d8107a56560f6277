import { expect, test } from 'vitest';
import { AddKeys } from '../../src/client/add-keys.ts';

test('keys have the form of a UUID, and none comes twice', () => {
  const clients = Array.from({ length: 50 }, () => new AddKeys());
  const keys = clients.flatMap((one) => Array.from({ length: 100 }, () => one.next()));
  const form = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  for (const key of keys) expect(key).toMatch(form);
  expect(new Set(keys).size).toBe(5_000);
});

test('the keys of one client rise', () => {
  const client = new AddKeys();
  const keys = Array.from({ length: 1_000 }, () => client.next());
  expect(keys.toSorted()).toEqual(keys);
});
