// scripts/bench/harness.mjs
import { appendFileSync } from "node:fs";

// scripts/bench/statistics.mjs
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
  p90: quantile(values, 0.9)
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

// scripts/bench/tables.mjs
var short = (value) => value === 0 ? "0" : Math.abs(value) >= 1e3 ? Math.round(value).toLocaleString("en") : Number(value.toPrecision(3)).toString();
var withSpread = (value, suffix = "") => value ? `${short(value.median)}${suffix} (${short(value.p10)}-${short(value.p90)})` : "";
function markdownTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
  return [
    line(rows[0]),
    `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`,
    ...rows.slice(1).map(line)
  ].join("\n");
}
var heading = ({ title, target, note: note2 }) => [`
### ${title}`, target ? `To reach: ${target}` : "", note2 ?? ""].filter(Boolean).join("\n");
function formatQuestion(result) {
  const { rows, peer, floor, unit, rounds, iterations } = result;
  const subtracted = rows.some((row) => row.added);
  const head = [
    "contestant",
    `${unit} an operation (p10-p90)`,
    ...subtracted ? [`added over ${floor}`] : [],
    ...peer ? [`${subtracted ? "added, " : ""}ratio to ${peer}`] : [],
    ...floor ? [`ratio to ${floor}`] : []
  ];
  const body = rows.map((row) => [
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

// scripts/bench/harness.mjs
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
      `question: ${role} "${name}" is not among the contestants ${Object.keys(contestants).join(", ")}`
    );
  }
}
async function question(spec) {
  mustCompete(spec.floor, "floor", spec.contestants);
  mustCompete(spec.peer, "peer", spec.contestants);
  const times = await play(spec);
  const floor = spec.floor === void 0 ? void 0 : times[spec.floor];
  const counted = (values) => spec.subtractFloor && floor ? values.map((value, round) => value - floor[round]) : values;
  const rows = Object.entries(times).map(([name, values]) => {
    const scaled = values.map((value) => value / nanosecondsPer[spec.unit ?? "ns"]);
    return {
      name,
      ...spread(scaled),
      ...spec.subtractFloor && floor ? { added: spread(counted(values).map((value) => value / nanosecondsPer[spec.unit ?? "ns"])) } : {},
      ...spec.peer && name !== spec.peer && !(spec.subtractFloor && name === spec.floor) ? { toPeer: pairedRatio(counted(values), counted(times[spec.peer])) } : {},
      ...floor && name !== spec.floor ? { toFloor: pairedRatio(values, floor) } : {}
    };
  });
  const { title, target, peer, floor: floorName, iterations, rounds, note: note2, unit = "ns" } = spec;
  publish({ kind: "question", title, target, peer, floor: floorName, iterations, rounds, unit, note: note2, rows });
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

// packages/circuit-breaker/bench/contestants.ts
import { CircuitBreaker } from "@mainstay/circuit-breaker";
import * as cockatiel3 from "cockatiel";
import * as cockatiel4 from "cockatiel4";
import * as mollitia from "mollitia";
import Opossum from "opossum";
var openMs = 36e5;
var exactClock = {
  now: () => performance.now(),
  coarseNow: () => performance.now(),
  setTimer() {
    throw new Error("a breaker sets no timer");
  }
};
function mainstay({ windowMs = 1e4, minimumCalls = 10 } = {}, options = {}) {
  return new CircuitBreaker({
    name: "bench",
    window: { ms: windowMs },
    failureRateThreshold: 0.5,
    minimumCalls,
    openMs,
    ...options
  });
}
function sampling4({ windowMs = 1e4, minimumCalls = 10 } = {}) {
  const minimumRps = minimumCalls / (windowMs / 1e3);
  return cockatiel4.circuitBreaker(cockatiel4.handleAll, {
    halfOpenAfter: openMs,
    breaker: new cockatiel4.SamplingBreaker({ threshold: 0.5, duration: windowMs, minimumRps })
  });
}
function opossum(work2, { windowMs = 1e4, minimumCalls = 10 } = {}, options = {}) {
  return new Opossum(work2, {
    rollingCountTimeout: windowMs,
    rollingCountBuckets: 10,
    errorThresholdPercentage: 50,
    volumeThreshold: minimumCalls,
    resetTimeout: openMs,
    ...options
  });
}

// packages/circuit-breaker/bench/what-a-failing-call-costs.bench.ts
var broken = new Error("broken");
var answer = async () => 42;
var work = () => answer();
var tuning = { windowMs: 6e5, minimumCalls: 1e9 };
var sizes = [10, 1e4, 1e5];
var calls = (call) => async (operations) => {
  for (let done = 0; done < operations; done += 1) {
    try {
      await call();
    } catch {
    }
  }
};
async function filled(name, make) {
  const contestants = {};
  answer = async () => 42;
  for (const size of sizes) {
    const call = make();
    await calls(call)(size);
    contestants[`${name}, ${size.toLocaleString("en")} samples`] = calls(call);
  }
  answer = () => Promise.reject(broken);
  return contestants;
}
var note = "samples at the start; the measured calls add a few thousand of their own";
var ours = await filled("mainstay", () => {
  const breaker = mainstay(tuning, { clock: exactClock });
  return () => breaker.execute(work);
});
var theirs = await filled("cockatiel 4", () => {
  const breaker = sampling4(tuning);
  return () => breaker.execute(work);
});
await question({
  title: "a failing call in a closed circuit, by samples in the window",
  floor: "a bare rejection",
  peer: "mainstay, 10 samples",
  target: "flat: 100,000 samples within 1.2 of 10",
  note,
  iterations: 200,
  rounds: 41,
  contestants: { "a bare rejection": calls(work), ...ours, ...theirs }
});
var shut = [];
var oldest = await filled("opossum 9", () => {
  const breaker = opossum(work, tuning, { timeout: false });
  shut.push(breaker);
  return () => breaker.fire();
});
await question({
  title: "the same for opossum, apart since it sorts the window at each failure",
  peer: "opossum 9, 10 samples",
  note: "samples at the start; the measured calls add a few hundred of their own",
  unit: "us",
  iterations: 40,
  rounds: 5,
  contestants: oldest
});
for (const breaker of shut) breaker.shutdown();
