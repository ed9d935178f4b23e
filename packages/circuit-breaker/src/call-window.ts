/** The completed calls that the trip rules judge. */
export interface CallWindow {
  record(now: number, failed: boolean, slow: boolean): void;
  calls(now: number): number;
  failures(now: number): number;
  slowCalls(now: number): number;
  reset(): void;
}
