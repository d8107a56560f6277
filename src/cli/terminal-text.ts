/**
 * Text for a place of a terminal: what it is wide, and cut to a width. Pure.
 *
 * Names come from whoever adds jobs: what a terminal would act upon is taken out.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
const ACTED_UPON = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

export function plainText(text: string): string {
  return text.replace(ACTED_UPON, ' ');
}

/** Escapes but for those of colours, and control characters but for tab and line feed. */
const MOVING =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  /\r(?=\n|$)|\u001b(?!\[[\d;]*m)|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f]/g;

/** For a terminal: errors, results and output of jobs may colour it, and neither move its cursor nor answer for it. */
export function tameText(text: string): string {
  const tame = text.replace(MOVING, (found, at: number) => {
    const endsLine = found === '\r' && (at + 1 === text.length || text[at + 1] === '\n');
    return endsLine ? '' : '\ufffd';
  });
  return endsColoured(tame) ? `${tame}\u001b[0m` : tame;
}

/** The prompt behind it would have its colour, too. */
function endsColoured(text: string): boolean {
  const at = text.lastIndexOf('\u001b[');
  return at !== -1 && !/^0*m/.test(text.slice(at + 2));
}

/** East Asian letters and pictures take two places; good enough for names in a table. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const NO_WIDTH = /^\p{Mark}$/u;

export function widthOf(text: string): number {
  let width = 0;
  for (const letter of text) width += widthOfLetter(letter);
  return width;
}

/** At most so wide; what is cut off ends in `…`. */
export function clip(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width <= 0) return '';
  let kept = '';
  let taken = 0;
  for (const letter of text) {
    taken += widthOfLetter(letter);
    if (taken > width - 1) break;
    kept += letter;
  }
  return `${kept}…`;
}

/** Exactly so wide. */
export function padTo(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const clipped = clip(text, width);
  const pad = ' '.repeat(Math.max(0, width - widthOf(clipped)));
  return side === 'left' ? clipped + pad : pad + clipped;
}

function widthOfLetter(letter: string): number {
  if (NO_WIDTH.test(letter)) return 0;
  return WIDE.test(letter) ? 2 : 1;
}
