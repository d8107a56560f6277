/** A binary heap: the least turn first, the older among equals. What became stale, its user skips. */

export interface TurnNode<T> {
  readonly turn: number;
  readonly order: number;
  readonly value: T;
}

export class TurnHeap<T> {
  readonly #nodes: TurnNode<T>[] = [];

  push(node: TurnNode<T>): void {
    let index = this.#nodes.push(node) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isLess(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  peek(): TurnNode<T> | undefined {
    return this.#nodes[0];
  }

  pop(): TurnNode<T> | undefined {
    const first = this.#nodes[0];
    const last = this.#nodes.pop();
    if (last === undefined || last === first) return first;
    this.#nodes[0] = last;
    this.#sink();
    return first;
  }

  #sink(): void {
    let index = 0;
    for (;;) {
      let least = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < this.#nodes.length && this.#isLess(child, least)) least = child;
      }
      if (least === index) return;
      this.#swap(index, least);
      index = least;
    }
  }

  #isLess(a: number, b: number): boolean {
    const [one, two] = [this.#nodes[a], this.#nodes[b]];
    if (one === undefined || two === undefined) return false;
    return one.turn < two.turn || (one.turn === two.turn && one.order < two.order);
  }

  #swap(a: number, b: number): void {
    const [one, two] = [this.#nodes[a], this.#nodes[b]];
    if (one === undefined || two === undefined) return;
    this.#nodes[a] = two;
    this.#nodes[b] = one;
  }
}
