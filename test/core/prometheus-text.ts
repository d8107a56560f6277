/** Reads the text format of Prometheus, version 0.0.4, and refuses whatever a strict reader may refuse. */

export interface MetricFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: { readonly labels: Record<string, string>; readonly value: number }[];
}

const HELP = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/;
const TYPE = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge)$/;
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
  return families;
}

function addSample(family: MetricFamily, line: string): void {
  const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
  if (name !== family.name) throw new Error(`no sample of ${family.name}: ${line}`);
  const read = readLabels(labels);
  const key = JSON.stringify(read);
  if (family.samples.some((other) => JSON.stringify(other.labels) === key)) {
    throw new Error(`the same sample twice: ${line}`);
  }
  family.samples.push({ labels: read, value: Number(value) });
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
