import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { TypeManifest } from '../../../src/protocol/execute.ts';
import { ForeignTypes } from '../../../src/queue/sqlite/foreign-types.ts';
import { openDatabase } from '../../../src/sqlite/database.ts';
import { temporaryDirectory } from '../../sqlite/temporary-directory.ts';

const DAY_MS = 86_400_000;

function type(name: string, settings: TypeManifest['settings'] = {}): TypeManifest {
  return { name, kind: 'module', schema: false, settings };
}

function open(): ForeignTypes {
  const db = openDatabase(path.join(temporaryDirectory(), 'types.db'));
  onTestFinished(() => void db.close());
  return new ForeignTypes(db, async (work) => work());
}

test('a type is kept as it was told last', async () => {
  const types = open();
  await types.remember([type('lisp', { retries: 1 }), type('awk')], 0);
  await types.remember([type('lisp', { retries: 2 })], 1);
  expect(types.all()).toEqual([type('awk'), type('lisp', { retries: 2 })]);
});

test('a type that nobody has offered for a year is forgotten', async () => {
  const types = open();
  await types.remember([type('old'), type('young')], 0);
  await types.remember([type('young')], 300 * DAY_MS);
  await types.remember([type('new')], 365 * DAY_MS);
  expect(types.all().map(({ name }) => name)).toEqual(['new', 'old', 'young']);
  await types.remember([type('new')], 365 * DAY_MS + 1);
  expect(types.all().map(({ name }) => name)).toEqual(['new', 'young']);
});
