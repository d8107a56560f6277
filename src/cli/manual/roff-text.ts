/** Plain text and Markdown as man(7) wants them. Pure. */
import { wrapText } from '../text-wrap.ts';

/** mandoc complains of longer lines. */
const SOURCE_WIDTH = 76;

/** Characters that roff reads as its own are written so that they stand for themselves. */
export function escapeRoff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
    .replaceAll('…', '...')
    .replaceAll('·', '\\(pc');
}

/** Paragraphs with `code` in bold and links as their words and the page that they lead to. */
export function toRoff(markdown: string): string {
  return markdown
    .split(/\n{2,}/)
    .map((paragraph) => toLines(withoutLinks(paragraph).replace(/\s+/g, ' ').trim()))
    .join('\n.PP\n');
}

function withoutLinks(markdown: string): string {
  return markdown.replace(/\[([^\]]+)\]\(([^)]+)\)/g, (_, words: string, target: string) =>
    target.startsWith(words) ? `docs/${words}` : `${words} (docs/${target})`,
  );
}

/** A sentence begins a line, as in all man pages, and a line that begins with a dot would be a request. */
function toLines(text: string): string {
  const sentences = text.split(/(?<=[a-z)`]\.) (?=[A-Z`])/);
  return sentences
    .flatMap((sentence) => wrapText(bold(sentence), SOURCE_WIDTH))
    .map(protect)
    .join('\n');
}

function bold(text: string): string {
  const parts = text.split('`');
  return parts
    .map((part, i) => (i % 2 === 1 ? `\\fB${escapeRoff(part)}\\fR` : escapeRoff(part)))
    .join('');
}

function protect(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}
