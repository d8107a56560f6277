/**
 * What kind of thing an option or an argument names, so that the right names are offered. Pure.
 *
 * A new command gets most of it by calling things what others call them: `--queue`, `<file>`, `<type>`.
 */

export type LiveKind = 'jobType' | 'queue' | 'schedule' | 'eventType' | 'job' | 'user' | 'worker';
export type ValueKind = LiveKind | 'file' | 'directory' | 'state' | 'nothing';

const OPTIONS: Readonly<Record<string, ValueKind>> = {
  '--queue': 'queue',
  '--job': 'jobType',
  '--user': 'user',
  '--state': 'state',
  '--after': 'job',
  '--output': 'file',
  '--socket': 'file',
};

/** `--type` and `<type>` are job types but for commands about events. */
export function kindOfOption(words: readonly string[], long: string, value: string): ValueKind {
  const [group = ''] = words;
  if (long === '--type') return group === 'event' ? 'eventType' : 'jobType';
  return OPTIONS[long] ?? kindOfPlaceholder(value);
}

const ARGUMENTS: Readonly<Record<string, Readonly<Record<string, ValueKind>>>> = {
  job: { type: 'jobType', id: 'job', ids: 'job' },
  flow: { id: 'job' },
  queue: { name: 'queue' },
  schedule: { name: 'schedule' },
  event: { type: 'eventType', patterns: 'eventType' },
  user: { id: 'user' },
  access: { user: 'user', type: 'eventType' },
  worker: { pid: 'worker' },
};

export function kindOfArgument(words: readonly string[], name: string): ValueKind {
  const [group = ''] = words;
  return ARGUMENTS[group]?.[name] ?? kindOfPlaceholder(name);
}

function kindOfPlaceholder(placeholder: string): ValueKind {
  const name = placeholder.replace(/[<>[\].]/g, '');
  if (/^(file|path)$/.test(name)) return 'file';
  return /^(directory|dir)$/.test(name) ? 'directory' : 'nothing';
}
