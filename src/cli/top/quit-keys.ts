/** The keys that end `top`. Pure. */

/** q, Ctrl-C, Ctrl-D and Escape: a terminal that reads each key as it is typed sends no signals. */
const QUIT_KEYS: ReadonlySet<string> = new Set(['q', 'Q', '\u0003', '\u0004', '\u001b']);

/** Arrows and the like begin with Escape, and mean nothing here. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what such a key begins with.
const SEQUENCES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|O[ -~]|[ -~])/g;

/** @param keys one, or several that were typed before anybody looked */
export function isQuit(keys: string): boolean {
  return [...keys.replace(SEQUENCES, '')].some((key) => QUIT_KEYS.has(key));
}
