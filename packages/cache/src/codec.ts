/** JSON as bytes. Throws a TypeError for what JSON has no word for: BigInt, functions, symbols, cycles. */
export function encodeJson(value: unknown): Buffer {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`JSON has no form for a ${typeof value}`);
  return Buffer.from(text);
}

/** @throws SyntaxError when the bytes are no JSON */
export function decodeJson(body: Buffer): unknown {
  return JSON.parse(body.toString('utf8'));
}
