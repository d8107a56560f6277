/**
 * `taskbell __complete -- WORD…`, which the scripts of the shells call: prints what fits at the cursor.
 *
 * Loads the parser and one command only where their options are wanted, and the settings only for live names.
 * Never complains and always ends with 0: whoever presses Tab wants no message in the line.
 */
import { loadCode } from '../../process/code-loading.ts';
import type { CliWorld } from '../cli-world.ts';
import type { CommandFacts } from '../command-facts.ts';
import { COMMANDS, GROUPS } from '../command-table.ts';
import { completeLine, renderCompletion } from './candidates.ts';
import type { Candidate } from './live-names.ts';
import type { LiveKind } from './value-kinds.ts';

export async function complete(argv: readonly string[], world: CliWorld): Promise<void> {
  const line = argv.slice(argv.indexOf('--') + 1);
  const source = {
    findCommand: findListed,
    live: (kind: LiveKind) => liveNames(line, kind, world),
  };
  const completion = await completeLine(line, source);
  world.stdout.write(renderCompletion(completion));
}

async function findListed(words: readonly string[]): Promise<CommandFacts | undefined> {
  const [first, second] = words;
  const isCommand = COMMANDS.some(({ name }) => name === first);
  const group = GROUPS.find(({ name }) => name === first);
  if (!isCommand && !group?.verbs.some(({ name }) => name === second)) return undefined;
  const { findCommand } = await import('../command-facts.ts');
  return findCommand(words);
}

async function liveNames(
  line: readonly string[],
  kind: LiveKind,
  world: CliWorld,
): Promise<readonly Candidate[]> {
  try {
    const socket = await findSocket(line, world);
    const { askNames } = await import('./live-names.ts');
    return await askNames(socket, kind, AbortSignal.timeout(patienceMs(world)));
  } catch {
    // A configuration with mistakes: `config check` is the place to tell of them, not the prompt.
    return [];
  }
}

/** A user who has pressed Tab waits no longer than this for names; on a slow machine, as the variable says. */
function patienceMs({ environment }: CliWorld): number {
  return Number(environment.TASKBELL_COMPLETION_MS) || 800;
}

/** The options that say where the daemon is count here, too. */
async function findSocket(line: readonly string[], world: CliWorld): Promise<string> {
  const socket = givenValue(line, '--socket');
  if (socket !== undefined) return socket;
  const { loadSettings } = await loadCode(() => import('../../config/load-settings.ts'));
  const { environment, cwd } = world;
  const directory = givenValue(line, '--data-directory');
  const override = { flag: '--data-directory', section: 'daemon', key: 'dataDirectory' };
  const overrides = directory === undefined ? [] : [{ ...override, value: directory }];
  const flags = { config: givenValue(line, '--config') ?? givenValue(line, '-c'), overrides };
  return (await loadSettings({ flags, environment, cwd })).settings.daemon.controlSocket;
}

function givenValue(line: readonly string[], option: string): string | undefined {
  const at = line.indexOf(option);
  const joined = line.find((word) => word.startsWith(`${option}=`));
  return at === -1 ? joined?.slice(option.length + 1) : line[at + 1];
}
