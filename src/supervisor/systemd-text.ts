/** Words of a unit file, so that systemd reads them as they are meant: systemd.syntax(7), systemd.service(5). Pure. */

/** A word of a command line, or of a list of paths. */
export function quoteWord(text: string): string {
  const escaped = quotePath(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  // A variable is put in within quotes, too.
  const plain = escaped.replaceAll('$', '$$$$');
  return /^[\w@%+=:,./-]+$/.test(plain) ? plain : `"${plain}"`;
}

/** A value that takes the rest of its line: only `%` means something in it. */
export function quotePath(text: string): string {
  return text.replaceAll('%', '%%');
}

export function seconds(ms: number): string {
  return String(Math.ceil(ms / 1_000));
}
