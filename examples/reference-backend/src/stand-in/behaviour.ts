// What the stand-in does with a question, and the ways in which it can be told to misbehave.
import { z } from 'zod';

export const behaviourSchema = z.strictObject({
  mode: z.enum(['ok', 'slow', 'fail', 'hang', 'garbage', 'drop']).default('ok'),
  /** Waits so long before it answers; `slow` without it waits 2 s. */
  delayMs: z.int().min(0).max(600_000).optional(),
  /** The status of `fail`. */
  status: z.int().min(400).max(599).default(500),
  /** What `garbage` looks like. */
  garbage: z.enum(['html', 'truncated', 'no-choices', 'other-json', 'empty', 'endless']).default('html'),
});

export type Behaviour = z.output<typeof behaviourSchema>;

export const wellBehaved: Behaviour = behaviourSchema.parse({});

export const delayOf = ({ mode, delayMs }: Behaviour) => delayMs ?? (mode === 'slow' ? 2_000 : 0);

const questionSchema = z.object({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })).min(1),
});

const words = (text: string) => text.split(/\s+/).filter(Boolean).length;

/** A chat completion as an OpenAI-compatible provider sends it; null where the question is none. */
export function completionFor(name: string, body: unknown): object | null {
  const question = questionSchema.safeParse(body);
  if (!question.success) return null;
  const { messages, model } = question.data;
  const last = messages.at(-1)?.content ?? '';
  const content = `${name} heard "${last}" and ${messages.length - 1} messages before it.`;
  const promptTokens = messages.reduce((sum, message) => sum + words(message.content), 0);
  return {
    id: `chatcmpl-${crypto.randomUUID()}`,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model,
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: words(content),
      total_tokens: promptTokens + words(content),
    },
  };
}

/** A body that no client should take for an answer. */
export function garbageOf({ garbage }: Behaviour, completion: object): { type: string; body: string } {
  const json = 'application/json';
  switch (garbage) {
    case 'html':
      return { type: 'text/html', body: '<!doctype html><title>Welcome to nginx</title>' };
    case 'truncated':
      return { type: json, body: JSON.stringify(completion).slice(0, -20) };
    case 'no-choices':
      return { type: json, body: JSON.stringify({ ...completion, choices: [] }) };
    case 'other-json':
      return { type: json, body: '{"status":"fine"}' };
    case 'empty':
      return { type: json, body: '' };
    case 'endless':
      return { type: json, body: `{"choices":"${'x'.repeat(2 * 1024 * 1024)}"}` };
  }
}
