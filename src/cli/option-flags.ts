/** The flags of an option, as commander takes them, into their parts. Pure; without commander. */

export interface OptionFacts {
  /** `-q, --queue <name>`. */
  readonly flags: string;
  readonly long: string;
  readonly short: string | undefined;
  readonly description: string;
  /** `<name>` or `[name]`; undefined for a switch. */
  readonly value: string | undefined;
  readonly choices: readonly string[];
}

/** `-q, --queue <name>`. */
export function readFlags(flags: string, description: string): OptionFacts {
  const [, value] = /\s([<[].*[>\]])$/.exec(flags) ?? [];
  const [, long = ''] = /(--[\w-]+)/.exec(flags) ?? [];
  const [, short] = /^(-\w)\b/.exec(flags) ?? [];
  return { flags, long, short, description, value, choices: [] };
}
