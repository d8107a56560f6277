/** Keys as a table. Pure. */
import type { KeysView } from '../client/client.ts';
import { formatTable } from './table.ts';

export function keyTable({ keys, plain }: KeysView): readonly string[] {
  const rows = keys.map(({ id, state, texts }) => [id, String(texts), state]);
  return formatTable([['KEY', 'TEXTS', 'STATE'], ...rows, ['-', String(plain), 'not encrypted']]);
}
