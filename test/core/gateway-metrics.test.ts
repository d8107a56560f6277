/** The text of the metrics, read as strictly as the format allows. */
import { expect, test } from 'vitest';
import {
  eventFamilies,
  MAX_TOLD_CURSORS,
  type MetricFacts,
} from '../../src/core/gateway-metrics.ts';
import { renderFamilies } from '../../src/core/metric-text.ts';
import { parseMetrics } from './prometheus-text.ts';

const FIGURES = {
  ...{ connections: 3, subscriptions: 5, topics: 4, unreadBytes: 17, residentBytes: 1_048_576 },
  ...{ room: 500, refusedTotal: 8 },
  ...{ openedTotal: 9, eventsTotal: 20, deliveredTotal: 60 },
  closedTotal: { client: 2, silent: 1, '4408': 3 },
  access: { hookAsked: 5, hookHeld: 7, hookFailed: 1, coreAway: 2 },
};

function facts(over: Partial<MetricFacts> = {}): MetricFacts {
  return {
    ...{ version: '1.2.3', top: '100', oldest: '11' },
    gateways: [
      { name: 'a', pid: 1, figures: FIGURES, lag: 4, answerMs: 2.5 },
      { name: 'b', pid: 2, figures: null, lag: 90, answerMs: null },
    ],
    report: { cursor: '40', pending: 6 },
    cursors: [{ name: 'client:ada:phone', position: '30' }],
    ...over,
  };
}

function read(over: Partial<MetricFacts> = {}) {
  return parseMetrics(renderFamilies(eventFamilies(facts(over))));
}

test('every family has its help, its type and a unit in its name where it has one', () => {
  const families = read();
  for (const { name, type, help } of families.values()) {
    expect(help, name).not.toBe('');
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    expect(name, name).toMatch(/^taskbell_/);
  }
});

test('the lag of each cursor is the log top minus its position', () => {
  expect(read().get('taskbell_cursor_lag_events')?.samples).toEqual([
    { labels: { cursor: 'report' }, value: 60 },
    { labels: { cursor: 'gateway:a' }, value: 4 },
    { labels: { cursor: 'gateway:b' }, value: 90 },
    { labels: { cursor: 'client:ada:phone' }, value: 70 },
  ]);
});

test('the room of each gateway is told, and how many found none', () => {
  const labels = { gateway: 'a' };
  const samples = (name: string) => read().get(`taskbell_gateway_connections_${name}`)?.samples;
  expect(samples('limit')).toEqual([{ labels, value: 500 }]);
  expect(samples('refused_total')).toEqual([{ labels, value: 8 }]);
  const endless = { name: 'a', pid: 1, figures: { ...FIGURES, room: null }, lag: 0, answerMs: 1 };
  const without = read({ gateways: [endless] });
  expect(without.get('taskbell_gateway_connections_limit')?.samples).toEqual([]);
});

test('connections that ended are counted by reason', () => {
  expect(read().get('taskbell_gateway_connections_closed_total')?.samples).toEqual([
    { labels: { gateway: 'a', reason: '4408' }, value: 3 },
    { labels: { gateway: 'a', reason: 'client' }, value: 2 },
    { labels: { gateway: 'a', reason: 'silent' }, value: 1 },
  ]);
});

test('what the access hook was asked is counted, and missing where a gateway does not say', () => {
  const labels = { gateway: 'a' };
  const samples = (name: string) => read().get(`taskbell_gateway_access_${name}`)?.samples;
  expect(samples('hook_requests_total')).toEqual([{ labels, value: 5 }]);
  expect(samples('hook_cached_total')).toEqual([{ labels, value: 7 }]);
  expect(samples('hook_failures_total')).toEqual([{ labels, value: 1 }]);
  expect(samples('core_away_total')).toEqual([{ labels, value: 2 }]);
  const { access: _, ...older } = FIGURES;
  const former = { name: 'a', pid: 1, figures: older, lag: 0, answerMs: 1 };
  const families = read({ gateways: [former] });
  expect(families.get('taskbell_gateway_access_hook_requests_total')?.samples).toEqual([]);
});

test('a gateway that does not answer is down, and has no figures that would be wrong', () => {
  const families = read();
  expect(families.get('taskbell_gateway_up')?.samples).toEqual([
    { labels: { gateway: 'a' }, value: 1 },
    { labels: { gateway: 'b' }, value: 0 },
  ]);
  expect(families.get('taskbell_gateway_connections')?.samples).toEqual([
    { labels: { gateway: 'a' }, value: 3 },
  ]);
  expect(families.get('taskbell_gateway_answer_seconds')?.samples).toEqual([
    { labels: { gateway: 'a' }, value: 0.0025 },
  ]);
});

test('names of users cannot break the text, whatever is in them', () => {
  const name = 'client:a"b\\c\nd}:phone';
  const families = read({ cursors: [{ name, position: '0' }] });
  const labels = families
    .get('taskbell_cursor_lag_events')
    ?.samples.map((one) => one.labels.cursor);
  expect(labels).toContain(name);
});

test('however many cursors clients have, only some are told, and all are counted', () => {
  const cursors = Array.from({ length: 500 }, (_, n) => ({
    ...{ name: `client:u${n}:a`, position: String(n) },
  }));
  const families = read({ top: '1000', gateways: [], cursors });
  const samples = families.get('taskbell_cursor_lag_events')?.samples ?? [];
  expect(samples).toHaveLength(MAX_TOLD_CURSORS + 1);
  expect(samples[1]).toEqual({ labels: { cursor: 'client:u0:a' }, value: 1_000 });
  expect(families.get('taskbell_client_cursors')?.samples[0]?.value).toBe(500);
});

test('the reader of these tests refuses what is no such text', () => {
  const head = '# HELP a b\n# TYPE a gauge\n';
  for (const bad of ['a 1', `${head}a 1`, `${head}b 1\n`, `${head}a x\n`, `${head}a{b="\n"} 1\n`]) {
    expect(() => parseMetrics(bad), bad).toThrow();
  }
  expect(() => parseMetrics(`${head}a 1\na 2\n`)).toThrow(/twice/);
  const histogram = '# HELP h b\n# TYPE h histogram\n';
  const whole = `${histogram}h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 3\nh_sum 4\nh_count 3\n`;
  expect(parseMetrics(whole).get('h')?.samples).toHaveLength(4);
  const broken = [
    whole.replace('h_sum 4\n', ''),
    whole.replace('le="+Inf"} 3', 'le="+Inf"} 1'),
    whole.replace('h_count 3', 'h_count 4'),
    whole.replace('+Inf', '5'),
    `${histogram}h 1\n`,
  ];
  for (const bad of broken) expect(() => parseMetrics(bad), bad).toThrow();
});
