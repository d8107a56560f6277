/**
 * Hides the values of named fields, at any depth and whatever their case. Pure. Looks into structures, never
 * into texts: a name inside of a message is not found.
 */

export const REDACTED = '[redacted]';

export interface Redaction {
  /** The same value where nothing is to be hidden. */
  value<T>(value: T): T;
  /** A line of text: one that is JSON of an object or array is redacted, any other is returned as it is. */
  line(text: string): string;
}

export const NO_REDACTION: Redaction = { value: (value) => value, line: (text) => text };

export function redactionOf(names: readonly string[]): Redaction {
  if (names.length === 0) return NO_REDACTION;
  const hidden = new Set(names.map((name) => name.toLowerCase()));
  const isHidden = (name: string): boolean => hidden.has(name.toLowerCase());
  return {
    value: <T>(value: T) => redact(value, isHidden) as T,
    line: (text) => redactLine(text, isHidden),
  };
}

type IsHidden = (name: string) => boolean;

/** Copies nothing that holds nothing to hide. */
function redact(root: unknown, isHidden: IsHidden): unknown {
  if (!holdsHidden(root, isHidden)) return root;
  const copy = copyOf(root);
  for (const open of walk(copy)) {
    if (Array.isArray(open)) continue;
    for (const name of Object.keys(open)) if (isHidden(name)) open[name] = REDACTED;
  }
  return copy;
}

/** What is nested too deeply to be copied is hidden as a whole. */
function copyOf(root: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(root));
  } catch (error) {
    if (error instanceof RangeError) return REDACTED;
    throw error;
  }
}

function holdsHidden(root: unknown, isHidden: IsHidden): boolean {
  for (const open of walk(root)) {
    if (!Array.isArray(open) && Object.keys(open).some(isHidden)) return true;
  }
  return false;
}

/** Every object and array in it, the outer ones first: what was hidden is not walked into. */
function* walk(root: unknown): Generator<Record<string, unknown>> {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    yield value as Record<string, unknown>;
    for (const inner of Object.values(value)) open.push(inner);
  }
}

function redactLine(text: string, isHidden: IsHidden): string {
  if (!/^\s*[[{]/.test(text)) return text;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // No JSON: it only looked like it.
    return text;
  }
  const shown = redact(value, isHidden);
  return shown === value ? text : JSON.stringify(shown);
}
