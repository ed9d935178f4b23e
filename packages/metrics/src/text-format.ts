/**
 * The Prometheus text format 0.0.4: how a help text, a label and a number are written.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */

/** Labels that are put on every series of a registry; a label of the same name on the series itself wins. */
export type DefaultLabels = Readonly<Record<string, unknown>>;

/** Escapes a help text: backslash and line feed. */
function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

/** Escapes a label value: backslash, line feed and double quote. */
function escapeLabelValue(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

/** A sample value as Prometheus reads it: shortest digits that give the same double, `+Inf`, `-Inf`, `NaN`. */
export function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return `${value}`;
}

/** `a="x",b="y"`, without braces; empty without labels. */
export function formatLabels(names: readonly string[], values: readonly string[]): string {
  let text = '';
  for (let index = 0; index < names.length; index++) {
    if (index > 0) text += ',';
    text += `${names[index]}="${escapeLabelValue(values[index] ?? '')}"`;
  }
  return text;
}

/** The default labels that a metric with these label names still needs, written as `formatLabels` does. */
export function formatDefaultLabels(defaults: DefaultLabels, ownNames: readonly string[]): string {
  const missing = Object.keys(defaults).filter((name) => !ownNames.includes(name));
  return formatLabels(
    missing,
    missing.map((name) => String(defaults[name])),
  );
}

/** Joins two label texts, either of which may be empty. */
export function joinLabels(first: string, second: string): string {
  if (first === '') return second;
  return second === '' ? first : `${first},${second}`;
}

/** The two comment lines that open a metric. */
export function formatHead(name: string, help: string, type: string): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
}
