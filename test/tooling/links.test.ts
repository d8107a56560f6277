/** What the documentation points at is there: files and headings behind its links, and the commands that it names. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

/** README and the like, docs/, and what stands beside the examples and the benchmarks. */
function pages(): readonly string[] {
  const below = (directory: string): string[] =>
    readdirSync(path.join(root, directory), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
      .map((name) => path.join(directory, name));
  const top = readdirSync(root).filter((name) => name.endsWith('.md'));
  return [...top, ...below('docs'), ...below('examples'), ...below('bench')].sort();
}

/** The lines outside of fenced blocks. */
function prose(text: string): readonly string[] {
  let isFenced = false;
  return text.split('\n').filter((line) => {
    if (line.startsWith('```')) isFenced = !isFenced;
    return !isFenced && !line.startsWith('```');
  });
}

/** As GitHub makes them: lower case, no punctuation, spaces as hyphens, repeats numbered; and those set by hand. */
function anchorsOf(text: string): ReadonlySet<string> {
  const byHand = [...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id);
  const anchors = new Set<string>(byHand);
  for (const line of prose(text)) {
    const [, title] = /^#{1,6} (.+)$/.exec(line) ?? [];
    if (title === undefined) continue;
    const shown = title.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const anchor = shown
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replaceAll(' ', '-');
    let name = anchor;
    for (let repeat = 1; anchors.has(name); repeat += 1) name = `${anchor}-${repeat}`;
    anchors.add(name);
  }
  return anchors;
}

function linksOf(text: string): readonly string[] {
  const spoken = prose(text)
    .join('\n')
    .replaceAll(/`[^`\n]*`/g, '');
  return [...spoken.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = '']) => target);
}

/** What is wrong with a link, or nothing. */
function faultOf(page: string, link: string): string | undefined {
  if (/^(https?|mailto):/.test(link)) return undefined;
  const [name = '', anchor] = link.split('#');
  const file = name === '' ? path.join(root, page) : path.resolve(root, path.dirname(page), name);
  if (!existsSync(file)) return `${page}: ${link} is no file`;
  if (anchor === undefined) return undefined;
  if (statSync(file).isDirectory()) return `${page}: ${link} is a directory`;
  const known = anchorsOf(readFileSync(file, 'utf8'));
  return known.has(anchor) ? undefined : `${page}: ${link} is no heading`;
}

it('every relative link of the documentation leads somewhere', () => {
  const links = pages().flatMap((page) =>
    linksOf(readFileSync(path.join(root, page), 'utf8')).map((link) => ({ page, link })),
  );
  expect(links.length).toBeGreaterThan(100);
  expect(links.map(({ page, link }) => faultOf(page, link)).filter(Boolean)).toEqual([]);
});

it('would see a link that leads nowhere', () => {
  expect(faultOf('README.md', 'docs/no-such-page.md')).toContain('is no file');
  expect(faultOf('README.md', '#no-such-heading')).toContain('is no heading');
  expect(faultOf('docs/operations.md', '../README.md#what-it-promises')).toBeUndefined();
  expect(linksOf('a [b](c.md#d) and `[e](f)`\n```\n[g](h)\n```\n')).toEqual(['c.md#d']);
  expect([...anchorsOf('# A, `b`: C/d\n## X\n## X\n')]).toEqual(['a-b-cd', 'x', 'x-1']);
});

/** Words and options of each command, as docs/cli.md has them. */
function commandsOf(manual: string): ReadonlyMap<string, string> {
  const sections = manual.split(/^#{2,3} /m);
  return new Map(
    sections.flatMap((section) => {
      const [, words] = /^`([^`]+)`\n/.exec(section) ?? [];
      return words === undefined ? [] : [[words, section] as const];
    }),
  );
}

/** What is wrong with a command in a text, or nothing. */
function mistakeOf(command: string, manual: string): string | undefined {
  const commands = commandsOf(manual);
  const words = command.split(' ').slice(1);
  const [section] = [3, 2, 1].flatMap((count) => {
    const found = commands.get(words.slice(0, count).join(' '));
    return found === undefined ? [] : [found];
  });
  if (words[0] === 'help') return undefined;
  if (section === undefined) return `${command}: no such command`;
  const general = manual.slice(0, manual.indexOf('## Values'));
  const known = new Set(`${general}${section}`.match(/--[a-z-]+/g));
  const unknown = words.find((word) => /^--[a-z-]+$/.test(word) && !known.has(word));
  return unknown === undefined ? undefined : `${command}: no option ${unknown}`;
}

it('every command that the documentation tells one to type is there, with its options', () => {
  const manual = readFileSync(path.join(root, 'docs/cli.md'), 'utf8');
  const typed = pages().flatMap((page) => {
    const text = readFileSync(path.join(root, page), 'utf8');
    return [...text.matchAll(/`(taskbell [a-z][^`\n]*)`/g)].map(([, command = '']) => command);
  });
  expect(typed.length).toBeGreaterThan(50);
  expect(typed.map((command) => mistakeOf(command, manual)).filter(Boolean)).toEqual([]);
  expect(mistakeOf('taskbell jbo list', manual)).toContain('no such command');
  expect(mistakeOf('taskbell job list --stat failed', manual)).toContain('no option');
});

/** Pages of the source tree are named in hints and comments too. */
it('every page of docs/ that the source names is there', () => {
  const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' });
  const faults = sources
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const text = readFileSync(path.join(root, 'src', name), 'utf8');
      return [...text.matchAll(/\bdocs\/[A-Za-z-]+\.md(?:#[a-z0-9-]+)?/g)].map(([link]) =>
        faultOf('README.md', link)?.replace('README.md', `src/${name}`),
      );
    });
  expect(faults.filter(Boolean)).toEqual([]);
});
