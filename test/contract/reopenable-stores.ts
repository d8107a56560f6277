/** The kinds of stores, which can be closed and opened again on what they hold. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openDatabase } from '../../src/sqlite/database.ts';
import { PLAIN_TEXT, type TextCipher } from '../../src/sqlite/text-cipher.ts';
import { assemble, newCipher, openMemoryStores, type Stores } from './stores.ts';

export interface Reopenable {
  /** Of its ids: the memory store calls job 7 `m7`, so that no test can count on numbers. */
  readonly prefix: string;
  current(): Stores;
  reopen(): void;
  close(): void;
}

export interface ReopenableMaker {
  readonly name: string;
  /** Of the time that a test has: what is encrypted differs from the plain one in its texts only. */
  readonly share: number;
  open(): Reopenable;
}

export const BOTH_REOPENABLE: readonly ReopenableMaker[] = [
  { name: 'SQLite', share: 1, open: () => openOnFile(PLAIN_TEXT) },
  { name: 'encrypted SQLite', share: 0.25, open: () => openOnFile(newCipher()) },
  { name: 'memory', share: 1, open: openInMemory },
];

function openOnFile(cipher: TextCipher): Reopenable {
  const directory = mkdtempSync(path.join(tmpdir(), 'taskbell-store-'));
  const file = path.join(directory, 'taskbell.db');
  let stores = assemble(openDatabase(file), cipher);
  return {
    prefix: '',
    current: () => stores,
    reopen: () => {
      stores.close();
      stores = assemble(openDatabase(file), cipher);
    },
    close: () => {
      stores.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** What is only in memory has no restart. */
function openInMemory(): Reopenable {
  const stores = openMemoryStores();
  return {
    prefix: 'm',
    current: () => stores,
    reopen: () => undefined,
    close: () => stores.close(),
  };
}
