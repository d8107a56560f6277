/** The keys of [daemon] and [worker]. */
import { join } from 'node:path';
import { emptyKey, key, list, onReload, type SectionDefinition } from '../key-definition.ts';
import type { DaemonSettings, WorkerSettings } from '../settings.ts';
import { boolean, duration, integer, listOf, oneOf, path, size, text } from '../value-types.ts';

const MAX_LOG_FILE_BYTES = 2 ** 40;
export const MAX_MEMORY_BYTES = 2 ** 40;

export const DAEMON: SectionDefinition<DaemonSettings> = {
  name: 'daemon',
  comment: 'What every process of one Taskbell shares.',
  instance: null,
  reload: 'restart',
  keys: {
    dataDirectory: key(
      path,
      './taskbell-data',
      'Where jobs and the event log are kept; one daemon owns it at a time.',
    ),
    controlSocket: emptyKey(path, {
      comment:
        'Unix socket that commands and programs reach the daemon by; empty: control.sock in dataDirectory. At most 107 bytes.',
      example: '/run/taskbell/control.sock',
      empty: ({ before }) => join(String(before.dataDirectory), 'control.sock'),
    }),
    logLevel: onReload(
      'live',
      key(oneOf('debug', 'info', 'warn', 'error', 'silent'), 'info', 'The least that is logged.'),
    ),
    logFormat: key(
      oneOf('auto', 'json', 'pretty'),
      'auto',
      'JSON lines or readable lines; auto: readable on a terminal, JSON elsewhere.',
    ),
    logFile: emptyKey(path, {
      comment: 'Log into this file; empty: to standard error.',
      example: '/var/log/taskbell/taskbell.log',
      empty: () => null,
    }),
    logFileSize: key(
      size(65_536, MAX_LOG_FILE_BYTES),
      '64MB',
      'A log file that would grow beyond this is put aside as FILE.1, that one as FILE.2 and so on.',
    ),
    logFiles: key(integer(0, 1_000), '5', 'How many log files that were put aside are kept.'),
    shutdownTimeout: onReload(
      'live',
      key(duration(), '25s', 'How long running jobs get to end when the daemon is told to stop.'),
    ),
    stallTimeout: onReload(
      'live',
      key(
        duration(),
        '60s',
        'A core or a gateway whose event loop stands still for so long is ended and started again; 0: never.',
      ),
    ),
    memoryLimit: key(
      size(0, MAX_MEMORY_BYTES),
      '0',
      'End the core at once, and start it again, when it has grown beyond this; 0: no limit.',
    ),
    standby: key(
      boolean,
      'true',
      'Wait while another daemon owns the data directory; false: exit with 75 instead.',
    ),
    diskReserve: key(
      size(0, MAX_MEMORY_BYTES),
      '16MiB',
      'Space of the disk that is held back: when it is full, jobs that run can end in it, and new ones are refused; 0: none.',
    ),
    directFrames: key(
      boolean,
      'true',
      'Write the events of one commit to a follower at once, as frames made once for all followers; false: one message at a time, by the WebSocket library.',
    ),
  },
};

export const WORKER: SectionDefinition<WorkerSettings> = {
  name: 'worker',
  comment: 'The processes that run jobs.',
  instance: null,
  reload: 'executors',
  keys: {
    handlersDirectory: onReload(
      'restart',
      key(path, './jobs', "Module handlers; a file's name is its job type."),
    ),
    processes: onReload('restart', key(integer(1, 1_024), '1', 'Executor processes.')),
    concurrency: key(integer(1, 10_000), '10', 'Jobs that one executor process runs at once.'),
    queues: list(listOf(text, 'list of queue names'), '', 'Queues to serve; empty: all.'),
    maxJobs: key(
      integer(0, 1_000_000_000),
      '0',
      'Replace a process after so many attempts, between jobs; 0: never.',
    ),
    maxMemory: key(
      size(0, MAX_MEMORY_BYTES),
      '0',
      'Replace a process, between jobs, when it has grown beyond this; 0: never.',
    ),
    memoryLimit: key(
      size(0, MAX_MEMORY_BYTES),
      '0',
      'End a process at once when it has grown beyond this; 0: no limit.',
    ),
    watch: onReload(
      'restart',
      key(
        boolean,
        'false',
        'Replace the processes one by one when a file of handlersDirectory changes.',
      ),
    ),
  },
};
