/** Takes bytes, then at most one end. Both pass on, never out of order. */
export interface Receiver {
  push(chunk: Buffer): void;
  end(): void;
}

/** What stages may ask of the lane they stand in. */
export interface LaneControl extends Receiver {
  /** Looks again whether the source may send: a stage calls it when it has less to hold than before. */
  steer(): void;
  /** From now on, the end that comes out of the lane cuts the whole connection this way. */
  endWithCut(how: 'fin' | 'rst' | 'half-open'): void;
}

/** One fault in one lane: bytes come in with `push`, and leave to `next`, now or later, in order. */
export abstract class Stage implements Receiver {
  /** Set by the lane before the first byte, and again when neighbours come and go. */
  next!: Receiver;
  lane!: LaneControl;

  /** True: the source has to wait. */
  get full(): boolean {
    return false;
  }

  abstract push(chunk: Buffer): void;

  end(): void {
    this.next.end();
  }

  /** The fault is gone: hands on what is held, all of it and at once. */
  release(): void {}

  /** The lane is gone: forgets what is held. */
  discard(): void {}
}
