/** Events and their types as lines for people. Pure. */
import { formatDuration } from '../config/values.ts';
import type { EventTypeView, PublishedEvent } from '../protocol/events.ts';
import { cell, formatTable } from './table.ts';

/** One line; what is live only has no place in the log: `-`. */
export function describeEvent(event: PublishedEvent, when: 'time' | 'date' = 'time'): string {
  const { at, seq = '-', type, id, data } = event;
  const moment = when === 'time' ? at.slice(11, 23) : at;
  return `${moment} ${seq} ${type}/${id} ${data.map((one) => JSON.stringify(one)).join(' ')}`.trimEnd();
}

export function eventTypeTable(types: readonly EventTypeView[]): readonly string[] {
  const head = ['TYPE', 'DELIVERY', 'KEPT', 'SCHEMA', 'ROWS', 'DESCRIPTION'];
  return formatTable([head, ...types.map(rowOf)]);
}

function rowOf(type: EventTypeView): readonly string[] {
  const { name, delivery, schema, rows, description } = type;
  return [
    name,
    delivery,
    keptOf(type),
    schema === null ? '-' : 'yes',
    cell(rows),
    cell(description),
  ];
}

function keptOf({ delivery, retentionMs, retentionCount }: EventTypeView): string {
  if (delivery === 'volatile') return 'no';
  const bounds = [
    ...(retentionMs === null ? [] : [formatDuration(retentionMs)]),
    ...(retentionCount === null ? [] : [`newest ${retentionCount}`]),
  ];
  return bounds.length === 0 ? 'as [retention]' : bounds.join(', ');
}
