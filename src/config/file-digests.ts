/**
 * Which of the files that processes read when they start have other content now, under the same name: a key that was
 * rotated. Reads them; keeps digests, never content.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { filePath } from './credential-name.ts';
import { reloadOf } from './key-definition.ts';
import type { ResolvedSection } from './resolve.ts';

/** By `[section] key`: what the file held. */
export type FileDigests = ReadonlyMap<string, string>;

export function digestFiles(sections: readonly ResolvedSection[]): FileDigests {
  return new Map(
    sections.flatMap(({ section, entries }) =>
      entries.flatMap(({ key, definition, value }): [string, string][] => {
        if (definition.form !== 'value' || definition.type !== filePath) return [];
        if (typeof value !== 'string' || reloadOf(section.definition, definition) !== 'gateways') {
          return [];
        }
        return [[fileKey(section.label, key), digestOf(value)]];
      }),
    ),
  );
}

export function fileKey(label: string, key: string): string {
  return `[${label}] ${key}`;
}

function digestOf(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch {
    // Not readable: that is found, and told, by the check of all files.
    return '';
  }
}
