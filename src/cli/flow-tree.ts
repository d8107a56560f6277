/**
 * The jobs around one, gathered step by step and drawn as a tree. A job that several depend on is followed
 * once; a flow that is too large for a screen is cut, and says so.
 */
import type { RelativesView, RelativeView } from '../protocol/jobs.ts';
import { type Painter, paintState } from './painter.ts';

export interface FlowNode extends RelativeView {
  /** It stands elsewhere in the tree with what hangs on it. */
  readonly shownAbove: boolean;
  readonly next: readonly FlowNode[];
  /** So many more would come after `next`. */
  readonly left: number;
}

export type Side = 'dependencies' | 'dependents';

interface Growing extends RelativeView {
  shownAbove: boolean;
  next: Growing[];
  left: number;
}

const MAX_NODES = 200;

/** Level by level, so that what is near is there when the tree has to be cut. */
export async function growTree(
  relativesOf: (id: string) => Promise<RelativesView>,
  rootId: string,
  side: Side,
): Promise<Pick<FlowNode, 'next' | 'left'>> {
  const root: Growing = nodeOf({ id: rootId, ref: null, type: null, state: 'waiting' });
  const seen = new Set([rootId]);
  const open = [root];
  let count = 0;
  // The list grows while it is walked.
  for (const node of open) {
    const relatives = (await relativesOf(node.id))[side];
    const kept = relatives.slice(0, MAX_NODES - count);
    count += kept.length;
    node.left = relatives.length - kept.length;
    node.next = kept.map(nodeOf);
    for (const next of node.next) {
      next.shownAbove = seen.has(next.id);
      // A job whose row is gone has nobody to ask about.
      if (!next.shownAbove && next.type !== null) open.push(next);
      seen.add(next.id);
    }
  }
  return root;
}

function nodeOf(view: RelativeView): Growing {
  return { ...view, shownAbove: false, next: [], left: 0 };
}

/** Pure. */
export function drawTree(
  { next, left }: Pick<FlowNode, 'next' | 'left'>,
  paint: Painter,
  indent = '',
): readonly string[] {
  const lines = next.flatMap((node, n) => {
    const isLast = n === next.length - 1 && left === 0;
    const branch = isLast ? '└─ ' : '├─ ';
    const below = drawTree(node, paint, indent + (isLast ? '   ' : '│  '));
    return [`${indent}${branch}${describe(node, paint)}`, ...below];
  });
  return left === 0 ? lines : [...lines, `${indent}└─ … ${left} more`];
}

function describe({ id, ref, type, state, shownAbove }: FlowNode, paint: Painter): string {
  const name = ref === null ? '' : `${ref}: `;
  const what = type === null ? 'removed' : type;
  const again = shownAbove ? ', shown above' : '';
  return `${name}job ${id} (${what}) ${paintState(paint, state)}${again}`;
}
