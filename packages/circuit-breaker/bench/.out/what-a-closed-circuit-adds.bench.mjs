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
  const { title, target, peer, floor: floorName, iterations, rounds, note, unit = "ns" } = spec;
  publish({ kind: "question", title, target, peer, floor: floorName, iterations, rounds, unit, note, rows });
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

// packages/circuit-breaker/bench/what-a-closed-circuit-adds.bench.ts
var work = async () => 42;
var exact = mainstay({}, { clock: exactClock });
var cached = mainstay();
var timed2 = mainstay({}, { clock: exactClock, slowCallMs: 1e3 });
var fourth = sampling4();
var third = sampling3();
var inARow = consecutive3();
var withoutTimeout = opossum(work, {}, { timeout: false });
var byDefault = opossum(work);
var mollitia2 = mollitiaCount(work);
var calls = (call) => async (operations) => {
  for (let done = 0; done < operations; done += 1) await call();
};
await question({
  title: "closed circuit, success: what a call adds over a bare await",
  floor: "bare await",
  peer: "cockatiel 4, sampling",
  subtractFloor: true,
  target: "<= 0.7 of cockatiel 4, <= 0.2 of opossum\u2019s defaults, with one clock reading a call",
  note: "the cached clock is read once a turn of the event loop, which here is once a round: a best case, no claim",
  iterations: 2e4,
  rounds: 25,
  contestants: {
    "bare await": calls(work),
    "mainstay, one clock reading a call": calls(() => exact.execute(work)),
    "mainstay, cached clock (the default)": calls(() => cached.execute(work)),
    "mainstay, slow calls looked for": calls(() => timed2.execute(work)),
    "cockatiel 4, sampling": calls(() => fourth.execute(work)),
    "cockatiel 3, sampling": calls(() => third.execute(work)),
    "cockatiel 3, consecutive": calls(() => inARow.execute(work)),
    "opossum 9, timeout off": calls(() => withoutTimeout.fire()),
    "opossum 9, defaults": calls(() => byDefault.fire())
  }
});
await question({
  title: "the same for mollitia, apart since it takes a hundred times as long",
  floor: "bare await",
  peer: "mollitia, count",
  subtractFloor: true,
  iterations: 1e3,
  rounds: 15,
  contestants: {
    "bare await": calls(work),
    "mainstay, one clock reading a call": calls(() => exact.execute(work)),
    "mollitia, count": calls(() => mollitia2.execute())
  }
});
withoutTimeout.shutdown();
byDefault.shutdown();
mollitia2.dispose();
