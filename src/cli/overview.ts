/**
 * What `taskbell help` and `taskbell help GROUP` print: the table of commands and the options of all.
 *
 * Needs neither the parser nor any command, so that whoever looks something up does not wait.
 */
import { COMMANDS, GROUPS } from './command-table.ts';
import {
  DESCRIPTION,
  GLOBAL_OPTIONS,
  type GlobalOption,
  HELP_OPTION,
  VERSION_OPTION,
} from './global-options.ts';
import { wrapText } from './text-wrap.ts';

type Row = readonly [term: string, words: string];

/** @param group by name; the whole program when omitted */
export function renderOverview(columns: number, group?: string): string {
  const found = GROUPS.find(({ name }) => name === group);
  const title = found === undefined ? 'taskbell' : `taskbell ${found.name}`;
  const own = found === undefined ? [VERSION_OPTION, HELP_OPTION] : [HELP_OPTION];
  const commands = found?.verbs ?? [...COMMANDS, ...GROUPS];
  const options = found === undefined ? [...own, ...GLOBAL_OPTIONS] : own;
  const rows: readonly Row[] = commands.map(({ name, summary }) => [name, summary]);
  const more = found === undefined ? '<command>' : `${found.name} <command>`;
  return [
    `Usage: ${title} [options] [command]`,
    found?.summary ?? DESCRIPTION,
    renderRows('Options:', options.map(rowOf), columns),
    renderRows('Commands:', rows, columns),
    wrapText(
      `\`taskbell help ${more}\` tells more, \`taskbell help E_CODE\` explains an error.`,
      columns,
    ).join('\n'),
  ].join('\n\n');
}

function rowOf({ flags, description }: GlobalOption): Row {
  return [flags, description];
}

function renderRows(heading: string, rows: readonly Row[], columns: number): string {
  const indent = Math.max(...rows.map(([term]) => term.length)) + 4;
  const width = Math.max(20, columns - indent);
  const lines = rows.map(([term, words]) => {
    const wrapped = wrapText(words, width).join(`\n${' '.repeat(indent)}`);
    return `  ${term}`.padEnd(indent) + wrapped;
  });
  return [heading, ...lines].join('\n');
}
