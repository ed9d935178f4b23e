// MODELS: which providers there are and in which order they stand in for each other.
import { z } from 'zod';

const problem = (error: string) => ({ error });

const model = z
  .strictObject({
    name: z
      .string(problem('must be a text'))
      .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i, problem('must be 1 to 63 letters, digits, ".", "_" or "-"')),
    baseUrl: z
      .url({
        protocol: /^https?$/,
        ...problem('must be the http(s) URL that "/chat/completions" is added to'),
      })
      .refine((text) => new URL(text).username === '', problem('must not hold a user name: fetch refuses it'))
      .refine((text) => !/[?#]/.test(text), problem('must not hold a query string or a fragment'))
      .transform((text) => text.replace(/\/+$/, '')),
    apiKey: z
      .string(problem('must be a text'))
      .regex(/^[!-~]+$/, problem('must be visible ASCII characters without spaces, and not empty'))
      .optional(),
    model: z.string(problem('must be a text')).min(1, problem('must not be empty')).optional(),
    timeoutMs: z
      .int(problem('must be a whole number of milliseconds from 1 to 600000'))
      .min(1, problem('must be a whole number of milliseconds from 1 to 600000'))
      .max(600_000, problem('must be a whole number of milliseconds from 1 to 600000'))
      .default(10_000),
  })
  /** What the provider calls the model, where that is not the name it goes by here. */
  .transform((entry) => ({ ...entry, model: entry.model ?? entry.name }));

export type ModelConfig = z.output<typeof model>;

/** Where `npm start` and the examples in the README run the two stand-in providers. */
export const standInModels: ModelConfig[] = [
  { name: 'sage', baseUrl: 'http://127.0.0.1:4101/v1', model: 'sage', timeoutMs: 10_000 },
  { name: 'scout', baseUrl: 'http://127.0.0.1:4102/v1', model: 'scout', timeoutMs: 10_000 },
];

/** Never quotes what it received: the text may hold API keys. */
const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'is not JSON' });
    return z.NEVER;
  }
});

export const modelList = json.pipe(
  z
    .array(model, problem('must be a JSON array'))
    .min(1, problem('must name at least one model'))
    .max(20, problem('must name at most 20 models'))
    .superRefine((models, context) => {
      const names = new Set<string>();
      for (const [index, { name }] of models.entries()) {
        if (names.has(name)) {
          context.addIssue({
            code: 'custom',
            path: [index, 'name'],
            message: 'is taken by an earlier model',
          });
        }
        names.add(name);
      }
    }),
);
