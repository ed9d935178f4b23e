// packages/health/bench/what-a-health-route-costs.bench.ts
import { createServer } from "node:http";
import { connect } from "node:net";
import underPressure from "@fastify/under-pressure";
import { createTerminus } from "@godaddy/terminus";
import { HealthChecks, nodeHandler } from "@mainstay/health";
import healthPlugin from "@mainstay/health/fastify";
import fastify from "fastify";

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
async function play({ contestants: contestants2, iterations, rounds }) {
  const names = Object.keys(contestants2);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (const name of [...names, ...names]) await contestants2[name](Math.max(1, Math.ceil(iterations / 2)));
  for (let round = 0; round < rounds; round++) {
    for (const name of shuffled(names)) {
      globalThis.gc?.();
      times[name].push(await timed(contestants2[name], iterations));
    }
  }
  return times;
}
function mustCompete(name, role, contestants2) {
  if (name !== void 0 && !(name in contestants2)) {
    throw new TypeError(
      `question: ${role} "${name}" is not among the contestants ${Object.keys(contestants2).join(", ")}`
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

// packages/health/bench/what-a-health-route-costs.bench.ts
var inFlight = 10;
var servers = [];
async function listening(server) {
  servers.push(server);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server.address().port;
}
async function client(port) {
  const ask = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const socket = connect(port, "127.0.0.1").setNoDelay(true).setEncoding("latin1");
  await new Promise((resolve) => socket.once("connect", resolve));
  return (operations) => new Promise((resolve, reject) => {
    let [asked, answered] = [0, 0];
    const fill = () => {
      const next = Math.min(inFlight - (asked - answered), operations - asked);
      if (next > 0) socket.write(ask.repeat(next));
      asked += Math.max(next, 0);
    };
    const onData = (data) => {
      if (!data.includes(" 200 OK")) reject(new Error(data));
      answered += data.split("HTTP/1.1 ").length - 1;
      if (answered < operations) return fill();
      socket.off("data", onData);
      resolve();
    };
    socket.on("data", onData);
    fill();
  });
}
var check = { name: "self", run: async () => {
} };
async function bare() {
  const body = JSON.stringify({ status: "up" });
  return createServer((_, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": body.length }).end(body);
  });
}
async function mainstay() {
  const handle = nodeHandler(new HealthChecks({ checks: [check] }));
  return createServer(
    (request, response) => void (handle(request, response) || response.writeHead(404).end())
  );
}
async function terminus() {
  const server = createServer((_, response) => void response.writeHead(404).end());
  return createTerminus(server, { healthChecks: { "/health": async () => ({ self: "up" }) } });
}
async function mainstayFastify() {
  const app = fastify();
  await app.register(healthPlugin, { health: new HealthChecks({ checks: [check] }) });
  await app.ready();
  return app.server;
}
async function underPressureFastify() {
  const app = fastify();
  await app.register(underPressure, {
    exposeStatusRoute: "/health",
    healthCheck: async () => true
  });
  await app.ready();
  return app.server;
}
var contestants = {
  "bare http server": await client(await listening(await bare())),
  "mainstay, node:http": await client(await listening(await mainstay())),
  "terminus 4": await client(await listening(await terminus())),
  "mainstay, Fastify": await client(await listening(await mainstayFastify())),
  "under-pressure 9, Fastify": await client(await listening(await underPressureFastify()))
};
await question({
  title: "a health route with one check, over HTTP: time a request",
  floor: "bare http server",
  peer: "terminus 4",
  target: "node:http <= 0.85 of terminus, <= 1.2 of the bare server",
  iterations: 2e3,
  rounds: 15,
  unit: "us",
  note: "client and server share the process; ours remembers a result for 1 s, terminus and under-pressure run their check every time",
  contestants
});
async function runsOf(serve) {
  let runs = 0;
  const port = await listening(
    await serve(async () => {
      runs += 1;
      await new Promise((resolve) => setTimeout(resolve, 50));
    })
  );
  const before = runs;
  const url = `http://127.0.0.1:${port}/health`;
  await Promise.all(Array.from({ length: 1e3 }, async () => (await fetch(url)).text()));
  return runs - before;
}
figures({
  title: "runs of a 50 ms check for 1,000 concurrent probes",
  target: "1 (with a burst longer than the result is remembered: one a second)",
  rows: [
    {
      name: "mainstay",
      values: {
        runs: await runsOf(async (run) => {
          const handle = nodeHandler(new HealthChecks({ checks: [{ name: "slow", run }] }));
          return createServer((request, response) => void handle(request, response));
        })
      }
    },
    {
      name: "mainstay, cacheMs: 0",
      values: {
        runs: await runsOf(async (run) => {
          const handle = nodeHandler(new HealthChecks({ checks: [{ name: "slow", run, cacheMs: 0 }] }));
          return createServer((request, response) => void handle(request, response));
        })
      }
    },
    {
      name: "terminus 4",
      values: {
        runs: await runsOf(
          async (run) => createTerminus(
            createServer((_, response) => void response.writeHead(404).end()),
            { healthChecks: { "/health": run } }
          )
        )
      }
    },
    {
      name: "under-pressure 9",
      values: {
        runs: await runsOf(async (run) => {
          const app = fastify();
          await app.register(underPressure, {
            exposeStatusRoute: "/health",
            healthCheck: async () => {
              await run();
              return true;
            }
          });
          await app.ready();
          return app.server;
        })
      }
    }
  ]
});
for (const server of servers) {
  server.close();
  server.closeAllConnections();
}
