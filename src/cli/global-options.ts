/** The options that go with every command. One table: the parser, the help, completion and the manual read it. */

export interface GlobalOption {
  /** As commander reads it. */
  readonly flags: string;
  readonly description: string;
  readonly isRepeatable?: true;
}

export const DESCRIPTION = 'Runs background jobs and rings everyone who is waiting for them.';

export const VERSION_OPTION: GlobalOption = {
  flags: '-V, --version',
  description: 'print the version',
};

export const HELP_OPTION: GlobalOption = {
  flags: '-h, --help',
  description: 'print help for a command',
};

export const GLOBAL_OPTIONS: readonly GlobalOption[] = [
  { flags: '-c, --config <file>', description: 'read this configuration file' },
  { flags: '--data-directory <directory>', description: 'override [daemon] dataDirectory' },
  { flags: '--socket <path>', description: 'override [daemon] controlSocket' },
  { flags: '--log-level <level>', description: 'override [daemon] logLevel' },
  { flags: '--log-format <format>', description: 'override [daemon] logFormat' },
  {
    flags: '--set <section.key=value>',
    description: 'override any key; may be repeated',
    isRepeatable: true,
  },
  { flags: '--quiet', description: 'print results and errors only' },
  { flags: '--verbose', description: 'tell how far long work is, off a terminal too' },
  {
    flags: '--no-input',
    description:
      'never ask: where an answer is needed, end with 64 and name the flag that gives it',
  },
  { flags: '--no-color', description: 'no colours, as with NO_COLOR in the environment' },
];
