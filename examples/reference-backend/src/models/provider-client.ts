// One request to a provider that speaks the OpenAI-compatible HTTP API.
import { z } from 'zod';
import type { ModelConfig } from '../config/config.js';
import { ProviderError } from './provider-error.js';
import { AnswerTooLargeError, readBounded } from './read-bounded.js';

export interface ChatMessage {
  role: 'user' | 'assistant';
  content: string;
}

export interface Completion {
  content: string;
  /** As the provider counted them; null where it does not say. */
  promptTokens: number | null;
  completionTokens: number | null;
}

const maxAnswerBytes = 1024 * 1024;

const tokenCount = z.int().min(0).max(1_000_000_000).nullish().catch(null);
const completionSchema = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string().min(1) }) })).min(1),
  usage: z.object({ prompt_tokens: tokenCount, completion_tokens: tokenCount }).nullish().catch(null),
});

/** @throws ProviderError, or the signal's reason once it is aborted. */
export async function requestCompletion(
  provider: ModelConfig,
  messages: readonly ChatMessage[],
  signal: AbortSignal,
): Promise<Completion> {
  try {
    const response = await send(provider, messages, signal);
    if (!response.ok) throw await refusal(response);
    return parse(await readBounded(response, maxAnswerBytes));
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw explain(error);
  }
}

function send(
  provider: ModelConfig,
  messages: readonly ChatMessage[],
  signal: AbortSignal,
): Promise<Response> {
  return fetch(`${provider.baseUrl}/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      ...(provider.apiKey === undefined ? {} : { authorization: `Bearer ${provider.apiKey}` }),
    },
    body: JSON.stringify({ model: provider.model, messages, stream: false }),
    // A redirect would carry the question, and perhaps the key, to somebody who is not configured.
    redirect: 'error',
    signal,
  });
}

async function refusal(response: Response): Promise<ProviderError> {
  // An unread body holds its connection back from the next request.
  await response.body?.cancel();
  const { status } = response;
  if (status === 400 || status === 413 || status === 422) {
    return new ProviderError('refused', `refused the request with status ${status}`);
  }
  return new ProviderError('http-error', `answered with status ${status}`);
}

function parse(text: string): Completion {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new ProviderError('invalid-answer', describeText(text));
  }
  const result = completionSchema.safeParse(json);
  if (!result.success) throw new ProviderError('invalid-answer', describeJson(json));
  const { choices, usage } = result.data;
  return {
    // NUL is the one character that a text in Postgres cannot hold.
    content: (choices[0]?.message.content ?? '').replaceAll('\0', ''),
    promptTokens: usage?.prompt_tokens ?? null,
    completionTokens: usage?.completion_tokens ?? null,
  };
}

function describeText(text: string): string {
  if (text.trim() === '') return 'answered with an empty body';
  if (/^\s*</.test(text)) return 'answered with HTML instead of JSON';
  if (/^\s*[{[]/.test(text)) return 'answered with broken or cut off JSON';
  return 'answered with something that is not JSON';
}

function describeJson(json: unknown): string {
  const choices = (json as { choices?: unknown } | null)?.choices;
  if (Array.isArray(choices) && choices.length === 0) return 'answered without any choice';
  return 'answered with JSON that is no chat completion';
}

function explain(error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  if (error instanceof AnswerTooLargeError) {
    return new ProviderError('invalid-answer', `answered with more than ${maxAnswerBytes} bytes`);
  }
  const { code } = ((error as Error).cause ?? error) as { code?: unknown };
  const why = typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code) ? ` (${code})` : '';
  return new ProviderError('unreachable', `could not be reached${why}`, { cause: error });
}
