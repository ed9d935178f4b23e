const twoSpaces = (value) => JSON.stringify(value, null, 2);

/** As npm writes a `package.json`, and the formatter of this house as well. */
export const manifest = (value) => `${twoSpaces(value)}\n`;

/** As the formatter of this house writes any other JSON: short lists stay on their line. */
export const json = (value) =>
  `${twoSpaces(value).replace(/\[\n([^[\]{}]+)\n\s*\]/g, (_, items) => `[${items.trim().split(/,\s+/).join(', ')}]`)}\n`;
