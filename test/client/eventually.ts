/** Polls a condition with a deadline, for what no event tells. */
export async function eventually(condition: () => boolean, withinMs = 10_000): Promise<void> {
  const endMono = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > endMono)
      throw new Error(`not true within ${withinMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
