/** Words of a unit file, so that systemd reads them as they are meant: systemd.syntax(7), systemd.service(5). Pure. */

/** A word of a command line. */
export function quoteWord(text: string): string {
  // A variable is put in within quotes, too.
  return quoteEntry(text.replaceAll('$', '$$$$'));
}

/** An entry of a list, of paths or of assignments, in which `$` is a character like any other. */
export function quoteEntry(text: string): string {
  const escaped = quotePath(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  return /^[\w@%+=:,./-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

/** A value that takes the rest of its line: only `%` means something in it. */
export function quotePath(text: string): string {
  return text.replaceAll('%', '%%');
}

export function seconds(ms: number): string {
  return String(Math.ceil(ms / 1_000));
}
