type Chunk = Uint8Array<ArrayBufferLike>;

/** Copies the body of a Web response while it is sent, up to a limit. */
export class BodyCopy {
  readonly #reader: ReadableStreamDefaultReader<Chunk> | undefined;
  readonly #maxBytes: number;
  readonly #done: (body: Buffer | undefined) => void;
  #chunks: Chunk[] = [];
  #bytes = 0;
  #flowing = false;
  #dropped = false;

  /** @param done receives the whole body, or undefined when it is too large, was cut off or not wanted */
  constructor(
    body: ReadableStream<Chunk> | null,
    maxBytes: number,
    done: (body: Buffer | undefined) => void,
  ) {
    this.#reader = body?.getReader();
    this.#maxBytes = maxBytes;
    this.#done = done;
  }

  /** Reads it all; undefined: it is larger than the limit, and what was read is the beginning of {@link flowing}. */
  async whole(): Promise<Buffer | undefined> {
    while (this.#bytes <= this.#maxBytes) {
      const chunk = await this.#next();
      if (chunk === undefined) {
        const body = Buffer.concat(this.#chunks);
        this.#done(body);
        return body;
      }
    }
    return undefined;
  }

  /** What was read already, then the rest as it comes. */
  flowing(): ReadableStream<Chunk> {
    const begun = [...this.#chunks];
    this.#flowing = true;
    if (this.#bytes > this.#maxBytes) this.#drop();
    return new ReadableStream<Chunk>({
      start: (controller) => {
        for (const chunk of begun) controller.enqueue(chunk);
      },
      pull: async (controller) => {
        const chunk = await this.#next().catch((error: unknown) => {
          this.#done(undefined);
          throw error;
        });
        if (chunk !== undefined) controller.enqueue(chunk);
        else {
          this.#done(this.#dropped ? undefined : Buffer.concat(this.#chunks));
          controller.close();
        }
      },
      cancel: async (reason) => {
        this.#done(undefined);
        await this.#reader?.cancel(reason);
      },
    });
  }

  #drop(): void {
    this.#dropped = true;
    this.#chunks = [];
    this.#done(undefined);
  }

  async #next(): Promise<Chunk | undefined> {
    const read = await this.#reader?.read();
    if (read === undefined || read.done) return undefined;
    this.#bytes += read.value.length;
    if (!this.#dropped) this.#chunks.push(read.value);
    if (this.#flowing && this.#bytes > this.#maxBytes) this.#drop();
    return read.value;
  }
}
