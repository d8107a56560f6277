/** Renders the manual pages of section 1 from the command table, in man(7). Pure: text out, no files. */
import type { CommandFacts } from '../command-facts.ts';
import { COMMANDS, GROUPS } from '../command-table.ts';
import { DESCRIPTION, GLOBAL_OPTIONS, HELP_OPTION, VERSION_OPTION } from '../global-options.ts';
import type { CommandNotes } from './command-note.ts';
import { ABOUT_OPTIONS, ABOUT_SECRETS, ABOUT_SIGNALS, HOW_IT_TALKS } from './manual-guide.ts';
import { escapeRoff, toRoff } from './roff-text.ts';

export interface ManPage {
  /** `taskbell-job.1`. */
  readonly file: string;
  readonly text: string;
}

export interface ManualFacts {
  readonly commands: readonly CommandFacts[];
  readonly notes: CommandNotes;
  readonly version: string;
}

/** Of the words, not of the program: changed by whoever rewrites the pages. */
const WRITTEN = '2026-11-22';

/** One about the whole and the commands without a group, and one for each group. */
export function renderManPages(facts: ManualFacts): readonly ManPage[] {
  return [renderMain(facts), ...GROUPS.map((group) => renderGroup(group, facts))];
}

function renderMain({ commands, notes, version }: ManualFacts): ManPage {
  const own = commands.filter(({ words: [first] }) => COMMANDS.some(({ name }) => name === first));
  const globals = [...GLOBAL_OPTIONS, HELP_OPTION, VERSION_OPTION];
  const parts = [
    titleLine('taskbell', version),
    section('NAME', [`taskbell \\- ${escapeRoff(uncapitalised(DESCRIPTION))}`]),
    section('SYNOPSIS', ['.B taskbell', '.RI [ options ]', '.I command', '.RI [ argument ...]']),
    section('DESCRIPTION', [toRoff(HOW_IT_TALKS)]),
    section(
      'COMMANDS',
      own.map((command) => renderCommand(command, notes)),
    ),
    section(
      'GROUPS',
      GROUPS.map(({ name, summary }) => item(`taskbell-${name}(1)`, summary)),
    ),
    section('OPTIONS', [toRoff(ABOUT_OPTIONS), ...globals.map(renderOption)]),
    section('SECRETS', [toRoff(ABOUT_SECRETS)]),
    section('SIGNALS', [toRoff(ABOUT_SIGNALS)]),
    section(
      'FILES',
      FILES.map(([file, words]) => item(file, words)),
    ),
    section(
      'ENVIRONMENT',
      ENVIRONMENT.map(([name, words]) => item(name, words)),
    ),
    section(
      'EXIT STATUS',
      EXITS.map(([code, words]) => item(code, words)),
    ),
    section('SEE ALSO', [seeAlso(GROUPS.map(({ name }) => `taskbell-${name}`))]),
  ];
  return { file: 'taskbell.1', text: `${parts.join('\n')}\n` };
}

function renderGroup(
  { name, summary }: (typeof GROUPS)[number],
  { commands, notes, version }: ManualFacts,
): ManPage {
  const page = `taskbell-${name}`;
  const verbs = commands.filter(({ words: [first] }) => first === name);
  const parts = [
    titleLine(page, version),
    section('NAME', [`${escapeRoff(page)} \\- ${escapeRoff(summary)}`]),
    section('SYNOPSIS', [`.B taskbell ${escapeRoff(name)}`, '.I command', '.RI [ options ]']),
    section(
      'COMMANDS',
      verbs.map((command) => renderCommand(command, notes)),
    ),
    section('SEE ALSO', [seeAlso(['taskbell'])]),
  ];
  return { file: `${page}.1`, text: `${parts.join('\n')}\n` };
}

const FILES = [
  [
    './config.ini, /etc/taskbell/config.ini',
    'the configuration; with TASKBELL_PROFILE=NAME config.NAME.ini',
  ],
  [
    'control.sock',
    'in the data directory: the control socket, through which commands reach the service',
  ],
] as const;

const ENVIRONMENT = [
  ['TASKBELL_PROFILE', 'reads config.PROFILE.ini instead of config.ini'],
  ['TASKBELL_SECTION_KEY', 'overrides a key of the configuration file'],
  ['NO_COLOR', 'no colours, if it is set to anything'],
] as const;

const EXITS = [
  ['0', 'done'],
  ['1', 'a job that was waited for failed or was cancelled'],
  [
    '64 to 78',
    'an error; taskbell help 64 lists the codes of an exit status, taskbell help E_CODE explains one',
  ],
  ['130, 143', 'interrupted by Ctrl-C, ended by SIGTERM'],
] as const;

function titleLine(page: string, version: string): string {
  const title = escapeRoff(page.toUpperCase());
  return `.TH ${title} 1 ${WRITTEN} "Taskbell ${version}" "Taskbell Manual"`;
}

function section(heading: string, lines: readonly string[]): string {
  return [`.SH ${heading}`, ...lines].join('\n');
}

function renderCommand({ words, args, options, summary }: CommandFacts, notes: CommandNotes) {
  const name = words.join(' ');
  const usage = [`\\fB${escapeRoff(name)}\\fR`, ...args.map((one) => escapeRoff(one.usage))];
  const note = notes[name];
  const example = note?.example;
  const lines = [
    `.SS ${usage.join(' ')}`,
    toRoff(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}. ${note?.text ?? ''}`.trim()),
    ...args.map((one) => item(one.usage, one.description)),
    ...options.map(renderOption),
    ...(example === undefined
      ? []
      : ['.PP', 'For example:', '.PP', `\\fB${escapeRoff(example)}\\fR`]),
  ];
  return lines.join('\n');
}

function renderOption(option: {
  readonly flags: string;
  readonly description: string;
  readonly choices?: readonly string[];
}): string {
  const { flags, description, choices = [] } = option;
  return item(flags, choices.length > 0 ? `${description}: ${choices.join(', ')}` : description);
}

function item(term: string, words: string): string {
  return ['.TP', `\\fB${escapeRoff(term)}\\fR`, toRoff(words)].join('\n');
}

function seeAlso(pages: readonly string[]): string {
  const last = pages.length - 1;
  return pages.map((page, i) => `.BR ${escapeRoff(page)} (1)${i < last ? ',' : ''}`).join('\n');
}

function uncapitalised(text: string): string {
  return (text.charAt(0).toLowerCase() + text.slice(1)).replace(/\.$/, '');
}
