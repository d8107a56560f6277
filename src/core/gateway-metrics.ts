/**
 * The figures of the event service, as families of metrics.
 *
 * Pure: what the parts of the core know goes in, families come out. docs/events.md lists the names, which never change
 * their meaning.
 */
import type { NamedCursor } from '../log/event-log.ts';
import type { GatewayFigures, GatewayView } from '../protocol/gateways.ts';
import {
  counter,
  type Family,
  gauge,
  known,
  type Labels,
  one,
  type Sample,
  sample,
} from './metric-text.ts';

export interface MetricFacts {
  readonly version: string;
  readonly top: string;
  readonly oldest: string;
  readonly gateways: readonly GatewayView[];
  readonly report: { readonly cursor: string; readonly pending: number };
  /** Of subscribers: those that are the furthest behind come first. */
  readonly cursors: readonly NamedCursor[];
}

/** Each is a time series for whoever reads them: of the cursors of subscribers only so many are told. */
export const MAX_TOLD_CURSORS = 100;

export function eventFamilies(facts: MetricFacts): readonly Family[] {
  return [...generalFamilies(facts), ...gatewayFamilies(facts.gateways)];
}

function generalFamilies(facts: MetricFacts): readonly Family[] {
  const { version, top, oldest, report, cursors } = facts;
  return [
    gauge('taskbell_info', 'Always 1; the version is a label.', [sample({ version }, 1)]),
    gauge('taskbell_log_position', 'Position of the newest row of the log.', one(Number(top))),
    gauge(
      'taskbell_log_oldest_position',
      'Position of the oldest row that is kept; 0 while there is none.',
      one(Number(oldest)),
    ),
    gauge(
      'taskbell_cursor_lag_events',
      `Rows of the log that the reader has not passed: the reports, each gateway, and the ${MAX_TOLD_CURSORS} named cursors of clients that are the furthest behind.`,
      lagsOf(facts),
    ),
    gauge(
      'taskbell_client_cursors',
      'Named cursors of clients that are kept.',
      one(cursors.length),
    ),
    gauge(
      'taskbell_report_pending_jobs',
      'Ended jobs whose report is not acknowledged.',
      one(report.pending),
    ),
    gauge('taskbell_gateways', 'Gateways that follow the log now.', one(facts.gateways.length)),
  ];
}

function lagsOf({ top, gateways, report, cursors }: MetricFacts): readonly Sample[] {
  const behind = (position: string) => Math.max(0, Number(top) - Number(position));
  return [
    { labels: { cursor: 'report' }, value: behind(report.cursor) },
    ...gateways.map(({ name, lag }) => ({ labels: { cursor: `gateway:${name}` }, value: lag })),
    ...cursors.slice(0, MAX_TOLD_CURSORS).map(({ name, position }) => ({
      ...{ labels: { cursor: name }, value: behind(position) },
    })),
  ];
}

type Count = Exclude<keyof GatewayFigures, 'closedTotal' | 'room' | 'access'>;

const GATEWAY_COUNTS: readonly (readonly [Count, string, Family['type'], string])[] = [
  ['connections', 'connections', 'gauge', 'Open connections.'],
  ['subscriptions', 'subscriptions', 'gauge', 'Topics and patterns, summed over connections.'],
  ['topics', 'topics', 'gauge', 'Topics and patterns that have a subscriber.'],
  ['unreadBytes', 'unread_bytes', 'gauge', 'Bytes that clients have not read, of all connections.'],
  ['residentBytes', 'resident_memory_bytes', 'gauge', 'Resident memory of the process.'],
  [
    'refusedTotal',
    'connections_refused_total',
    'counter',
    'Connections that were put off or dropped because there was no room.',
  ],
  ['openedTotal', 'connections_opened_total', 'counter', 'Connections that were opened.'],
  ['eventsTotal', 'events_total', 'counter', 'Events that had a subscriber.'],
  ['deliveredTotal', 'deliveries_total', 'counter', 'Events times their subscribers.'],
];

interface Seen {
  readonly labels: Labels;
  readonly figures: GatewayFigures;
}

function gatewayFamilies(gateways: readonly GatewayView[]): readonly Family[] {
  const seen = gateways.flatMap(({ name, figures }) =>
    figures === null ? [] : [{ labels: { gateway: name }, figures }],
  );
  const counts = GATEWAY_COUNTS.map(([key, name, type, help]): Family => {
    const samples = seen.map(({ labels, figures }) => ({ labels, value: figures[key] }));
    return { name: `taskbell_gateway_${name}`, type, help, samples };
  });
  const closed = seen.flatMap(({ labels, figures }) =>
    Object.entries(figures.closedTotal).map(([reason, value]) => {
      return { labels: { ...labels, reason }, value };
    }),
  );
  return [
    gauge(
      'taskbell_gateway_up',
      '1: the gateway answered in time; 0: its other figures are missing.',
      gateways.map(({ name, figures }) => sample({ gateway: name }, figures === null ? 0 : 1)),
    ),
    gauge(
      'taskbell_gateway_answer_seconds',
      'How long the gateway took to answer on the stream that brings it the log.',
      gateways.flatMap(({ name, answerMs }) =>
        known({ gateway: name }, answerMs === null ? null : answerMs / 1_000),
      ),
    ),
    ...counts,
    gauge(
      'taskbell_gateway_connections_limit',
      'Connections that it takes at most; missing where there is no end.',
      seen.flatMap(({ labels, figures: { room } }) => known(labels, room)),
    ),
    {
      name: 'taskbell_gateway_connections_closed_total',
      type: 'counter',
      help: 'Connections that ended, by close code; client: it went by itself; silent: it answered no ping.',
      samples: closed,
    },
    ...accessFamilies(seen),
  ];
}

type Access = NonNullable<GatewayFigures['access']>;

const ACCESS_COUNTS: readonly (readonly [keyof Access, string, string])[] = [
  ['hookAsked', 'access_hook_requests_total', 'Questions to the access hook.'],
  ['hookHeld', 'access_hook_cached_total', 'Answers that were known, without a question.'],
  ['hookFailed', 'access_hook_failures_total', 'Questions without an answer: denied.'],
  ['coreAway', 'access_core_away_total', 'Denied because the core gave no answer.'],
];

function accessFamilies(seen: readonly Seen[]): readonly Family[] {
  return ACCESS_COUNTS.map(([key, name, help]) =>
    counter(
      `taskbell_gateway_${name}`,
      help,
      seen.flatMap(({ labels, figures }) => known(labels, figures.access?.[key])),
    ),
  );
}
