/**
 * Writes config.ini.example and docs/configuration.md from the table of keys. Pure: text out, no files.
 */

import { CONFIGURATION_GUIDE } from './configuration-guide.ts';
import { variableName } from './environment.ts';
import { type AnySection, type Definition, type Reload, reloadOf } from './key-definition.ts';
import { SECTIONS } from './keys.ts';

const EXAMPLE_HEAD = `# Every key of Taskbell with its default. Made from the table of keys: do not edit by hand.
#
# Copy it to config.ini and change what you need; a key that is not set has its default.
# Lines that start with ";" are keys that are empty by default, and sections that you may add.
# A comment stands on a line of its own. See docs/configuration.md.`;

export function renderExample(): string {
  return `${[EXAMPLE_HEAD, ...SECTIONS.map(exampleSection)].join('\n\n')}\n`;
}

export function renderDocs(): string {
  return `${[CONFIGURATION_GUIDE, ...SECTIONS.map(docsSection)].join('\n\n')}\n`;
}

function exampleSection(section: AnySection): string {
  const prefix = section.instance === null ? '' : '; ';
  const keys = Object.entries(section.keys).flatMap(([name, definition]) => [
    `# ${definition.comment}`,
    exampleLine(name, definition, prefix),
  ]);
  return [
    `# ${section.comment}`,
    `${prefix}[${headerOf(section, section.instance?.exampleName)}]`,
    ...keys,
  ].join('\n');
}

function exampleLine(name: string, definition: Definition, prefix: string): string {
  if (definition.form === 'map')
    return `; ${name}.${definition.exampleName} = ${definition.example}`;
  if (definition.default !== '') return `${prefix}${name} = ${definition.default}`;
  return `; ${name} = ${definition.example}`.trimEnd();
}

function docsSection(section: AnySection): string {
  const rows = Object.entries(section.keys).map(([name, definition]) =>
    docsRow(name, { definition, reload: reloadOf(section, definition) }),
  );
  return [
    `## [${headerOf(section, 'NAME')}]`,
    '',
    `${section.comment} Variables: \`${variableName(section.name)}_${section.instance === null ? '' : 'NAME_'}KEY\`.`,
    '',
    '| key | value | default | meaning | reload |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

interface Documented {
  readonly definition: Definition;
  readonly reload: Reload;
}

function docsRow(name: string, { definition, reload }: Documented): string {
  const secret = definition.form === 'map' && definition.secret;
  const cells =
    definition.form === 'map'
      ? [`\`${name}.NAME\``, `text${secret ? ', secret' : ''}`, '', definition.comment]
      : [`\`${name}\``, definition.type.name, defaultCell(definition.default), definition.comment];
  return `| ${[...cells, reload].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function defaultCell(text: string): string {
  return text === '' ? '(empty)' : `\`${text}\``;
}

function headerOf(section: AnySection, name: string | undefined): string {
  return section.instance === null ? section.name : `${section.name}:${name}`;
}
