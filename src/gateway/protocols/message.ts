/** What every message of a client is: a JSON object. Pure; knows no protocol. */

export type JsonObject = Readonly<Record<string, unknown>>;

/** Undefined for what is not JSON, or no object. */
export function readMessage(text: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    // Not JSON: the client hears code 5.
    return undefined;
  }
}

/** Only own, named properties are read from it, so `__proto__` and repeated keys do no harm. */
export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}
