/** How many messages were sent; the epoch changes when Redis has lost the count. */
export interface Counter {
  readonly epoch: string;
  readonly sequence: number;
}

export type BusMessage =
  /** Keys were set or deleted. The stamp is that of the new value. */
  | {
      readonly kind: 'keys';
      readonly origin: string;
      readonly stamp: string;
      readonly names: readonly string[];
    }
  /** A load of them ended without a value. */
  | { readonly kind: 'ended'; readonly origin: string; readonly names: readonly string[] }
  | { readonly kind: 'tags'; readonly origin: string; readonly names: readonly string[] }
  | { readonly kind: 'all'; readonly origin: string };

export interface Envelope {
  readonly counter: Counter;
  /** Undefined: of a version of this package that says something else. */
  readonly message: BusMessage | undefined;
}

export function encodeMessage(message: BusMessage): string {
  return JSON.stringify(message);
}

/** `<epoch> <sequence> <message>`, as the scripts write it. */
export function parseEnvelope(text: string): Envelope | undefined {
  const match = /^(\S+) (\d+) /.exec(text);
  const [whole, epoch, sequence] = match ?? [];
  if (whole === undefined || epoch === undefined || sequence === undefined) return undefined;
  return { counter: { epoch, sequence: Number(sequence) }, message: parseMessage(text.slice(whole.length)) };
}

function parseMessage(text: string): BusMessage | undefined {
  try {
    const message = JSON.parse(text) as Partial<Record<'kind' | 'origin' | 'stamp' | 'names', unknown>>;
    if (typeof message.origin !== 'string') return undefined;
    if (message.kind === 'all') return message as BusMessage;
    if (!Array.isArray(message.names) || !message.names.every((name) => typeof name === 'string'))
      return undefined;
    if (message.kind === 'tags' || message.kind === 'ended') return message as BusMessage;
    return message.kind === 'keys' && typeof message.stamp === 'string' ? (message as BusMessage) : undefined;
  } catch {
    return undefined;
  }
}
