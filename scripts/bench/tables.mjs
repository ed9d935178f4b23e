// Bench results as Markdown tables: readable in a terminal, and ready for docs/benchmarks.

/** @param {number} value three significant digits */
export const short = (value) =>
  value === 0
    ? '0'
    : Math.abs(value) >= 1000
      ? Math.round(value).toLocaleString('en')
      : Number(value.toPrecision(3)).toString();

/** @param {{ median: number, p10: number, p90: number } | undefined} value */
const withSpread = (value, suffix = '') =>
  value ? `${short(value.median)}${suffix} (${short(value.p10)}-${short(value.p90)})` : '';

/** @param {string[][]} rows the first is the head */
export function markdownTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [
    line(rows[0]),
    `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`,
    ...rows.slice(1).map(line),
  ].join('\n');
}

const heading = ({ title, target, note }) =>
  [`\n### ${title}`, target ? `To reach: ${target}` : '', note ?? ''].filter(Boolean).join('\n');

/** @param {any} result */
export function formatQuestion(result) {
  const { rows, peer, floor, unit, rounds, iterations } = result;
  const subtracted = rows.some((row) => row.added);
  const head = [
    'contestant',
    `${unit} an operation (p10-p90)`,
    ...(subtracted ? [`added over ${floor}`] : []),
    ...(peer ? [`${subtracted ? 'added, ' : ''}ratio to ${peer}`] : []),
    ...(floor ? [`ratio to ${floor}`] : []),
  ];
  const body = rows.map((row) => [
    row.name,
    withSpread(row),
    ...(subtracted ? [row.name === floor ? '' : withSpread(row.added)] : []),
    ...(peer ? [row.name === peer ? '1' : withSpread(row.toPeer, 'x')] : []),
    ...(floor ? [row.name === floor ? '1' : withSpread(row.toFloor, 'x')] : []),
  ]);
  return `${heading(result)}\n\n${markdownTable([head, ...body])}\n\n${rounds} rounds of ${iterations} operations, in random order.`;
}

/** @param {any} result */
export function formatFigures(result) {
  const columns = [...new Set(result.rows.flatMap((row) => Object.keys(row.values)))];
  const cell = (value) => (typeof value === 'number' ? short(value) : (value ?? ''));
  const body = result.rows.map((row) => [row.name, ...columns.map((column) => cell(row.values[column]))]);
  return `${heading(result)}\n\n${markdownTable([['contestant', ...columns], ...body])}`;
}
