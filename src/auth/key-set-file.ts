/**
 * Keeps the key set that was fetched last in a file, so that a restart while its issuer is away loses no keys.
 *
 * Several gateways may write the same file: each writes a whole one and renames it. What is not readable counts
 * as not there. The keys are public; who may write the data directory is trusted anyway.
 */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Claims } from './token-claims.ts';

export interface KeptKeySet {
  readonly url: string;
  /** Epoch milliseconds. */
  readonly fetchedAt: number;
  /** As it was fetched. */
  readonly text: string;
}

/** A key set and what stands around it: more was not written by us. */
const MAX_FILE_BYTES = 1_048_576;

/** Undefined: there is none, or none of this URL. */
export function readKeySetFile(file: string, url: string): KeptKeySet | undefined {
  try {
    if (statSync(file).size > MAX_FILE_BYTES) return undefined;
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Claims | null;
    if (typeof kept?.text !== 'string' || typeof kept.fetchedAt !== 'number') return undefined;
    return kept.url === url ? { url, fetchedAt: kept.fetchedAt, text: kept.text } : undefined;
  } catch {
    // Missing at the first start, or damaged: it is only a copy, and is fetched anew.
    return undefined;
  }
}

/** @throws what the file system says */
export function writeKeySetFile(file: string, kept: KeptKeySet): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(kept), { mode: 0o600 });
  renameSync(draft, file);
}
