// Reads the Prometheus text that a visitor gets from /metrics.

/**
 * The sum of a metric's series whose labels fit.
 * @param {string} text @param {string} name @param {Record<string, RegExp>} labels
 */
export function metric(text, name, labels = {}) {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) =>
      Object.entries(labels).every(([label, value]) =>
        value.test(/** @type {string} */ (labelOf(line, label))),
      ),
    )
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

const labelOf = (line, label) => new RegExp(`[{,]${label}="([^"]*)"`).exec(line)?.[1] ?? '';
