import type { Hit, RequestView } from './response-cache.js';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Undefined: without a body. */
  readonly body: Buffer | undefined;
}

/** What a kept response is answered with: itself, 304 if the client has it already, or its head alone. */
export function answerOf(
  view: RequestView,
  { response, ageSeconds }: Hit,
  vary: readonly string[],
): HttpAnswer {
  const common = [
    ['etag', response.etag],
    ['age', String(ageSeconds)],
    ...(vary.length === 0 ? [] : [['vary', vary.join(', ')] as const]),
  ] as const;
  const headers = response.headers.filter(([name]) => name !== 'vary');
  if (response.status === 200 && matches(view.header('if-none-match'), response.etag)) {
    const kept = headers.filter(([name]) => !name.startsWith('content-'));
    return { status: 304, headers: [...kept, ...common], body: undefined };
  }
  const body = Buffer.from(response.body, response.encoding);
  const length = response.status === 204 ? [] : [['content-length', String(body.length)] as const];
  return {
    status: response.status,
    headers: [...headers, ...common, ...length],
    body: view.method === 'HEAD' || response.status === 204 ? undefined : body,
  };
}

/** A `Vary` that names what it named, and the headers of the key; undefined: it would name nothing. */
export function variedBy(others: string | undefined, names: readonly string[]): string | undefined {
  const named = (others ?? '').split(',').map((name) => name.trim());
  const known = new Set(named.map((name) => name.toLowerCase()));
  const all = [...named, ...names.filter((name) => !known.has(name))].filter((name) => name !== '');
  return all.length === 0 ? undefined : all.join(', ');
}

/** The weak comparison of RFC 9110, 13.1.2. */
export function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const own = etag.replace(/^W\//, '');
  return (ifNoneMatch.match(/(?:W\/)?"[^"]*"/g) ?? []).some((tag) => tag.replace(/^W\//, '') === own);
}
