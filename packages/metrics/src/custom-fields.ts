import { type ComponentMetric, single, split, stateSet } from './component-metric.js';
import { checkHelp, checkLabelName, checkMetricName } from './names.js';

/** How one field, or several, of a component's `stats()` become a metric. */
export type ComponentField =
  /** A number. `scale` turns the field's unit into the metric's, for instance 0.001 for milliseconds to seconds. */
  | { name: string; help: string; type: 'counter' | 'gauge'; field: string; scale?: number }
  /** Numbers, one series each: `{ label: 'outcome', fields: { granted: 'grantedCalls', refused: 'refusedCalls' } }`. */
  | {
      name: string;
      help: string;
      type: 'counter' | 'gauge';
      label: string;
      fields: Readonly<Record<string, string>>;
    }
  /** A string that is one of `states`: one series a state, 1 for the present one and 0 for the others. */
  | { name: string; help: string; type: 'gauge'; label: string; field: string; states: readonly string[] };

/**
 * Checks the mapping of a caller's own kind of component.
 *
 * @throws TypeError
 */
export function readFields(kind: string, fields: unknown): ComponentMetric[] {
  if (!Array.isArray(fields) || fields.length === 0) {
    throw new TypeError(
      `Metrics: "fields" for components of kind "${kind}" must be a list of at least one metric`,
    );
  }
  const metrics = (fields as ComponentField[]).map(readField);
  for (const [index, { name }] of metrics.entries()) {
    if (metrics.findIndex((other) => other.name === name) !== index) {
      throw new TypeError(
        `Metrics: "fields" for components of kind "${kind}" have the metric "${name}" twice`,
      );
    }
  }
  return metrics;
}

function readField(field: ComponentField): ComponentMetric {
  const { name, help, type } = field ?? {};
  if (type !== 'counter' && type !== 'gauge') {
    throw new TypeError(`Metrics: "type" in "fields" must be "counter" or "gauge", received ${String(type)}`);
  }
  checkMetricName(type, name);
  checkHelp(name, help);
  if ('label' in field) {
    checkLabelName(name, field.label);
    if (field.label === 'name')
      throw new TypeError(`Metrics: the label "name" of ${name} is the component's own`);
  }
  if ('states' in field) {
    checkTexts(name, 'states', field.states);
    checkTexts(name, 'field', [field.field]);
    if (type !== 'gauge') throw new TypeError(`Metrics: ${name} has states, so its type must be "gauge"`);
    return stateSet({ name, help }, field.label, field.field, [...field.states]);
  }
  if ('fields' in field) {
    checkTexts(name, 'fields', Object.values(field.fields ?? {}));
    return split({ name, help, type }, field.label, { ...field.fields });
  }
  const { scale = 1 } = field;
  checkTexts(name, 'field', [field.field]);
  if (!Number.isFinite(scale)) throw new TypeError(`Metrics: "scale" of ${name} must be a finite number`);
  return single({ name, help, type }, field.field, scale);
}

function checkTexts(metric: string, option: string, texts: unknown): void {
  if (!Array.isArray(texts) || texts.length === 0 || !texts.every((text) => typeof text === 'string')) {
    throw new TypeError(`Metrics: "${option}" of ${metric} must name at least one field or state of stats()`);
  }
}
