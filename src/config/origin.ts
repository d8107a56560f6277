/**
 * Where a value came from, and a problem with its place. Pure.
 */

export type Origin =
  | { readonly kind: 'flag'; readonly flag: string }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'file'; readonly file: string; readonly line: number }
  | { readonly kind: 'default' };

export interface ConfigProblem {
  readonly origin: Origin;
  readonly text: string;
}

/** `--flag`, `VARIABLE`, `file:line` or `default`. */
export function formatOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'flag':
      return origin.flag;
    case 'environment':
      return origin.variable;
    case 'file':
      return `${origin.file}:${origin.line}`;
    case 'default':
      return 'default';
  }
}

const RANK = { file: 0, environment: 1, flag: 2, default: 3 } as const;

/** File first, by line; then environment, flags and defaults, each in the order found. */
export function sortProblems(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  return problems.toSorted(
    (a, b) => RANK[a.origin.kind] - RANK[b.origin.kind] || lineOf(a.origin) - lineOf(b.origin),
  );
}

function lineOf(origin: Origin): number {
  return origin.kind === 'file' ? origin.line : 0;
}
