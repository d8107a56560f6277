/** The keys of [job:NAME] and [event:NAME]. */

import { BUILT_IN_EVENT_TYPES } from '../../protocol/events.ts';
import { emptyKey, key, map, nullable, type SectionDefinition } from '../key-definition.ts';
import type { EventTypeSettings, JobTypeSettings } from '../settings.ts';
import { argv, boolean, duration, integer, path, text } from '../value-types.ts';

export const JOB: SectionDefinition<Omit<JobTypeSettings, 'name'>> = {
  name: 'job',
  comment: 'Settings of one job type; they win over what its handler says. NAME is the type.',
  instance: { exampleName: 'archive', refuse: () => null },
  keys: {
    command: nullable(
      argv,
      'Program and arguments, quoted as in a shell, run without one; empty: a module in handlersDirectory.',
      'tar -czf /var/backups/data.tar.gz data',
    ),
    workingDirectory: emptyKey(path, {
      comment: 'Where the command runs; empty: the directory of the configuration file.',
      example: './work',
      empty: ({ configDirectory }) => configDirectory,
    }),
    environment: map({
      comment: 'Extra environment variables of the command.',
      exampleName: 'GZIP_LEVEL',
      example: '9',
      namePattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
      secret: false,
    }),
    queue: nullable(text, 'Queue that its jobs go to.', 'default'),
    concurrency: nullable(
      integer(1, 100_000),
      'Attempts of this type that run at once, over all processes.',
      '2',
    ),
    timeout: nullable(duration(), 'Time limit of one attempt; 0: none.', '10m'),
    retries: nullable(integer(0, 1_000), 'Further attempts after the first one failed.', '3'),
    backoff: nullable(duration(), 'Pause before the first retry; doubles with each.', '1s'),
    backoffLimit: nullable(duration(), 'Longest pause between attempts.', '15m'),
    report: key(boolean, 'true', 'Whether its ends are reported to the service in [webSocket].'),
  },
};

export const EVENT: SectionDefinition<Omit<EventTypeSettings, 'name'>> = {
  name: 'event',
  comment: 'A further event type that may be published and subscribed to. NAME is the type.',
  instance: {
    exampleName: 'invoicePaid',
    refuse: (name) =>
      BUILT_IN_EVENT_TYPES.some((type) => type.toLowerCase() === name.toLowerCase())
        ? `the event type ${name} is built in; choose another name or remove the section`
        : null,
  },
  keys: {
    description: emptyKey(text, {
      comment: 'What the event means, for people.',
      example: 'An invoice was paid in full',
      empty: () => '',
    }),
  },
};
