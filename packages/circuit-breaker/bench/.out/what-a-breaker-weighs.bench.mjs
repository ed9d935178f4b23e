// packages/circuit-breaker/bench/what-a-breaker-weighs.bench.ts
import { createHook } from "node:async_hooks";
import { execFileSync } from "node:child_process";
import { CircuitBreaker as CircuitBreaker2 } from "@mainstay/circuit-breaker";

// scripts/bench/harness.mjs
import { appendFileSync } from "node:fs";

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
var heading = ({ title, target, note }) => [`
### ${title}`, target ? `To reach: ${target}` : "", note ?? ""].filter(Boolean).join("\n");
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

// packages/circuit-breaker/bench/contestants.ts
import { CircuitBreaker } from "@mainstay/circuit-breaker";
import * as cockatiel3 from "cockatiel";
import * as cockatiel4 from "cockatiel4";
import * as mollitia from "mollitia";
import Opossum from "opossum";
var openMs = 36e5;
function sampling3({ windowMs = 1e4, minimumCalls = 10 } = {}) {
  const minimumRps = minimumCalls / (windowMs / 1e3);
  return cockatiel3.circuitBreaker(cockatiel3.handleAll, {
    halfOpenAfter: openMs,
    breaker: new cockatiel3.SamplingBreaker({ threshold: 0.5, duration: windowMs, minimumRps })
  });
}
function sampling4({ windowMs = 1e4, minimumCalls = 10 } = {}) {
  const minimumRps = minimumCalls / (windowMs / 1e3);
  return cockatiel4.circuitBreaker(cockatiel4.handleAll, {
    halfOpenAfter: openMs,
    breaker: new cockatiel4.SamplingBreaker({ threshold: 0.5, duration: windowMs, minimumRps })
  });
}
function consecutive3() {
  return cockatiel3.circuitBreaker(cockatiel3.handleAll, {
    halfOpenAfter: openMs,
    breaker: new cockatiel3.ConsecutiveBreaker(5)
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
function mollitiaCount(work2) {
  return new mollitia.Circuit({
    func: work2,
    options: {
      modules: [
        new mollitia.SlidingCountBreaker({
          slidingWindowSize: 100,
          minimumNumberOfCalls: 10,
          failureRateThreshold: 50,
          openStateDelay: openMs
        })
      ]
    }
  });
}

// packages/circuit-breaker/bench/what-a-breaker-weighs.bench.ts
var breakers = 1e4;
var work = async () => 42;
var contestants = {
  "mainstay, defaults": {
    make: () => new CircuitBreaker2({ name: "bench" }),
    call: (breaker) => breaker.execute(work)
  },
  "mainstay, every option its own": {
    make: (index) => new CircuitBreaker2({
      name: "bench",
      window: { ms: 1e4 + index },
      failureRateThreshold: 0.25,
      slowCallMs: 100 + index,
      openMs: 4e3 + index,
      halfOpen: { leaseMs: 2e4 + index },
      ramp: {},
      isFailure: () => true
    }),
    call: (breaker) => breaker.execute(work)
  },
  "cockatiel 4, sampling": {
    make: () => sampling4(),
    call: (breaker) => breaker.execute(work)
  },
  "cockatiel 3, sampling": { make: () => sampling3() },
  "cockatiel 3, consecutive": { make: () => consecutive3() },
  "opossum 9, defaults": { make: () => opossum(work) },
  "mollitia, count": { make: () => mollitiaCount(work) }
};
function heap() {
  for (let times = 0; times < 3; times += 1) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
async function weigh({ make, call }) {
  let timers = 0;
  const hook = createHook({ init: (_id, type) => timers += type === "Timeout" ? 1 : 0 });
  await call?.(make(0));
  const kept = new Array(breakers).fill(void 0);
  hook.enable();
  const before = heap();
  const start = performance.now();
  for (let index = 0; index < breakers; index += 1) kept[index] = make(index);
  const constructorUs = (performance.now() - start) * 1e3 / breakers;
  const made = heap();
  if (call !== void 0) for (const breaker of kept) await call(breaker);
  const called = call === void 0 ? void 0 : heap();
  hook.disable();
  return {
    "bytes a breaker": Math.round((made - before) / kept.length),
    "after a call": called === void 0 ? "" : Math.round((called - before) / kept.length),
    "constructor us": constructorUs.toFixed(1),
    [`timers of ${breakers.toLocaleString("en")}`]: timers
  };
}
var asked = process.env.CIRCUIT_BREAKER_TO_WEIGH;
if (asked !== void 0) {
  const contestant = contestants[asked];
  if (contestant === void 0) throw new Error(`nobody is called ${asked}`);
  console.log(JSON.stringify(await weigh(contestant)));
  process.exit(0);
}
figures({
  title: "memory of a breaker, its timers and its constructor",
  target: "<= 700 bytes with default options; 0 timers",
  note: "each in a process of its own; heap and external memory after garbage collection",
  rows: Object.keys(contestants).map((name) => ({
    name,
    values: JSON.parse(
      execFileSync(process.execPath, ["--expose-gc", "--no-warnings", process.argv[1]], {
        encoding: "utf8",
        env: { ...process.env, CIRCUIT_BREAKER_TO_WEIGH: name }
      })
    )
  }))
});
