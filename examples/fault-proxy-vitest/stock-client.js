// The code that is tested: how many are in stock, or 'unknown' within half a second, whatever the network does.

/** @param {string} stockUrl */
export const stockClient = (stockUrl) => ({
  /** @param {string} article @returns {Promise<number | 'unknown'>} */
  async count(article, { timeoutMs = 500 } = {}) {
    try {
      const signal = AbortSignal.timeout(timeoutMs); // covers the body as well
      const response = await fetch(`${stockUrl}/${article}`, { signal });
      if (!response.ok) return 'unknown';
      const count = Number(await response.text());
      return Number.isInteger(count) ? count : 'unknown';
    } catch {
      return 'unknown';
    }
  },
});
