/**
 * What a subscription covers. Pure.
 *
 * The rules are those of the gateway; they stand here again because this room brings nothing but itself to a browser.
 */

/** An object, or all that a pattern covers: id `*`, or a beginning that ends in `.*`. */
export interface AskedTopic {
  readonly type: string;
  /** Left out only for `notification`: the user's own. */
  readonly id?: string;
}

export function covers(asked: AskedTopic, event: { readonly type: string; readonly id: string }) {
  if (asked.type !== event.type) return false;
  const { id } = asked;
  // Whose notifications they are is known to the gateway, which sends no others.
  if (id === undefined || id === '*' || id === event.id) return true;
  return id.endsWith('.*') && event.id.startsWith(id.slice(0, -1));
}

export function keyOf({ type, id }: AskedTopic): string {
  return `${type}\n${id ?? ''}`;
}
