/** Spreads every bit of a number over all 32: the finalizer of MurmurHash3 (Austin Appleby, public domain). */
function mix(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

/** A way to draw numbers from 0 up to, never including, 1. */
export type Draw = () => number;

/**
 * Random numbers that come again with the same seeds: a Weyl sequence through the mixer above (Steele's SplitMix, 32 bits
 * wide). Good for choices in tests, not for secrets.
 *
 * Each decision maker has its own sequence, named by several seeds (the proxy's seed, the fault's number, the connection's
 * number, the direction), so that it does not matter in which order connections happen to be served.
 */
export function randomFrom(...seeds: readonly number[]): Draw {
  let state = 0;
  for (const seed of seeds) state = mix(Math.imul(state, 31) + seed + 0x9e3779b9);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return (mix(state) >>> 0) / 4_294_967_296;
  };
}
