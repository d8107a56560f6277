/** Colours for states on a terminal; plain text elsewhere, and wherever NO_COLOR is set. */
import type { CliWorld } from './cli-world.ts';

export type Colour = 'green' | 'red' | 'yellow' | 'cyan' | 'dim' | 'bold';
export type Painter = (text: string, colour: Colour) => string;

const CODES: Readonly<Record<Colour, number>> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  cyan: 36,
};

export function createPainter(world: Pick<CliWorld, 'environment' | 'stdoutIsTerminal'>): Painter {
  if (!world.stdoutIsTerminal || !mayColour(world.environment)) return (text) => text;
  return (text, colour) => `\u001b[${CODES[colour]}m${text}\u001b[0m`;
}

/** https://no-color.org: set to anything but the empty text, it means no colour. */
export function mayColour(environment: CliWorld['environment']): boolean {
  return !environment.NO_COLOR && environment.TERM !== 'dumb';
}

const STATE_COLOURS: Readonly<Record<string, Colour>> = {
  succeeded: 'green',
  ready: 'green',
  connected: 'green',
  failed: 'red',
  backoff: 'red',
  cancelled: 'yellow',
  retrying: 'yellow',
  running: 'cyan',
};

export function paintState(paint: Painter, state: string): string {
  const colour = STATE_COLOURS[state.trim()];
  return colour === undefined ? state : paint(state, colour);
}
