// What a bench needs of statistics: quantiles, and the ratio of two contestants that ran side by side.

/** @param {number[]} values @param {number} q 0..1; linear between neighbours */
export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const above = Math.ceil(position);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

/** @param {number[]} values */
export const spread = (values) => ({
  median: quantile(values, 0.5),
  p10: quantile(values, 0.1),
  p90: quantile(values, 0.9),
});

/**
 * The ratio is taken round by round, then summarised: what disturbs the machine for a round disturbs both sides of it.
 * @param {number[]} values @param {number[]} reference same length, same rounds
 */
export const pairedRatio = (values, reference) =>
  spread(values.map((value, round) => value / reference[round]));

/** @template T @param {T[]} items @returns {T[]} a new array in random order */
export function shuffled(items) {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}
