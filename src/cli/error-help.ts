/**
 * What `taskbell help E_CODE` prints: the section of docs/errors.md, which the package brings along.
 *
 * The page is the one source; this file only finds a section and takes its Markdown off.
 */
import { readFileSync } from 'node:fs';
import { didYouMean } from '../config/did-you-mean.ts';
import { ERROR_CODES, type ErrorCode, TaskbellError } from '../protocol/errors.ts';
import { wrapText } from './text-wrap.ts';

const PAGE = new URL('../../docs/errors.md', import.meta.url);

/**
 * @param word a code in any case, or an exit code
 * @throws TaskbellError E_USAGE
 */
export function explainError(word: string, columns: number): string {
  if (/^\d+$/.test(word)) return explainExitCode(Number(word));
  const code = word.toUpperCase();
  if (Object.hasOwn(ERROR_CODES, code)) return explainCode(code as ErrorCode, columns);
  const guess = didYouMean(code, Object.keys(ERROR_CODES)) || '.';
  throw new TaskbellError('E_USAGE', `There is no error code ${code}${guess}`, {
    hint: 'The codes stand in brackets behind the messages, and all of them in docs/errors.md.',
  });
}

function explainCode(code: ErrorCode, columns: number): string {
  const section = findSection(readFileSync(PAGE, 'utf8'), code);
  if (section === undefined) {
    // Only a package that was tampered with, or a code whose section is still to be written.
    throw new TaskbellError('E_INTERNAL', `docs/errors.md has no section ${code}.`);
  }
  return renderSection(code, section, columns);
}

function explainExitCode(exitCode: number): string {
  const others: Readonly<Record<number, string>> = {
    0: 'done',
    1: 'a job that was waited for has failed or was cancelled',
    130: 'interrupted by Ctrl-C',
    143: 'ended by SIGTERM',
  };
  const codes = Object.entries(ERROR_CODES).filter(([, facts]) => facts.exitCode === exitCode);
  const known = others[exitCode];
  if (known !== undefined) return `Exit code ${exitCode}: ${known}.`;
  if (codes.length > 0) {
    const lines = codes.map(([code]) => `  taskbell help ${code}`);
    return [`Exit code ${exitCode} belongs to:`, ...lines].join('\n');
  }
  throw new TaskbellError('E_USAGE', `No command of Taskbell ends with ${exitCode}.`, {
    hint: 'Above 128 it is a signal: 137 is SIGKILL (out of memory, say), 139 a crash.',
  });
}

/** The text below its heading. Pure. */
export function findSection(page: string, code: string): string | undefined {
  const sections = page.split(/^## /m).slice(1);
  return sections.find((text) => text.startsWith(`${code}\n`))?.slice(code.length + 1);
}

/** Paragraphs that fit the width, without Markdown. Pure. */
export function renderSection(code: string, section: string, columns: number): string {
  const paragraphs = section.trim().split(/\n(?=\*\*)/);
  const width = Math.max(20, Math.min(columns, 100) - 2);
  const lines = paragraphs.map((text) => indent(wrapText(toPlain(text), width)));
  return [code, ...lines].join('\n\n');
}

/** `[events.md](events.md)` as its words, and the page where they differ; `**Why:**` as `Why:`. */
function toPlain(markdown: string): string {
  return markdown
    .replace(/\[([^\]]+)\]\(([^)]+)\)/g, (_, words: string, page: string) =>
      page.startsWith(words) ? `docs/${words}` : `${words} (docs/${page})`,
    )
    .replace(/\*\*/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join('\n');
}
