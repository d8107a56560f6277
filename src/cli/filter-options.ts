/** The options by which commands choose many jobs. */
import type { Command } from 'commander';
import type { JobFilter } from '../client/client.ts';
import type { JobState } from '../protocol/jobs.ts';
import { onlyGiven, parseDuration, parseState, parseTime } from './option-parsers.ts';

export interface FilterOptions {
  readonly state?: readonly JobState[];
  readonly type?: string;
  readonly queue?: string;
  readonly group?: string;
  readonly user?: string;
  readonly olderThan?: number;
  readonly createdBefore?: string;
  readonly createdAfter?: string;
  readonly error?: string;
}

/** All but `--queue`, which means something else where jobs are moved. */
export function addFilterOptions(command: Command): Command {
  return command
    .option('-s, --state <states>', 'jobs in these states, separated by commas', parseStates)
    .option('-t, --type <type>', 'jobs of this type')
    .option('-g, --group <key>', 'jobs of this group')
    .option('-u, --user <id>', 'jobs of this user')
    .option(
      '--older-than <duration>',
      'jobs that ended (or, unfinished, were added) so long ago',
      parseDuration,
    )
    .option('--created-before <time>', 'jobs added before (ISO 8601 with zone)', parseTime)
    .option('--created-after <time>', 'jobs added after (ISO 8601 with zone)', parseTime)
    .option('--error <text>', 'ended jobs whose error message holds this text');
}

export function addQueueFilter(command: Command): Command {
  return command.option('-q, --queue <name>', 'jobs of this queue');
}

/** Undefined: nothing is said. */
export function filterOf(ids: readonly string[], options: FilterOptions): JobFilter | undefined {
  const { state, type, queue, group, user, olderThan } = options;
  const { createdBefore, createdAfter, error } = options;
  const filter = onlyGiven({
    ids: ids.length === 0 ? undefined : ids,
    ...{ state, type, queue, group, createdBefore, createdAfter, error },
    userId: user,
    olderThanMs: olderThan,
  });
  return Object.keys(filter).length === 0 ? undefined : filter;
}

function parseStates(text: string): readonly JobState[] {
  return text.split(',').map((word) => parseState(word.trim()));
}
