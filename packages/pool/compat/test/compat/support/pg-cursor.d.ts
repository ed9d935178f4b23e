declare module 'pg-cursor' {
  import type { Submittable } from 'pg';

  export default class Cursor<T = unknown> implements Submittable {
    constructor(text: string, values?: unknown[]);
    submit: Submittable['submit'];
    read(rows: number): Promise<T[]>;
    close(): Promise<void>;
  }
}
