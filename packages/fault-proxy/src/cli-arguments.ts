import { parseArgs } from 'node:util';
import { faultTypes } from './fault-kinds.js';

/** What the command line asks for. */
export interface CliArguments {
  readonly listen: Address;
  readonly target: Address;
  /** Undefined: none. */
  readonly control: Address | undefined;
  readonly seed: number | undefined;
  readonly http: boolean;
  /** Faults to start with, as they were given. */
  readonly faults: readonly unknown[];
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A command line that cannot be understood: the message says why. */
export class UsageError extends Error {}

export const usage = `Usage: fault-proxy --listen [host:]port --target [host:]port [options]

  --listen   where clients connect; 0 is any free port
  --target   where connections are passed on to
  --control  [host:]port of the HTTP control API, any free port without it; none for none
  --http     understand HTTP/1.1, for the HTTP faults
  --seed     a whole number: what is random comes again with the same seed
  --fault    a fault to start with, as JSON; may be given several times:
             --fault '{"type":"latency","ms":100,"jitterMs":20,"direction":"to-client"}'
  --help     this text

The host is 127.0.0.1 unless told otherwise: whoever reaches the control API controls the proxy.
Faults: ${faultTypes.join(', ')}
`;

/** @returns undefined when help is asked for @throws UsageError */
export function readArguments(args: readonly string[]): CliArguments | undefined {
  const values = parse(args);
  if (values.help === true) return undefined;
  if (values.listen === undefined) throw new UsageError('--listen is missing: --listen 6390');
  if (values.target === undefined) throw new UsageError('--target is missing: --target 127.0.0.1:6379');
  return {
    listen: readAddress('--listen', values.listen, 0),
    target: readAddress('--target', values.target, 1),
    control: values.control === 'none' ? undefined : readAddress('--control', values.control ?? '0', 0),
    seed: values.seed === undefined ? undefined : readSeed(values.seed),
    http: values.http === true,
    faults: (values.fault ?? []).map(readFaultText),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        listen: { type: 'string' },
        target: { type: 'string' },
        control: { type: 'string' },
        seed: { type: 'string' },
        http: { type: 'boolean' },
        fault: { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** `6379`, `localhost:6379`, `[::1]:6379`. */
function readAddress(flag: string, text: string, leastPort: number): Address {
  const match = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port < leastPort || port > 65_535) {
    throw new UsageError(
      `${flag} must be a port from ${leastPort} to 65535, or host:port, received "${text}"`,
    );
  }
  return { host: match[1] ?? match[2] ?? '127.0.0.1', port };
}

function readSeed(text: string): number {
  const seed = Number(text);
  if (text.trim() === '' || !Number.isInteger(seed) || seed < 0 || seed > 4_294_967_295) {
    throw new UsageError(`--seed must be a whole number from 0 to 4294967295, received "${text}"`);
  }
  return seed;
}

function readFaultText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--fault must be JSON: ${(error as Error).message}`);
  }
}
