/** The form in which commands are listed: a name, a line about it, and where it is loaded from. */
import type { Command } from 'commander';
import type { CliContext } from './cli-context.ts';

/** Adds arguments, options and the action to a command that has its name already. */
export type DefineCommand = (command: Command, ctx: CliContext) => void;

export interface Listed {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<DefineCommand>;
}

export interface Group {
  readonly name: string;
  readonly summary: string;
  readonly verbs: readonly Listed[];
}
