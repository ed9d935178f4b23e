const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const histogramSuffixes = ['_bucket', '_sum', '_count'];

export type MetricType = 'counter' | 'gauge' | 'histogram';

/**
 * Checks the name of a metric by the Prometheus grammar and by the habits that alert rules rely on: a counter ends in
 * `_total`, nothing else does.
 *
 * @throws TypeError
 */
export function checkMetricName(type: MetricType, name: unknown): asserts name is string {
  if (typeof name !== 'string' || !metricName.test(name)) {
    throw new TypeError(
      `Metrics: the name of a ${type} must match ${metricName.source}, received ${show(name)}`,
    );
  }
  if (type === 'counter' && !name.endsWith('_total')) {
    throw new TypeError(`Metrics: the name of a counter must end in _total, received "${name}"`);
  }
  if (type !== 'counter' && name.endsWith('_total')) {
    throw new TypeError(
      `Metrics: only the name of a counter may end in _total, received "${name}" for a ${type}`,
    );
  }
}

/** @throws TypeError when a label name is not allowed, reserved or given twice */
export function checkLabelNames(
  type: MetricType,
  metric: string,
  names: unknown,
): asserts names is readonly string[] {
  if (!Array.isArray(names) || names.length === 0) {
    throw new TypeError(
      `Metrics: "labels" of ${metric} must be a list of at least one name (leave it out for none), received ${show(names)}`,
    );
  }
  for (const [index, name] of names.entries()) {
    checkLabelName(metric, name);
    if (names.indexOf(name) !== index)
      throw new TypeError(`Metrics: ${metric} has the label "${name}" twice`);
    if (type === 'histogram' && name === 'le') {
      throw new TypeError(
        `Metrics: ${metric} may not have the label "le": a histogram writes its buckets there`,
      );
    }
  }
}

/** @throws TypeError */
export function checkLabelName(owner: string, name: unknown): asserts name is string {
  if (typeof name !== 'string' || !labelName.test(name) || name.startsWith('__')) {
    throw new TypeError(
      `Metrics: a label of ${owner} must match ${labelName.source} and not begin with "__", received ${show(name)}`,
    );
  }
}

/** @throws TypeError */
export function checkHelp(metric: string, help: unknown): asserts help is string {
  if (typeof help !== 'string' || help.trim() === '') {
    throw new TypeError(
      `Metrics: "help" of ${metric} must say in a sentence what it measures, received ${show(help)}`,
    );
  }
}

/**
 * The names that a metric would share in the text: a histogram `x` also writes `x_bucket`, `x_sum` and `x_count`, which a
 * gauge of that name would repeat. prom-client looks at `x` alone.
 */
export function namesInConflict(type: MetricType, name: string): { name: string; onlyHistograms: boolean }[] {
  const conflicts = [{ name, onlyHistograms: false }];
  for (const suffix of histogramSuffixes) {
    if (type === 'histogram') conflicts.push({ name: name + suffix, onlyHistograms: false });
    if (name.endsWith(suffix)) conflicts.push({ name: name.slice(0, -suffix.length), onlyHistograms: true });
  }
  return conflicts;
}

function show(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`;
  return Array.isArray(value) ? `[${value.map(show).join(', ')}]` : String(value);
}
