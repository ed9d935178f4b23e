// As the formatter of this house writes it: short lists stay on their line.
export const json = (value) =>
  `${JSON.stringify(value, null, 2).replace(/\[\n([^[\]{}]+)\n\s*\]/g, (_, items) => `[${items.trim().split(/,\s+/).join(', ')}]`)}\n`;
