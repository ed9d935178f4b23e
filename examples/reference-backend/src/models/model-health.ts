// From what the circuit and the clock have seen to one word that a visitor understands.
import { z } from 'zod';

export const modelHealthSchema = z.object({
  status: z.enum(['available', 'degraded', 'unavailable']),
  circuit: z.object({
    state: z.enum(['closed', 'open', 'half-open', 'isolated']),
    failureRate: z.number().describe('share of failed calls in the window, 0 to 1'),
    windowCalls: z.number(),
    openForMs: z.number(),
  }),
  latency: z
    .object({ p50Ms: z.number().nullable(), p95Ms: z.number().nullable(), calls: z.number() })
    .describe('of the last minute or two, failed calls included'),
  lastError: z
    .object({ reason: z.string(), message: z.string(), at: z.iso.datetime() })
    .nullable()
    .describe('the latest failure since the start, however long ago'),
  lastSuccessAt: z.iso.datetime().nullable(),
});

export type ModelHealth = z.output<typeof modelHealthSchema>;

interface Observed {
  circuit: ModelHealth['circuit'];
  latency: ModelHealth['latency'];
  /** A p95 above this is called degraded. */
  slowMs: number;
  lastError: ModelHealth['lastError'];
  lastSuccessAt: string | null;
}

/** From this share of failures on a model that still answers is called degraded. */
const degradedFailureRate = 0.05;

export function healthOf({ circuit, latency, slowMs, lastError, lastSuccessAt }: Observed): ModelHealth {
  const { state, failureRate, windowCalls, openForMs } = circuit;
  return {
    status: statusOf(circuit, latency.p95Ms ?? 0, slowMs),
    circuit: { state, failureRate, windowCalls, openForMs: Math.round(openForMs) },
    latency,
    lastError,
    lastSuccessAt,
  };
}

function statusOf(circuit: ModelHealth['circuit'], p95Ms: number, slowMs: number): ModelHealth['status'] {
  if (circuit.state === 'open' || circuit.state === 'isolated') return 'unavailable';
  if (circuit.state === 'half-open') return 'degraded';
  return circuit.failureRate >= degradedFailureRate || p95Ms > slowMs ? 'degraded' : 'available';
}
