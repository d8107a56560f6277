/** Connections and topics as lines for people. Pure. */
import type { ConnectionView, TopicView } from '../client/client.ts';
import { cell, formatMs, formatTable } from './table.ts';

const HEAD = [
  ...['ID', 'USER', 'ADDRESS', 'PROTOCOL', 'OPEN', 'SUBSCRIPTIONS', 'UNREAD', 'HEARD', 'GATEWAY'],
];

export function connectionTable(
  connections: readonly ConnectionView[],
  now: number,
): readonly string[] {
  return formatTable([HEAD, ...connections.map((one) => rowOf(one, now))]);
}

function rowOf(connection: ConnectionView, now: number): readonly string[] {
  const { id, user, address, protocol, since, subscriptions, unreadBytes } = connection;
  const ago = (time: string) => formatMs(Math.max(0, now - Date.parse(time)));
  const heard = `${ago(connection.lastHeard)} ago`;
  const facts = [ago(since), String(subscriptions), `${unreadBytes} B`, heard];
  return [id, cell(user), cell(address), protocol, ...facts, connection.gateway];
}

export function topicTable(topics: readonly TopicView[]): readonly string[] {
  const rows = topics.map(({ type, id, subscribers }) => [type, String(subscribers), id]);
  return formatTable([['TYPE', 'SUBSCRIBERS', 'ID'], ...rows]);
}

/** What is missing from an answer; undefined: nothing. */
export function describeSilent(silent: readonly string[]): string | undefined {
  if (silent.length === 0) return undefined;
  const which = silent.length === 1 ? 'gateway' : 'gateways';
  return `without the ${which} ${silent.join(', ')}: no answer in time`;
}
