/** Reads the text format of Prometheus, version 0.0.4, and refuses whatever a strict reader may refuse. */

export interface MetricFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: MetricSample[];
}

export interface MetricSample {
  readonly labels: Record<string, string>;
  readonly value: number;
  /** Of a histogram: what the sample is of it. */
  readonly suffix?: string;
}

const HELP = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/;
const TYPE = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/;

export function parseMetrics(text: string): ReadonlyMap<string, MetricFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, MetricFamily>();
  const lines = text.slice(0, -1).split('\n');
  let current: MetricFamily | undefined;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const [, name, help] = HELP.exec(line) ?? [];
    if (name === undefined || help === undefined) {
      if (current === undefined) throw new Error(`a sample before its family: ${line}`);
      addSample(current, line);
      continue;
    }
    const [, typed, type] = TYPE.exec(lines[at + 1] ?? '') ?? [];
    if (typed !== name || type === undefined) throw new Error(`no type after ${line}`);
    if (families.has(name)) throw new Error(`${name} stands there twice`);
    current = { name, type, help, samples: [] };
    families.set(name, current);
    at += 1;
  }
  for (const family of families.values()) if (family.type === 'histogram') checkHistogram(family);
  return families;
}

function addSample(family: MetricFamily, line: string): void {
  const [, name = '', labels = '', value] = SAMPLE.exec(line) ?? [];
  const suffix = suffixOf(family, name);
  if (suffix === undefined) throw new Error(`no sample of ${family.name}: ${line}`);
  const read = readLabels(labels);
  const key = JSON.stringify([suffix, read]);
  if (family.samples.some((other) => JSON.stringify([other.suffix ?? '', other.labels]) === key)) {
    throw new Error(`the same sample twice: ${line}`);
  }
  const own = { labels: read, value: Number(value) };
  family.samples.push(suffix === '' ? own : { ...own, suffix });
}

/** Undefined: it is none of the family. */
function suffixOf({ name, type }: MetricFamily, sample: string): string | undefined {
  if (type !== 'histogram') return sample === name ? '' : undefined;
  return ['_bucket', '_sum', '_count'].find((suffix) => sample === name + suffix);
}

/** Every series has its buckets up to the infinite one, none smaller than the one before, its sum and its count. */
function checkHistogram({ name, samples }: MetricFamily): void {
  const series = new Map<string, MetricSample[]>();
  for (const sample of samples) {
    const { le: _, ...rest } = sample.labels;
    const key = JSON.stringify(rest);
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const [key, own] of series) {
    const buckets = own.filter(({ suffix }) => suffix === '_bucket');
    const count = own.find(({ suffix }) => suffix === '_count')?.value;
    const sum = own.find(({ suffix }) => suffix === '_sum');
    const bounds = buckets.map(({ labels }) =>
      Number((labels.le ?? '').replace('+Inf', 'Infinity')),
    );
    const rises = (values: readonly number[]) =>
      values.every((value, at) => at === 0 || value >= (values[at - 1] ?? 0));
    const isWhole =
      rises(bounds) && bounds.at(-1) === Number.POSITIVE_INFINITY && !bounds.some(Number.isNaN);
    const isSound = rises(buckets.map(({ value }) => value)) && buckets.at(-1)?.value === count;
    if (!isWhole || !isSound || sum === undefined) throw new Error(`broken: ${name} ${key}`);
  }
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const [all, name, value] = LABEL.exec(rest) ?? [];
    if (all === undefined || name === undefined) throw new Error(`broken labels: ${rest}`);
    if (Object.hasOwn(labels, name)) throw new Error(`the label ${name} twice`);
    labels[name] = (value ?? '').replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));
    rest = rest.slice(all.length);
  }
  return labels;
}
