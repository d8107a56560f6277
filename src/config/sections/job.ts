/** The keys of [job:NAME], [queue:NAME] and [event:NAME]. */

import {
  ACCESS_EVENT_TYPE,
  BUILT_IN_EVENT_TYPES,
  RESERVED_EVENT_TYPES,
} from '../../protocol/events.ts';
import { BACKOFF_KINDS } from '../../protocol/jobs.ts';
import { filePath } from '../credential-name.ts';
import {
  emptyKey,
  key,
  list,
  map,
  nullable,
  onReload,
  type SectionDefinition,
} from '../key-definition.ts';
import type { EventTypeSettings, JobTypeSettings, QueueSettings } from '../settings.ts';
import {
  argv,
  boolean,
  duration,
  integer,
  listOf,
  oneOf,
  path,
  rate,
  text,
  url,
} from '../value-types.ts';

const RATE_EXAMPLE = '100/1m';

export const JOB: SectionDefinition<Omit<JobTypeSettings, 'name'>> = {
  name: 'job',
  comment: 'Settings of one job type; they win over what its handler says. NAME is the type.',
  instance: { exampleName: 'archive', refuse: () => null },
  reload: 'live',
  keys: {
    command: onReload(
      'executors',
      nullable(
        argv,
        'Program and arguments, quoted as in a shell, run without one; empty: a module in handlersDirectory.',
        'tar -czf /var/backups/data.tar.gz data',
      ),
    ),
    url: onReload(
      'executors',
      nullable(
        url('https', 'http'),
        'Web hook that is called with each job, instead of a command or a module: one of the three.',
        'https://example.org/hooks/archive',
      ),
    ),
    secretFile: onReload(
      'executors',
      nullable(
        filePath,
        'File with the secret (whsec_…) that web hook requests are signed with, as Standard Webhooks say.',
        './keys/hook-secret',
      ),
    ),
    header: onReload(
      'executors',
      map({
        comment: 'Further headers of web hook requests.',
        exampleName: 'Authorization',
        example: 'Bearer TOKEN',
        namePattern: /^[A-Za-z0-9-]{1,100}$/,
        secret: true,
      }),
    ),
    allowPrivateHosts: onReload(
      'executors',
      list(
        listOf(text, 'list of host names'),
        '',
        'Hosts of web hooks that may have private addresses; all others are refused.',
      ),
    ),
    workingDirectory: onReload(
      'executors',
      emptyKey(path, {
        comment: 'Where the command runs; empty: the directory of the configuration file.',
        example: './work',
        empty: ({ configDirectory }) => configDirectory,
      }),
    ),
    environment: onReload(
      'executors',
      map({
        comment: 'Extra environment variables of the command.',
        exampleName: 'GZIP_LEVEL',
        example: '9',
        namePattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
        secret: false,
      }),
    ),
    queue: nullable(text, 'Queue that its jobs go to.', 'default'),
    concurrency: nullable(
      integer(1, 100_000),
      'Attempts of this type that run at once, over all processes.',
      '2',
    ),
    rate: nullable(rate, 'Starts of this type in a time, refilled evenly.', RATE_EXAMPLE),
    groupConcurrency: nullable(
      integer(1, 100_000),
      'Attempts of this type and of one group that run at once.',
      '1',
    ),
    groupRate: nullable(rate, 'Starts of this type and of one group in a time.', RATE_EXAMPLE),
    timeout: nullable(duration(), 'Time limit of one attempt; 0: none.', '10m'),
    retries: nullable(integer(0, 1_000), 'Further attempts after the first one failed.', '3'),
    backoff: onReload(
      'executors',
      nullable(duration(), 'Pause before the first retry; doubles with each.', '1s'),
    ),
    backoffLimit: nullable(duration(), 'Longest pause between attempts.', '15m'),
    backoffKind: onReload(
      'executors',
      nullable(
        oneOf(...BACKOFF_KINDS),
        'How the pause grows: it doubles, grows by `backoff` each time, or stays.',
        'exponential',
      ),
    ),
    isolate: onReload(
      'executors',
      key(
        oneOf('none', 'process'),
        'none',
        'process: each attempt of a module handler runs in a process of its own.',
      ),
    ),
    processes: onReload(
      'restart',
      key(
        integer(0, 1_024),
        '0',
        'Executor processes for this type alone; 0: it shares those of [worker].',
      ),
    ),
    report: key(boolean, 'true', 'Whether its ends are reported to the service in [webSocket].'),
  },
};

export const QUEUE: SectionDefinition<Omit<QueueSettings, 'name'>> = {
  name: 'queue',
  comment: 'Limits of one queue, over all its types. NAME is the queue.',
  instance: { exampleName: 'imports', refuse: () => null },
  reload: 'live',
  keys: {
    concurrency: nullable(integer(1, 100_000), 'Attempts that run at once.', '10'),
    rate: nullable(rate, 'Starts in a time, refilled evenly.', RATE_EXAMPLE),
    groupConcurrency: nullable(integer(1, 100_000), 'Attempts of one group that run at once.', '2'),
    groupRate: nullable(rate, 'Starts of one group in a time.', RATE_EXAMPLE),
  },
};

export const EVENT: SectionDefinition<Omit<EventTypeSettings, 'name'>> = {
  name: 'event',
  comment:
    'A further event type that may be published and subscribed to, or what holds of one that is built in. NAME is the type.',
  instance: {
    exampleName: 'invoicePaid',
    refuse: (name) => {
      const isOwn = BUILT_IN_EVENT_TYPES.some((type) => type === name);
      if (isOwn && !RESERVED_EVENT_TYPES.includes(name)) return null;
      return [...BUILT_IN_EVENT_TYPES, ACCESS_EVENT_TYPE].some(
        (type) => type.toLowerCase() === name.toLowerCase(),
      )
        ? `the event type ${name} is built in; choose another name or remove the section`
        : null;
    },
  },
  reload: 'restart',
  keys: {
    description: emptyKey(text, {
      comment: 'What the event means, for people.',
      example: 'An invoice was paid in full',
      empty: () => '',
    }),
    delivery: key(
      oneOf('durable', 'volatile'),
      'durable',
      'volatile: live only. Its events are in no log, and who is not there misses them.',
    ),
    retention: nullable(
      duration(1_000, 100 * 366 * 86_400_000),
      'Age after which its events go; empty: with all others, by [retention].',
      '7d',
    ),
    retentionCount: nullable(
      integer(1, 1_000_000_000_000),
      'So many of its newest events stay; empty: any number.',
      '100000',
    ),
    schema: nullable(
      path,
      'File with a JSON Schema that the `data` of its events is checked with.',
      './schemas/invoicePaid.json',
    ),
    presence: key(
      boolean,
      'false',
      'true: who may see one of its objects may ask which users are attached to it.',
    ),
  },
};
