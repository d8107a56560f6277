/** Finds references that lead back to where they came from while they judge one and the same value. Pure. */

/** @returns a member of a loop; undefined where there is none */
export function findLoop(edges: ReadonlyMap<string, ReadonlySet<string>>): string | undefined {
  const done = new Set<string>();
  const visit = (node: string, trail: ReadonlySet<string>): string | undefined => {
    if (trail.has(node)) return node;
    if (done.has(node)) return undefined;
    const onward = new Set(trail).add(node);
    for (const next of edges.get(node) ?? []) {
      const loop = visit(next, onward);
      if (loop !== undefined) return loop;
    }
    done.add(node);
    return undefined;
  };
  for (const node of edges.keys()) {
    const loop = visit(node, new Set());
    if (loop !== undefined) return loop;
  }
  return undefined;
}
