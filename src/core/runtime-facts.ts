/** The versions that this core runs on, and the settings that its database has in force. Asked once, at the start. */
import type { RuntimeView } from '../protocol/status.ts';
import type { Database } from '../sqlite/database.ts';

const PRAGMAS = [
  'journal_mode',
  'synchronous',
  'busy_timeout',
  'foreign_keys',
  'trusted_schema',
  'mmap_size',
  'page_size',
  'auto_vacuum',
  'user_version',
] as const;

export function runtimeFacts(db: Database): RuntimeView {
  const pragmas = PRAGMAS.flatMap((name) => {
    const value: unknown = db.pragma(name, { simple: true });
    // Some builds leave mmap out entirely.
    return typeof value === 'string' || typeof value === 'number' ? [[name, value] as const] : [];
  });
  const sqlite = String(db.prepare('SELECT sqlite_version()').pluck().get());
  return { node: process.versions.node, sqlite, pragmas: Object.fromEntries(pragmas) };
}
