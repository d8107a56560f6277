/**
 * A map for entries that come and go by the thousand.
 *
 * V8 replaces the table of a `Map` after so many changes, and the former table keeps pointing at the next
 * one and at what it held (for iterators that are under way). As soon as one of them has been moved into the
 * old generation, dead or not, it keeps all that come after it alive until the next major collection: half of
 * everything that passes through is copied twice and promoted for nothing. A map that begins anew before it
 * is old has no such chain.
 */

const RENEW_AFTER = 1_024;

export class ChurningMap<K, V> {
  #map = new Map<K, V>();
  #added = 0;

  get size(): number {
    return this.#map.size;
  }

  has(key: K): boolean {
    return this.#map.has(key);
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  set(key: K, value: V): void {
    // Four times what is to be copied at least: that it is copied costs next to nothing then.
    if (this.#added >= RENEW_AFTER && this.#added >= 4 * this.#map.size) this.#renew();
    this.#added += 1;
    this.#map.set(key, value);
  }

  delete(key: K): boolean {
    return this.#map.delete(key);
  }

  clear(): void {
    if (this.#map.size > 0) this.#map.clear();
  }

  values(): IterableIterator<V> {
    return this.#map.values();
  }

  #renew(): void {
    this.#map = new Map(this.#map);
    this.#added = 0;
  }
}
