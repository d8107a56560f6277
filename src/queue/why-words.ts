/** Numbers, times and lists as `why` says them. Pure. */

export function iso(at: number): string {
  return new Date(at).toISOString();
}

/** `in 400 ms`, `in 3 s`, `in 2 min 5 s`, `in 3 h 20 min`; `now` for what is past. */
export function untilIn(at: number, now: number): string {
  return at <= now ? 'now' : `in ${span(at - now)}`;
}

/** Rounded: nobody plans by more. */
export function span(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return join(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1_440) return join(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(minutes / 60);
  return join(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function join(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;
}

/** `1 job`, `2 jobs`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** `a`, `a and b`, `a, b and 3 more`. */
export function list(items: readonly string[], more = 0): string {
  const all = more > 0 ? [...items, `${more} more`] : items;
  const last = all.at(-1) ?? '';
  return all.length < 2 ? last : `${all.slice(0, -1).join(', ')} and ${last}`;
}

/** The first line of an error, no longer than a line. */
export function brief(message: string): string {
  const line = message.split('\n')[0] ?? '';
  return line.length <= 200 ? line : `${line.slice(0, 199)}…`;
}
