/** Every command with its summary and its file: what `taskbell help` needs, and no more. */
import { EVENT_GROUPS } from './event-groups.ts';
import type { Group, Listed } from './listed-command.ts';

export const COMMANDS: readonly Listed[] = [
  {
    name: 'up',
    summary: 'start the whole service: core, executors and event gateway',
    load: async () => (await import('./commands/up.ts')).define,
  },
  {
    name: 'init',
    summary: 'make config.ini, keys/ and jobs/',
    load: async () => (await import('./commands/init.ts')).define,
  },
  {
    name: 'status',
    summary: 'print how the service stands',
    load: async () => (await import('./commands/status.ts')).define,
  },
  {
    name: 'top',
    summary: 'watch the service work, in the terminal',
    load: async () => (await import('./commands/top.ts')).define,
  },
  {
    name: 'doctor',
    summary: 'look at machine, configuration and services, and say what to mend',
    load: async () => (await import('./commands/doctor.ts')).define,
  },
  {
    name: 'completion',
    summary: 'print the script that has a shell complete commands and live names',
    load: async () => (await import('./commands/completion.ts')).define,
  },
];

export const GROUPS: readonly Group[] = [
  {
    name: 'worker',
    summary: 'run jobs, and look after the processes that do',
    verbs: [
      {
        name: 'run',
        summary: 'start a service: core and executors',
        load: async () => (await import('./commands/worker/run.ts')).define,
      },
      {
        name: 'list',
        summary: 'list the executors',
        load: async () => (await import('./commands/worker/list.ts')).define,
      },
      {
        name: 'quiet',
        summary: 'let an executor take no more jobs',
        load: async () => (await import('./commands/worker/quiet.ts')).define,
      },
      {
        name: 'restart',
        summary: 'replace the executors, which loads the handlers anew',
        load: async () => (await import('./commands/worker/restart.ts')).define,
      },
    ],
  },
  {
    name: 'web_socket',
    summary: 'serve the events only, without executors',
    verbs: [
      {
        name: 'server',
        summary: 'start a service: core and event gateway',
        load: async () => (await import('./commands/web_socket/server.ts')).define,
      },
      {
        name: 'edge',
        summary: 'serve the events of a core on another machine',
        load: async () => (await import('./commands/web_socket/edge.ts')).define,
      },
      {
        name: 'restart',
        summary: 'replace the gateways by fresh ones',
        load: async () => (await import('./commands/web_socket/restart.ts')).define,
      },
    ],
  },
  {
    name: 'config',
    summary: 'look at the configuration',
    verbs: [
      {
        name: 'check',
        summary: 'check the configuration and the files that it names',
        load: async () => (await import('./commands/config/check.ts')).define,
      },
      {
        name: 'show',
        summary: 'print every key with its value',
        load: async () => (await import('./commands/config/show.ts')).define,
      },
      {
        name: 'reload',
        summary: 'have the service read its configuration anew',
        load: async () => (await import('./commands/config/reload.ts')).define,
      },
    ],
  },
  {
    name: 'job',
    summary: 'add and watch jobs',
    verbs: [
      {
        name: 'add',
        summary: 'add one job',
        load: async () => (await import('./commands/job/add.ts')).define,
      },
      {
        name: 'list',
        summary: 'list jobs, newest first',
        load: async () => (await import('./commands/job/list.ts')).define,
      },
      {
        name: 'show',
        summary: 'print all that is known of a job',
        load: async () => (await import('./commands/job/show.ts')).define,
      },
      {
        name: 'why',
        summary: 'say what a job is waiting for',
        load: async () => (await import('./commands/job/why.ts')).define,
      },
      {
        name: 'wait',
        summary: 'wait until jobs have ended',
        load: async () => (await import('./commands/job/wait.ts')).define,
      },
      {
        name: 'logs',
        summary: 'print what a job wrote',
        load: async () => (await import('./commands/job/logs.ts')).define,
      },
      {
        name: 'cancel',
        summary: 'end jobs, or take them out of their queues',
        load: async () => (await import('./commands/job/cancel.ts')).define,
      },
      {
        name: 'retry',
        summary: 'queue failed or cancelled jobs again',
        load: async () => (await import('./commands/job/retry.ts')).define,
      },
      {
        name: 'move',
        summary: 'take jobs that wait to another queue',
        load: async () => (await import('./commands/job/move.ts')).define,
      },
      {
        name: 'purge',
        summary: 'cancel jobs that wait, remove the records of ended ones',
        load: async () => (await import('./commands/job/purge.ts')).define,
      },
      {
        name: 'import',
        summary: 'add the jobs of a file',
        load: async () => (await import('./commands/job/import.ts')).define,
      },
      {
        name: 'export',
        summary: 'print jobs as lines that job import takes',
        load: async () => (await import('./commands/job/export.ts')).define,
      },
    ],
  },
  {
    name: 'flow',
    summary: 'jobs that depend on each other',
    verbs: [
      {
        name: 'add',
        summary: 'add the jobs of a file that name each other, or a batch',
        load: async () => (await import('./commands/flow/add.ts')).define,
      },
      {
        name: 'show',
        summary: 'print what a job depends on, and what depends on it',
        load: async () => (await import('./commands/flow/show.ts')).define,
      },
    ],
  },
  {
    name: 'queue',
    summary: 'hold and release queues',
    verbs: [
      {
        name: 'list',
        summary: 'list the queues',
        load: async () => (await import('./commands/queue/list.ts')).define,
      },
      {
        name: 'stats',
        summary: 'tell what ends, how long it takes and how often it fails',
        load: async () => (await import('./commands/queue/stats.ts')).define,
      },
      {
        name: 'pause',
        summary: 'start no more jobs of a queue',
        load: async () => (await import('./commands/queue/pause.ts')).define,
      },
      {
        name: 'resume',
        summary: 'start jobs of a queue again',
        load: async () => (await import('./commands/queue/resume.ts')).define,
      },
      {
        name: 'drain',
        summary: 'take no more jobs, and run what is there',
        load: async () => (await import('./commands/queue/drain.ts')).define,
      },
      {
        name: 'purge',
        summary: 'cancel everything that waits in a queue',
        load: async () => (await import('./commands/queue/purge.ts')).define,
      },
    ],
  },
  {
    name: 'schedule',
    summary: 'jobs that come by themselves',
    verbs: [
      {
        name: 'add',
        summary: 'add a schedule, or change one',
        load: async () => (await import('./commands/schedule/add.ts')).define,
      },
      {
        name: 'list',
        summary: 'list the schedules',
        load: async () => (await import('./commands/schedule/list.ts')).define,
      },
      {
        name: 'show',
        summary: 'print all that is known of a schedule',
        load: async () => (await import('./commands/schedule/show.ts')).define,
      },
      {
        name: 'preview',
        summary: 'print the next runs, and why one is shifted',
        load: async () => (await import('./commands/schedule/preview.ts')).define,
      },
      {
        name: 'run',
        summary: 'add its job now, besides its times',
        load: async () => (await import('./commands/schedule/run.ts')).define,
      },
      {
        name: 'pause',
        summary: 'start no more runs of a schedule',
        load: async () => (await import('./commands/schedule/pause.ts')).define,
      },
      {
        name: 'resume',
        summary: 'start its runs again',
        load: async () => (await import('./commands/schedule/resume.ts')).define,
      },
      {
        name: 'remove',
        summary: 'remove a schedule',
        load: async () => (await import('./commands/schedule/remove.ts')).define,
      },
    ],
  },
  ...EVENT_GROUPS,
  {
    name: 'key',
    summary: 'keys that what is stored is encrypted with',
    verbs: [
      {
        name: 'generate',
        summary: 'print a new key for the keys file',
        load: async () => (await import('./commands/key/generate.ts')).define,
      },
      {
        name: 'list',
        summary: 'list the keys, and how much each has encrypted',
        load: async () => (await import('./commands/key/list.ts')).define,
      },
      {
        name: 'rotate',
        summary: 'encrypt with the current key whatever is not',
        load: async () => (await import('./commands/key/rotate.ts')).define,
      },
    ],
  },
  {
    name: 'db',
    summary: 'copy, check and mend the database file',
    verbs: [
      {
        name: 'backup',
        summary: 'make a verified copy, while the service works or not',
        load: async () => (await import('./commands/db/backup.ts')).define,
      },
      {
        name: 'restore',
        summary: 'put a copy in the place of the database',
        load: async () => (await import('./commands/db/restore.ts')).define,
      },
      {
        name: 'check',
        summary: 'look for damage and contradictions',
        load: async () => (await import('./commands/db/check.ts')).define,
      },
      {
        name: 'compact',
        summary: 'give free space inside the file back to the disk',
        load: async () => (await import('./commands/db/compact.ts')).define,
      },
    ],
  },
  {
    name: 'report',
    summary: 'reports to the receiving service',
    verbs: [
      {
        name: 'status',
        summary: 'print how reporting stands',
        load: async () => (await import('./commands/report/status.ts')).define,
      },
      {
        name: 'retry',
        summary: 'start reporting again after it gave up',
        load: async () => (await import('./commands/report/retry.ts')).define,
      },
    ],
  },
  {
    name: 'service',
    summary: 'have a service manager keep the service up',
    verbs: [
      {
        name: 'print',
        summary: 'print what a service manager needs to run the service',
        load: async () => (await import('./commands/service/print.ts')).define,
      },
    ],
  },
];
