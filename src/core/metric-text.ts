/**
 * Families of figures, and their text in the format of Prometheus, version 0.0.4. Pure; knows no figure.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import type { BucketCounts } from './bucket-histogram.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** Of a histogram: `_bucket`, `_sum` or `_count`. */
  readonly suffix?: string;
}

export interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly help: string;
  readonly samples: readonly Sample[];
}

export function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: 'gauge', help, samples };
}

export function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: 'counter', help, samples };
}

export function histogram(
  name: string,
  help: string,
  all: readonly { readonly labels: Labels; readonly counts: BucketCounts }[],
): Family {
  const samples = all.flatMap(({ labels, counts }) => bucketSamples(labels, counts));
  return { name, type: 'histogram', help, samples };
}

export function sample(labels: Labels, value: number): Sample {
  return { labels, value };
}

export function one(value: number): readonly Sample[] {
  return [sample({}, value)];
}

/** No sample where there is no figure. */
export function known(labels: Labels, value: number | null | undefined): readonly Sample[] {
  return value === null || value === undefined ? [] : [sample(labels, value)];
}

export function renderFamilies(families: readonly Family[]): string {
  return families.map(renderFamily).join('');
}

function bucketSamples(labels: Labels, { buckets, sum, count }: BucketCounts): readonly Sample[] {
  const own = buckets.map(({ upTo, count: n }) => {
    const le = Number.isFinite(upTo) ? String(upTo) : '+Inf';
    return { labels: { ...labels, le }, value: n, suffix: '_bucket' };
  });
  return [
    ...own,
    { labels, value: sum, suffix: '_sum' },
    { labels, value: count, suffix: '_count' },
  ];
}

function renderFamily({ name, type, help, samples }: Family): string {
  const head = `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
  const lines = samples.map(
    ({ labels, value, suffix = '' }) => `${name}${suffix}${renderLabels(labels)} ${value}\n`,
  );
  return head + lines.join('');
}

function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
