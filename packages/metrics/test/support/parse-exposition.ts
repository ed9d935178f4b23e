/** A strict reader of the Prometheus text format 0.0.4: it throws at anything that Prometheus would refuse or warn of. */
interface ParsedSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface ParsedMetric {
  help: string;
  type: string;
  samples: ParsedSample[];
}

const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s;
const suffixes: Record<string, readonly string[]> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

export function parseExposition(text: string): Map<string, ParsedMetric> {
  if (!text.endsWith('\n')) throw new Error('the text does not end with a line feed');
  const metrics = new Map<string, ParsedMetric>();
  const seen = new Set<string>();
  let current = '';
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const head = /^# (HELP|TYPE) (\S+) (.*)$/s.exec(line);
    if (head !== null) {
      const [, keyword, name = '', rest = ''] = head;
      if (keyword === 'HELP') {
        if (metrics.has(name)) throw new Error(`${name} appears twice`);
        metrics.set(name, { help: unescapeText(rest, false), type: '', samples: [] });
        current = name;
      } else {
        if (name !== current) throw new Error(`TYPE of ${name} without its HELP`);
        metric(metrics, name).type = rest;
      }
      continue;
    }
    const match = sampleLine.exec(line);
    if (match === null) throw new Error(`not a sample: ${line}`);
    const [, name = '', labelText = '', value = ''] = match;
    const owner = metric(metrics, current);
    if (!(suffixes[owner.type] ?? ['']).some((suffix) => current + suffix === name)) {
      throw new Error(`${name} stands among the samples of ${current}`);
    }
    const labels = parseLabels(labelText);
    const identity = JSON.stringify([name, Object.entries(labels).sort()]);
    if (seen.has(identity)) throw new Error(`the series ${line} appears twice`);
    seen.add(identity);
    owner.samples.push({ name, labels, value: parseValue(value) });
  }
  return metrics;
}

/** The value of one series, undefined when it is not there. */
export function readValue(
  text: string,
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  for (const { samples } of parseExposition(text).values()) {
    for (const sample of samples) {
      if (sample.name === name && sameLabels(sample.labels, labels)) return sample.value;
    }
  }
  return undefined;
}

function sameLabels(one: Record<string, string>, other: Record<string, string>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

function metric(metrics: Map<string, ParsedMetric>, name: string): ParsedMetric {
  const found = metrics.get(name);
  if (found === undefined) throw new Error(`${name} has no HELP`);
  return found;
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = Object.create(null);
  let rest = text;
  while (rest !== '') {
    const match = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\n|\\")*)"(,|$)/.exec(rest);
    if (match === null) throw new Error(`not labels: ${rest}`);
    const [all, name = '', value = ''] = match;
    if (name in labels) throw new Error(`the label ${name} appears twice`);
    labels[name] = unescapeText(value, true);
    rest = rest.slice(all.length);
  }
  return labels;
}

function unescapeText(text: string, quotes: boolean): string {
  return text.replace(/\\(.)/gs, (_, char: string) => {
    if (char === 'n') return '\n';
    if (char === '\\' || (quotes && char === '"')) return char;
    throw new Error(`unknown escape \\${char}`);
  });
}

function parseValue(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  if (text === 'NaN' || text === 'Nan') return Number.NaN;
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new Error(`not a value: ${text}`);
  return value;
}
