/**
 * What `config show` prints: every key with its value and its origin. Secrets are never shown.
 */
import type { Json } from '../protocol/json.ts';
import { isSecret } from './keys.ts';
import type { Loaded } from './load-settings.ts';
import { formatOrigin, type Origin } from './origin.ts';
import type { ResolvedEntry } from './resolve.ts';

const HIDDEN_VALUE = '***';

export interface SettingDescription {
  /** `daemon`, or `job:NAME`. */
  readonly section: string;
  readonly key: string;
  /** As in Settings: milliseconds, bytes, absolute paths; `***` for a secret. */
  readonly value: Json;
  /** As one would write it in the file. */
  readonly text: string;
  /** `default`, `/path/config.ini:12`, `TASKBELL_DAEMON_LOGLEVEL` or `--flag`. */
  readonly origin: string;
  readonly originKind: Origin['kind'];
}

export function describeSettings(loaded: Loaded): readonly SettingDescription[] {
  return loaded.sections.flatMap(({ section, entries }) =>
    entries.map((entry) => ({
      section: section.label,
      key: entry.key,
      value: isSecret(entry.definition) ? HIDDEN_VALUE : (entry.value as Json),
      text: formatValue(entry),
      origin: formatOrigin(entry.origin),
      originKind: entry.origin.kind,
    })),
  );
}

/** INI text, with each key's origin behind it if wanted. For people: it is not meant to be read back. */
export function formatDescriptions(
  descriptions: readonly SettingDescription[],
  options: { readonly origin: boolean },
): string {
  const lines: string[] = [];
  const width = Math.max(...descriptions.map(({ key, text }) => key.length + text.length + 3));
  let current: string | undefined;
  for (const { section, key, text, origin } of descriptions) {
    if (section !== current) lines.push(...(current === undefined ? [] : ['']), `[${section}]`);
    current = section;
    const line = `${key} = ${text}`.trimEnd();
    lines.push(options.origin ? `${line.padEnd(Math.min(width, 60))}  # ${origin}` : line);
  }
  return lines.join('\n');
}

/** As one would write it; `***` for a secret. */
export function formatValue({
  definition,
  value,
}: Pick<ResolvedEntry, 'definition' | 'value'>): string {
  if (isSecret(definition)) return HIDDEN_VALUE;
  if (value === null) return '';
  return definition.form === 'map' ? String(value) : definition.type.format(value);
}
