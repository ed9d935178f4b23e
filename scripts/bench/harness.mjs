// The one way a bench question is asked here: contestants in one process, rounds interleaved in random order,
// median with p10-p90, and ratios taken round by round against the peer and the floor. Nothing is asserted.
import { appendFileSync } from 'node:fs';
import { pairedRatio, shuffled, spread } from './statistics.mjs';
import { formatFigures, formatQuestion } from './tables.mjs';

/**
 * @typedef {object} Question
 * @property {string} title what is asked, as a sentence
 * @property {string} [floor] the contestant that nothing can be faster than
 * @property {string} [peer] the contestant to be better than
 * @property {boolean} [subtractFloor] ratios are taken of what is added to the floor
 * @property {string} [target] the number to reach, printed beside the result
 * @property {number} iterations operations a round
 * @property {number} rounds
 * @property {'ns' | 'us' | 'ms'} [unit] of one operation in the table; default ns
 * @property {string} [note] what a reader has to know to read the table rightly
 * @property {Record<string, (operations: number) => unknown>} contestants each runs that many operations
 */

const nanosecondsPer = { ns: 1, us: 1e3, ms: 1e6 };

/** @param {(operations: number) => unknown} run @param {number} operations nanoseconds an operation */
async function timed(run, operations) {
  const start = process.hrtime.bigint();
  await run(operations);
  return Number(process.hrtime.bigint() - start) / operations;
}

/** @param {Question} spec @returns {Promise<Record<string, number[]>>} nanoseconds an operation, by contestant, a value a round */
async function play({ contestants, iterations, rounds }) {
  const names = Object.keys(contestants);
  /** @type {Record<string, number[]>} */
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

/** @param {string | undefined} name @param {string} role @param {Record<string, unknown>} contestants */
function mustCompete(name, role, contestants) {
  if (name !== undefined && !(name in contestants)) {
    throw new TypeError(
      `question: ${role} "${name}" is not among the contestants ${Object.keys(contestants).join(', ')}`,
    );
  }
}

/** Asks one question, prints its table and hands the result to the runner. @param {Question} spec */
export async function question(spec) {
  mustCompete(spec.floor, 'floor', spec.contestants);
  mustCompete(spec.peer, 'peer', spec.contestants);
  const times = await play(spec);
  const floor = spec.floor === undefined ? undefined : times[spec.floor];
  /** @param {number[]} values */
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
  const { title, target, peer, floor: floorName, iterations, rounds, note, unit = 'ns' } = spec;
  publish({ kind: 'question', title, target, peer, floor: floorName, iterations, rounds, unit, note, rows });
}

/**
 * For what is not a time an operation (bytes, timers, dials): figures that the bench measured itself.
 * @param {{ title: string, target?: string, note?: string, rows: { name: string, values: Record<string, number | string> }[] }} spec
 */
export function figures(spec) {
  publish({ kind: 'figures', ...spec });
}

/** @param {any} result */
function publish(result) {
  if (process.env.MAINSTAY_BENCH_REPORT) {
    appendFileSync(process.env.MAINSTAY_BENCH_REPORT, `${JSON.stringify(result)}\n`);
  }
  if (process.env.MAINSTAY_BENCH_QUIET !== '1') {
    console.log(result.kind === 'question' ? formatQuestion(result) : formatFigures(result));
  }
}
