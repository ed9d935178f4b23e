/** @param {{ title: string, outcome: string, seen: string }[]} results */
export function resultTable(results) {
  const rows = [{ title: 'what was tried', outcome: 'result', seen: 'what was seen' }, ...results];
  const width = (key) => Math.max(...rows.map((row) => row[key].length));
  const [titles, outcomes] = [width('title'), width('outcome')];
  const lines = rows.map(
    ({ title, outcome, seen }) => `${title.padEnd(titles)}  ${outcome.padEnd(outcomes)}  ${seen}`,
  );
  lines.splice(1, 0, '-'.repeat(Math.min(120, Math.max(...lines.map((line) => line.length)))));
  return lines.join('\n');
}
