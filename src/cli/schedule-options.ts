/** The options that say when a schedule runs, shared by `schedule add` and `schedule preview`. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { TimingRequest } from '../protocol/schedules.ts';
import { onlyGiven, parseDuration } from './option-parsers.ts';

export interface TimingOptions {
  readonly cron?: string;
  readonly every?: number;
  readonly timezone?: string;
  readonly dstGap?: 'skip' | 'after';
  readonly dstOverlap?: 'first' | 'second' | 'both';
  readonly jitter?: number;
}

export function addTimingOptions(command: Command): Command {
  return command
    .option('-c, --cron <expression>', 'five fields, or six with seconds')
    .option('--every <duration>', 'a fixed interval instead (1s, 15m, 2h)', parseDuration)
    .option('-z, --timezone <name>', 'zone of --cron, an IANA name (default UTC)')
    .addOption(
      choice('--dst-gap <policy>', 'a time that the clock jumps over (default after)', [
        'skip',
        'after',
      ]),
    )
    .addOption(
      choice('--dst-overlap <policy>', 'a time that the clock shows twice (default first)', [
        'first',
        'second',
        'both',
      ]),
    )
    .option('--jitter <duration>', 'put each run off by a time below this', parseDuration);
}

export function choice(flags: string, description: string, words: readonly string[]): Option {
  return new Option(flags, description).choices(words);
}

export function timingOf(options: TimingOptions): TimingRequest {
  return onlyGiven({
    cron: options.cron,
    everyMs: options.every,
    timezone: options.timezone,
    dstGap: options.dstGap,
    dstOverlap: options.dstOverlap,
    jitterMs: options.jitter,
  });
}
