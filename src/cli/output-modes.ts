/** How much is said, in which colours, and whether anything may be asked: the options of every command. Pure. */
import type { CliWorld } from './cli-world.ts';

export interface OutputModes {
  /** Results and errors only. */
  readonly quiet: boolean;
  /** Progress is told off a terminal, too. */
  readonly verbose: boolean;
  /** A question is an error instead. */
  readonly mayAsk: boolean;
  /** NO_COLOR as an option. */
  readonly plain: boolean;
}

/** Read before parsing: how a mistake in the arguments is told depends on them, too. */
export function readOutputModes(argv: readonly string[]): OutputModes {
  const end = argv.indexOf('--');
  const given = end === -1 ? argv : argv.slice(0, end);
  return {
    quiet: given.includes('--quiet'),
    verbose: given.includes('--verbose'),
    mayAsk: !given.includes('--no-input'),
    plain: given.includes('--no-color'),
  };
}

/** The world as commands see it then. */
export function applyOutputModes(world: CliWorld, { plain }: OutputModes): CliWorld {
  if (!plain) return world;
  return { ...world, environment: { ...world.environment, NO_COLOR: '1' } };
}
