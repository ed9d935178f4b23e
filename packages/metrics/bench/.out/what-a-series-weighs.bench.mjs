// what-a-series-weighs.bench.ts
import { Metrics } from "@mainstay/metrics";
import { Counter, Histogram, Registry } from "prom-client";

// ../../../scripts/bench/harness.mjs
import { appendFileSync } from "node:fs";

// ../../../scripts/bench/tables.mjs
var short = (value) => value === 0 ? "0" : Math.abs(value) >= 1e3 ? Math.round(value).toLocaleString("en") : Number(value.toPrecision(3)).toString();
var withSpread = (value, suffix = "") => value ? `${short(value.median)}${suffix} (${short(value.p10)}-${short(value.p90)})` : "";
function markdownTable(rows2) {
  const widths = rows2[0].map((_, column) => Math.max(...rows2.map((row) => (row[column] ?? "").length)));
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
  return [
    line(rows2[0]),
    `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`,
    ...rows2.slice(1).map(line)
  ].join("\n");
}
var heading = ({ title, target, note }) => [`
### ${title}`, target ? `To reach: ${target}` : "", note ?? ""].filter(Boolean).join("\n");
function formatQuestion(result) {
  const { rows: rows2, peer, floor, unit, rounds, iterations } = result;
  const subtracted = rows2.some((row) => row.added);
  const head = [
    "contestant",
    `${unit} an operation (p10-p90)`,
    ...subtracted ? [`added over ${floor}`] : [],
    ...peer ? [`${subtracted ? "added, " : ""}ratio to ${peer}`] : [],
    ...floor ? [`ratio to ${floor}`] : []
  ];
  const body = rows2.map((row) => [
    row.name,
    withSpread(row),
    ...subtracted ? [row.name === floor ? "" : withSpread(row.added)] : [],
    ...peer ? [row.name === peer ? "1" : withSpread(row.toPeer, "x")] : [],
    ...floor ? [row.name === floor ? "1" : withSpread(row.toFloor, "x")] : []
  ]);
  return `${heading(result)}

${markdownTable([head, ...body])}

${rounds} rounds of ${iterations} operations, in random order.`;
}
function formatFigures(result) {
  const columns = [...new Set(result.rows.flatMap((row) => Object.keys(row.values)))];
  const cell = (value) => typeof value === "number" ? short(value) : value ?? "";
  const body = result.rows.map((row) => [row.name, ...columns.map((column) => cell(row.values[column]))]);
  return `${heading(result)}

${markdownTable([["contestant", ...columns], ...body])}`;
}

// ../../../scripts/bench/harness.mjs
function figures(spec) {
  publish({ kind: "figures", ...spec });
}
function publish(result) {
  if (process.env.MAINSTAY_BENCH_REPORT) {
    appendFileSync(process.env.MAINSTAY_BENCH_REPORT, `${JSON.stringify(result)}
`);
  }
  if (process.env.MAINSTAY_BENCH_QUIET !== "1") {
    console.log(result.kind === "question" ? formatQuestion(result) : formatFigures(result));
  }
}

// what-a-series-weighs.bench.ts
var help = "Bench.";
var labelNames = ["method", "route", "status"];
var series = 1e4;
function labelsOf(index) {
  return {
    method: index % 2 === 0 ? "GET" : "POST",
    route: `/api/things/${index}`,
    status: 200 + index % 3
  };
}
var kept = [];
function heap() {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
async function timeOf(render) {
  const start = performance.now();
  await render();
  return performance.now() - start;
}
async function weigh(make) {
  const registry = make();
  kept.push(registry);
  const empty = heap();
  for (let index = 0; index < series; index++) registry.fill(index);
  const filled = heap();
  const firstScrapeMs = await timeOf(() => registry.render());
  await new Promise((resolve) => setImmediate(resolve));
  const rendered = heap();
  return {
    "bytes a series": Math.round((filled - empty) / series),
    "after a scrape": Math.round((rendered - empty) / series),
    "first scrape ms": Math.round(firstScrapeMs)
  };
}
var makers = {
  "prom-client 15, counters": () => {
    const register = new Registry();
    const counter = new Counter({ name: "bench_total", help, labelNames, registers: [register] });
    return { fill: (index) => counter.inc(labelsOf(index)), render: () => register.metrics() };
  },
  "mainstay, counters": () => {
    const metrics = new Metrics({ maxSeries: series });
    const counter = metrics.counter({ name: "bench_total", help, labels: labelNames });
    return { fill: (index) => counter.inc(labelsOf(index)), render: () => metrics.render() };
  },
  "prom-client 15, histograms": () => {
    const register = new Registry();
    const histogram = new Histogram({ name: "bench_seconds", help, labelNames, registers: [register] });
    return {
      fill: (index) => histogram.observe(labelsOf(index), 1),
      render: () => register.metrics()
    };
  },
  "mainstay, histograms": () => {
    const metrics = new Metrics({ maxSeries: series });
    const histogram = metrics.histogram({ name: "bench_seconds", help, labels: labelNames });
    return { fill: (index) => histogram.observe(labelsOf(index), 1), render: () => metrics.render() };
  }
};
var rows = [];
for (const [name, make] of Object.entries(makers)) rows.push({ name, values: await weigh(make) });
figures({
  title: `memory of ${series.toLocaleString("en")} label sets with 3 labels, one of them different for each`,
  target: "ours <= 1 of the peer",
  note: "Heap and array buffers after a full collection; a histogram has 11 buckets. One reading each.",
  rows
});
