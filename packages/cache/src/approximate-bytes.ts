/** Beyond this many parts the rest counts like those already seen, so that weighing stays cheap. */
const MAX_NODES = 10_000;
const ENTRY_OVERHEAD = 200;

/** What a value and its key roughly take on the heap: strings at two bytes a character, 8 a number, 32 an object. */
export function approximateBytes(value: unknown, key: string): number {
  let bytes = ENTRY_OVERHEAD + key.length * 2;
  let nodes = 0;
  const seen = new Set<object>();
  const open: unknown[] = [value];
  while (open.length > 0 && nodes < MAX_NODES) {
    const node = open.pop();
    nodes += 1;
    if (typeof node === 'string') bytes += 16 + node.length * 2;
    else if (typeof node !== 'object' || node === null) bytes += 8;
    else if (ArrayBuffer.isView(node)) bytes += 64 + node.byteLength;
    else if (node instanceof ArrayBuffer) bytes += 64 + node.byteLength;
    else if (!seen.has(node)) {
      seen.add(node);
      bytes += 32;
      pushChildren(node, open);
    }
  }
  return Math.ceil((bytes * (nodes + open.length)) / nodes);
}

/** What throws when it is looked at (a getter, a revoked proxy) weighs nothing more. */
function pushChildren(node: object, open: unknown[]): void {
  try {
    pushParts(node, open);
  } catch {}
}

function pushParts(node: object, open: unknown[]): void {
  if (node instanceof Map) {
    for (const [name, child] of node) open.push(name, child);
  } else if (node instanceof Set) {
    for (const child of node) open.push(child);
  } else {
    for (const child of Object.values(node)) open.push(child);
  }
}
