declare module '@fastify/rate-limit/store/LocalStore.js' {
  export default class LocalStore {
    constructor(continueExceeding: boolean, exponentialBackoff: boolean, cache?: number);
    incr(
      key: string,
      callback: (error: unknown, result?: { current: number; ttl: number }) => void,
      timeWindowMs: number,
      max: number,
    ): void;
  }
}
