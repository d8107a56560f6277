/** Renders docs/cli.md from the command table. Pure: text out, no files. */
import type { CommandFacts } from '../command-facts.ts';
import { COMMANDS, GROUPS } from '../command-table.ts';
import { GLOBAL_OPTIONS, HELP_OPTION, VERSION_OPTION } from '../global-options.ts';
import type { CommandNote, CommandNotes } from './command-note.ts';
import {
  ABOUT_JSON,
  ABOUT_OPTIONS,
  ABOUT_SECRETS,
  ABOUT_SIGNALS,
  ABOUT_VALUES,
  HOW_IT_TALKS,
} from './manual-guide.ts';

const HEAD = `<!-- Made from the command table: do not edit by hand. Options and summaries stand in src/cli/commands and
     src/cli/command-table.ts, all other words in src/cli/manual; then: npm run build && node scripts/generate-docs.mjs -->

# The command line`;

export function renderCliPage(commands: readonly CommandFacts[], notes: CommandNotes): string {
  const single = commands.filter(({ words }) => isSingle(words));
  const groups = GROUPS.flatMap(({ name, summary }) => [
    `## ${name}: ${summary}`,
    ...commands
      .filter(({ words }) => words[0] === name && !isSingle(words))
      .map((command) => renderCommand(command, notes)),
  ]);
  const parts = [
    HEAD,
    HOW_IT_TALKS,
    renderOverview(commands),
    `## Options of every command\n\n${ABOUT_OPTIONS}`,
    renderOptions([...GLOBAL_OPTIONS, HELP_OPTION, VERSION_OPTION]),
    ...['## Values', ABOUT_VALUES, '## Secrets', ABOUT_SECRETS, '## Signals and pipes'],
    ...[ABOUT_SIGNALS, '## JSON', ABOUT_JSON, '## Commands without a group'],
    ...single.map((command) => renderCommand(command, notes)),
    ...groups,
  ];
  return `${parts.join('\n\n')}\n`;
}

function isSingle([first]: readonly string[]): boolean {
  return COMMANDS.some(({ name }) => name === first);
}

function renderOverview(commands: readonly CommandFacts[]): string {
  const rows = commands.map(({ words, args, summary }) => {
    const usage = [...words, ...args.map((one) => one.usage)].join(' ');
    return `| \`${cell(usage)}\` | ${cell(summary)} |`;
  });
  return ['| command | does |', '|---|---|', ...rows].join('\n');
}

function renderCommand({ words, args, options, summary }: CommandFacts, notes: CommandNotes) {
  const name = words.join(' ');
  const note: CommandNote = notes[name] ?? {};
  const usage = ['taskbell', name, ...args.map((one) => one.usage)];
  const own = [
    ...args.map(({ usage: flags, description }) => ({ flags, description })),
    ...options,
  ];
  const parts = [
    `### \`${name}\``,
    `${capitalised(summary)}. ${note.text ?? ''}`.trim(),
    `\`\`\`\n${usage.join(' ')}${options.length > 0 ? ' [options]' : ''}\n\`\`\``,
    own.length === 0 ? undefined : renderOptions(own),
    note.example === undefined ? undefined : `For example: \`${note.example}\``,
    note.json === undefined ? undefined : `JSON: ${note.json}.`,
  ];
  return parts.filter((part) => part !== undefined).join('\n\n');
}

interface Explained {
  readonly flags: string;
  readonly description: string;
  readonly choices?: readonly string[];
}

function renderOptions(options: readonly Explained[]): string {
  const rows = options.map(({ flags, description, choices = [] }) => {
    const said = choices.length > 0 ? `${description}: ${choices.join(', ')}` : description;
    return `| \`${cell(flags)}\` | ${cell(said)} |`;
  });
  return ['| | means |', '|---|---|', ...rows].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
