// what-a-scrape-costs.bench.ts

// ../../../scripts/bench/harness.mjs
import { appendFileSync } from 'node:fs';
import { Metrics } from '@mainstay/metrics';
import { Counter, Histogram, Registry } from 'prom-client';

// ../../../scripts/bench/statistics.mjs
function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const above = Math.ceil(position);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}
var spread = (values) => ({
  median: quantile(values, 0.5),
  p10: quantile(values, 0.1),
  p90: quantile(values, 0.9),
});
var pairedRatio = (values, reference) => spread(values.map((value, round) => value / reference[round]));
function shuffled(items) {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}

// ../../../scripts/bench/tables.mjs
var short = (value) =>
  value === 0
    ? '0'
    : Math.abs(value) >= 1e3
      ? Math.round(value).toLocaleString('en')
      : Number(value.toPrecision(3)).toString();
var withSpread = (value, suffix = '') =>
  value ? `${short(value.median)}${suffix} (${short(value.p10)}-${short(value.p90)})` : '';
function markdownTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [
    line(rows[0]),
    `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`,
    ...rows.slice(1).map(line),
  ].join('\n');
}
var heading = ({ title, target, note }) =>
  [
    `
### ${title}`,
    target ? `To reach: ${target}` : '',
    note ?? '',
  ]
    .filter(Boolean)
    .join('\n');
function formatQuestion(result) {
  const { rows, peer: peer2, floor, unit, rounds, iterations } = result;
  const subtracted = rows.some((row) => row.added);
  const head = [
    'contestant',
    `${unit} an operation (p10-p90)`,
    ...(subtracted ? [`added over ${floor}`] : []),
    ...(peer2 ? [`${subtracted ? 'added, ' : ''}ratio to ${peer2}`] : []),
    ...(floor ? [`ratio to ${floor}`] : []),
  ];
  const body = rows.map((row) => [
    row.name,
    withSpread(row),
    ...(subtracted ? [row.name === floor ? '' : withSpread(row.added)] : []),
    ...(peer2 ? [row.name === peer2 ? '1' : withSpread(row.toPeer, 'x')] : []),
    ...(floor ? [row.name === floor ? '1' : withSpread(row.toFloor, 'x')] : []),
  ]);
  return `${heading(result)}

${markdownTable([head, ...body])}

${rounds} rounds of ${iterations} operations, in random order.`;
}
function formatFigures(result) {
  const columns = [...new Set(result.rows.flatMap((row) => Object.keys(row.values)))];
  const cell = (value) => (typeof value === 'number' ? short(value) : (value ?? ''));
  const body = result.rows.map((row) => [row.name, ...columns.map((column) => cell(row.values[column]))]);
  return `${heading(result)}

${markdownTable([['contestant', ...columns], ...body])}`;
}

// ../../../scripts/bench/harness.mjs
var nanosecondsPer = { ns: 1, us: 1e3, ms: 1e6 };
async function timed(run, operations) {
  const start = process.hrtime.bigint();
  await run(operations);
  return Number(process.hrtime.bigint() - start) / operations;
}
async function play({ contestants, iterations, rounds }) {
  const names = Object.keys(contestants);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (const name of [...names, ...names]) await contestants[name](Math.max(1, Math.ceil(iterations / 2)));
  for (let round = 0; round < rounds; round++) {
    for (const name of shuffled(names)) {
      globalThis.gc?.();
      times[name].push(await timed(contestants[name], iterations));
    }
  }
  return times;
}
function mustCompete(name, role, contestants) {
  if (name !== void 0 && !(name in contestants)) {
    throw new TypeError(
      `question: ${role} "${name}" is not among the contestants ${Object.keys(contestants).join(', ')}`,
    );
  }
}
async function question(spec) {
  mustCompete(spec.floor, 'floor', spec.contestants);
  mustCompete(spec.peer, 'peer', spec.contestants);
  const times = await play(spec);
  const floor = spec.floor === void 0 ? void 0 : times[spec.floor];
  const counted = (values) =>
    spec.subtractFloor && floor ? values.map((value, round) => value - floor[round]) : values;
  const rows = Object.entries(times).map(([name, values]) => {
    const scaled = values.map((value) => value / nanosecondsPer[spec.unit ?? 'ns']);
    return {
      name,
      ...spread(scaled),
      ...(spec.subtractFloor && floor
        ? { added: spread(counted(values).map((value) => value / nanosecondsPer[spec.unit ?? 'ns'])) }
        : {}),
      ...(spec.peer && name !== spec.peer && !(spec.subtractFloor && name === spec.floor)
        ? { toPeer: pairedRatio(counted(values), counted(times[spec.peer])) }
        : {}),
      ...(floor && name !== spec.floor ? { toFloor: pairedRatio(values, floor) } : {}),
    };
  });
  const { title, target, peer: peer2, floor: floorName, iterations, rounds, note, unit = 'ns' } = spec;
  publish({
    kind: 'question',
    title,
    target,
    peer: peer2,
    floor: floorName,
    iterations,
    rounds,
    unit,
    note,
    rows,
  });
}
function publish(result) {
  if (process.env.MAINSTAY_BENCH_REPORT) {
    appendFileSync(
      process.env.MAINSTAY_BENCH_REPORT,
      `${JSON.stringify(result)}
`,
    );
  }
  if (process.env.MAINSTAY_BENCH_QUIET !== '1') {
    console.log(result.kind === 'question' ? formatQuestion(result) : formatFigures(result));
  }
}

// what-a-scrape-costs.bench.ts
var help = 'Bench.';
var labelNames = ['method', 'route', 'status'];
var peer = 'prom-client 15';
function labelsOf(index) {
  return {
    method: index % 2 === 0 ? 'GET' : 'POST',
    route: `/api/things/${index}`,
    status: 200 + (index % 3),
  };
}
async function scrape(render, operations) {
  for (let index = 0; index < operations; index++) Buffer.from(await render());
}
{
  const metrics = new Metrics({ maxSeries: 1e4 });
  const register = new Registry();
  const ours = metrics.counter({ name: 'bench_total', help, labels: labelNames });
  const theirs = new Counter({ name: 'bench_total', help, labelNames, registers: [register] });
  for (let index = 0; index < 1e4; index++) {
    ours.inc(labelsOf(index), index);
    theirs.inc(labelsOf(index), index);
  }
  await question({
    title: 'scrape of 10,000 counters with 3 labels, encoded: how long the loop is blocked',
    peer,
    target: 'ours <= 0.2 of the peer',
    iterations: 5,
    rounds: 15,
    unit: 'ms',
    note: 'Line prefixes are made at the first scrape and kept, which costs memory; the rounds measure later scrapes.',
    contestants: {
      [peer]: (operations) => scrape(() => register.metrics(), operations),
      mainstay: (operations) => scrape(() => metrics.render(), operations),
    },
  });
}
{
  const metrics = new Metrics({ maxSeries: 1e3 });
  const register = new Registry();
  const ours = metrics.histogram({ name: 'bench_seconds', help, labels: labelNames });
  const theirs = new Histogram({ name: 'bench_seconds', help, labelNames, registers: [register] });
  for (let index = 0; index < 1e3; index++) {
    ours.observe(labelsOf(index), index / 100);
    theirs.observe(labelsOf(index), index / 100);
  }
  await question({
    title: 'scrape of 1,000 histogram label sets of 14 lines, encoded: how long the loop is blocked',
    peer,
    target: 'ours <= 0.3 of the peer',
    iterations: 5,
    rounds: 15,
    unit: 'ms',
    contestants: {
      [peer]: (operations) => scrape(() => register.metrics(), operations),
      mainstay: (operations) => scrape(() => metrics.render(), operations),
    },
  });
}
