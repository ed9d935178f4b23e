// The shapes of the analytics, as the API shows them and as the cache keeps them.
import { z } from 'zod';

const counts = { answers: z.int(), promptTokens: z.number(), completionTokens: z.number() };

export const usageByModelSchema = z.array(z.object({ model: z.string(), ...counts, fallbacks: z.int() }));
export const usageByDaySchema = z.array(z.object({ day: z.iso.date().describe('in UTC'), ...counts }));
export const latencyByModelSchema = z.array(
  z.object({
    model: z.string(),
    answers: z.int(),
    p50Ms: z.number(),
    p95Ms: z.number(),
    p99Ms: z.number(),
    maxMs: z.number(),
  }),
);

export type UsageByModel = z.output<typeof usageByModelSchema>;
export type UsageByDay = z.output<typeof usageByDaySchema>;
export type LatencyByModel = z.output<typeof latencyByModelSchema>;
