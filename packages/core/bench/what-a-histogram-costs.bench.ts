// Latencies of a web service, log-normal around 20 ms, in milliseconds here and in whole microseconds for hdr-histogram-js,
// which keeps whole numbers only.
import { Histogram } from '@mainstay/core';
import * as hdr from 'hdr-histogram-js';
import { figures, question } from '../../../scripts/bench/harness.mjs';

await hdr.initWebAssembly();

const milliseconds = Array.from({ length: 8_192 }, () => {
  const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return 20 * Math.exp(normal);
});
const microseconds = milliseconds.map((value) => Math.round(value * 1_000));

/** Three digits are within 0.1 %, two within 1 %: ours, within 0.2 %, lies between. */
const peer = (digits: 2 | 3, useWebAssembly = false): hdr.Histogram =>
  hdr.build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 2 ** 40,
    numberOfSignificantValueDigits: digits,
    bitBucketSize: 32,
    useWebAssembly,
  });

const ours = new Histogram();
const peers = {
  'hdr-histogram-js, 3 digits': peer(3),
  'hdr-histogram-js, 3 digits, wasm': peer(3, true),
  'hdr-histogram-js, 2 digits': peer(2),
};

await question({
  title: 'record one latency',
  peer: 'hdr-histogram-js, 3 digits',
  target: 'ours <= 1.0 of the peer',
  iterations: 200_000,
  rounds: 15,
  contestants: {
    ...Object.fromEntries(
      Object.entries(peers).map(([name, histogram]) => [
        name,
        (operations: number) => {
          for (let index = 0; index < operations; index += 1) {
            histogram.recordValue(microseconds[index & 8_191] as number);
          }
        },
      ]),
    ),
    mainstay: (operations: number) => {
      for (let index = 0; index < operations; index += 1) ours.record(milliseconds[index & 8_191] as number);
    },
  },
});

await question({
  title: 'read p50, p95 and p99',
  unit: 'us',
  peer: 'hdr-histogram-js, 3 digits',
  target: 'ours <= 1.0 of the peer',
  iterations: 2_000,
  rounds: 15,
  contestants: {
    ...Object.fromEntries(
      Object.entries(peers).map(([name, histogram]) => [
        name,
        (operations: number) => {
          for (let index = 0; index < operations; index += 1) {
            for (const percentile of [50, 95, 99]) histogram.getValueAtPercentile(percentile);
          }
        },
      ]),
    ),
    mainstay: (operations: number) => {
      for (let index = 0; index < operations; index += 1) {
        for (const q of [0.5, 0.95, 0.99]) ours.quantile(q);
      }
    },
  },
});

const full = new Histogram();
for (let exponent = -10; exponent < 30; exponent += 1) full.record(2 ** exponent);
figures({
  title: 'what a histogram weighs, of 1 us to 12 days',
  target: 'ours <= 41 kB fully used',
  note: 'counters only; on the heap, a full one of ours takes 48 kB with the headers of its 40 arrays',
  rows: [
    { name: 'hdr-histogram-js, 3 digits', values: { bytes: peer(3).estimatedFootprintInBytes } },
    { name: 'hdr-histogram-js, 2 digits', values: { bytes: peer(2).estimatedFootprintInBytes } },
    { name: 'mainstay, these latencies', values: { bytes: ours.bytes } },
    { name: 'mainstay, all octaves used', values: { bytes: full.bytes } },
  ],
});
for (const histogram of Object.values(peers)) histogram.destroy();
