// what-a-call-costs.bench.ts

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
  const names2 = Object.keys(contestants);
  const times = Object.fromEntries(names2.map((name) => [name, []]));
  for (const name of [...names2, ...names2]) await contestants[name](Math.max(1, Math.ceil(iterations / 2)));
  for (let round = 0; round < rounds; round++) {
    for (const name of shuffled(names2)) {
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

// what-a-call-costs.bench.ts
var names = ['method', 'route', 'status'];
var routes = Array.from({ length: 20 }, (_, index) => `/api/things/${index}/:id`);
var methods = ['GET', 'POST', 'PUT', 'DELETE'];
var statuses = [200, 201, 404, 500, 503];
var labelSets = Array.from({ length: 400 }, (_, index) => ({
  method: methods[(index * 7) % 4],
  route: routes[(index * 13) % 20],
  status: statuses[(index * 3) % 5],
}));
var setAt = (index) => labelSets[index % 400];
var help = 'Bench.';
var metrics = new Metrics();
var registers = [new Registry()];
var counter = metrics.counter({ name: 'bench_total', help, labels: names });
var peerCounter = new Counter({ name: 'bench_total', help, labelNames: names, registers });
var histogram = metrics.histogram({ name: 'bench_seconds', help, labels: names });
var peerHistogram = new Histogram({ name: 'bench_seconds', help, labelNames: names, registers });
var peer = 'prom-client 15';
await question({
  title: 'counter: inc with 3 labels, over 400 label sets',
  peer,
  target: 'ours <= 0.3 of the peer',
  iterations: 2e5,
  rounds: 15,
  contestants: {
    [peer]: (operations) => {
      for (let index = 0; index < operations; index++) peerCounter.inc(setAt(index));
    },
    mainstay: (operations) => {
      for (let index = 0; index < operations; index++) counter.inc(setAt(index));
    },
  },
});
var bound = counter.labels(setAt(0));
var peerBound = peerCounter.labels(setAt(0));
var plain = 0;
await question({
  title: 'counter: inc of a bound child with 3 labels',
  floor: 'plain addition',
  peer,
  target: 'ours <= 0.05 of the peer',
  iterations: 1e6,
  rounds: 15,
  note: 'The plain addition is a loop that the compiler can simplify: read it as "about nothing".',
  contestants: {
    'plain addition': (operations) => {
      for (let index = 0; index < operations; index++) plain += 1;
    },
    [peer]: (operations) => {
      for (let index = 0; index < operations; index++) peerBound.inc();
    },
    mainstay: (operations) => {
      for (let index = 0; index < operations; index++) bound.inc();
    },
  },
});
var seconds = Array.from({ length: 97 }, (_, index) => 1e-3 * 1.11 ** index);
var secondsAt = (index) => seconds[index % 97];
await question({
  title: 'histogram: observe with 3 labels and 11 buckets, over 400 label sets',
  peer,
  target: 'ours <= 0.3 of the peer',
  iterations: 2e5,
  rounds: 15,
  contestants: {
    [peer]: (operations) => {
      for (let index = 0; index < operations; index++) peerHistogram.observe(setAt(index), secondsAt(index));
    },
    mainstay: (operations) => {
      for (let index = 0; index < operations; index++) histogram.observe(setAt(index), secondsAt(index));
    },
  },
});
var boundHistogram = histogram.labels(setAt(0));
var peerBoundHistogram = peerHistogram.labels(setAt(0));
await question({
  title: 'histogram: observe of a bound child with 3 labels and 11 buckets',
  peer,
  target: 'ours <= 0.1 of the peer',
  iterations: 5e5,
  rounds: 15,
  contestants: {
    [peer]: (operations) => {
      for (let index = 0; index < operations; index++) peerBoundHistogram.observe(secondsAt(index));
    },
    mainstay: (operations) => {
      for (let index = 0; index < operations; index++) boundHistogram.observe(secondsAt(index));
    },
  },
});
if (plain < 0) console.log(plain);
