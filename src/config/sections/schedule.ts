/** The keys of [schedule:NAME]. */
import { emptyKey, key, nullable, type SectionDefinition } from '../key-definition.ts';
import type { ScheduleSettings } from '../settings.ts';
import {
  boolean,
  duration,
  integer,
  jsonText,
  oneOf,
  signedInteger,
  text,
} from '../value-types.ts';

export const SCHEDULE: SectionDefinition<Omit<ScheduleSettings, 'name'>> = {
  name: 'schedule',
  comment: 'Adds a job at set times. NAME is the name of the schedule. Either `cron` or `every`.',
  instance: { exampleName: 'nightly', refuse: () => null },
  reload: 'live',
  keys: {
    cron: nullable(text, 'Cron expression of five fields, or of six with seconds.', '0 30 2 * * *'),
    every: nullable(duration(1_000), 'A fixed interval instead of `cron`.', '15m'),
    timezone: key(text, 'UTC', 'Time zone of `cron`, an IANA name.'),
    job: emptyKey(text, {
      comment: 'Type of the job that is added.',
      example: 'archive',
      empty: () => '',
    }),
    payload: key(jsonText, 'null', 'Payload of the job, as JSON.'),
    queue: nullable(text, 'Queue of the job, instead of the one of its type.', 'default'),
    priority: key(signedInteger(-1_000, 1_000), '0', 'Priority of the job.'),
    userId: nullable(text, 'User who hears of the end.', 'operations'),
    missed: key(
      oneOf('skip', 'last', 'all'),
      'last',
      'Runs more than 10 s late, such as those of a time without a daemon: none, only the last, or all are made up for.',
    ),
    missedLimit: key(integer(1, 10_000), '100', 'With missed = all: at most so many.'),
    overlap: key(
      oneOf('allow', 'skip', 'queue', 'cancel-previous'),
      'allow',
      'When the run before has not ended: start another, drop this one, start it afterwards, or cancel that one.',
    ),
    dstGap: key(
      oneOf('skip', 'after'),
      'after',
      'A time that the clock jumps over: drop that run, or run right after the gap. A `cron` whose hour is * neither drops nor moves any.',
    ),
    dstOverlap: key(
      oneOf('first', 'second', 'both'),
      'first',
      'A time that the clock shows twice: run at the first, the second, or both. A `cron` whose hour is * runs at both.',
    ),
    jitter: key(
      duration(),
      '0',
      'Put each run off by a time of its own, below this and before the next run.',
    ),
    enabled: key(boolean, 'true', 'False: the schedule rests.'),
  },
};
