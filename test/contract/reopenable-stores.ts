/** The two pairs of stores, which can be closed and opened again on what they hold. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openDatabase } from '../../src/sqlite/database.ts';
import { assemble, openMemoryStores, type Stores } from './stores.ts';

export interface Reopenable {
  /** Of its ids: the memory store calls job 7 `m7`, so that no test can count on numbers. */
  readonly prefix: string;
  current(): Stores;
  reopen(): void;
  close(): void;
}

export interface ReopenableMaker {
  readonly name: string;
  open(): Reopenable;
}

export const BOTH_REOPENABLE: readonly ReopenableMaker[] = [
  { name: 'SQLite', open: openOnFile },
  { name: 'memory', open: openInMemory },
];

function openOnFile(): Reopenable {
  const directory = mkdtempSync(path.join(tmpdir(), 'taskbell-store-'));
  const file = path.join(directory, 'taskbell.db');
  let stores = assemble(openDatabase(file));
  return {
    prefix: '',
    current: () => stores,
    reopen: () => {
      stores.close();
      stores = assemble(openDatabase(file));
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
