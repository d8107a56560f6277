/**
 * Finds the known word that an unknown one was probably meant to be. Pure; never guesses far.
 */

/**
 * `; did you mean X?`, or nothing when no candidate is near. Case does not count.
 * @param prefix what stands before the candidate when it is shown
 */
export function didYouMean(word: string, candidates: readonly string[], prefix = ''): string {
  const near = nearest(word, candidates);
  return near === undefined ? '' : `; did you mean ${prefix}${near}?`;
}

function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: distanceBetween(word, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const near = ({ candidate, distance }: (typeof ranked)[number]) =>
    distance <= Math.ceil(Math.max(word.length, candidate.length) / 3);
  const shortened = ranked.find(({ candidate }) => isAbbreviation(word, candidate));
  return (shortened ?? ranked.find(near))?.candidate;
}

function isAbbreviation(word: string, candidate: string): boolean {
  return word.length >= 3 && candidate.toLowerCase().startsWith(word.toLowerCase());
}

function distanceBetween(a: string, b: string): number {
  return levenshtein(a.toLowerCase(), b.toLowerCase());
}

/** Insertions, deletions and replacements that turn one text into the other. */
export function levenshtein(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
