import type { ServerData } from '../keeper/kept-data.mjs';
import type { User } from '../keeper/owner.mjs';

export interface RunningAt {
  readonly port: number;
  readonly data: ServerData;
}

export type Settings = Readonly<Record<string, string | number>>;

/** What the keeper must know to run one kind of server. */
export interface ServerKind {
  readonly stopSignal: NodeJS.Signals;
  readonly stopTimeoutMs: number;
  readonly startTimeoutMs: number;
  /** What its log says when somebody else has the port. */
  readonly portTaken: RegExp;
  url(port: number): string;
  /** Makes the data folder if there is none. */
  prepare(context: {
    program: { binary: string; env: NodeJS.ProcessEnv };
    version: string;
    data: ServerData;
    cwd: string;
    owner: User | undefined;
  }): Promise<void>;
  args(context: RunningAt & { settings: Settings }): string[];
  /** Throws as long as it is not ready. */
  check(context: RunningAt & { pid: number }): Promise<void>;
  /** After its last end, before its folder is removed. */
  cleanUp(context: { data: ServerData }): Promise<void>;
}
