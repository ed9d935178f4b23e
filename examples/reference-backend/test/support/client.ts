// What a visitor does: a token, then requests.
export interface Reply<Body = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: Body;
  text: string;
}

// biome-ignore lint/suspicious/noExplicitAny: a test looks into bodies of many shapes and expects what it finds there
export type AnyBody = any;

export async function call(url: string, init: RequestInit = {}): Promise<Reply<AnyBody>> {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? JSON.parse(text) : undefined,
  };
}

export const post = (url: string, body: unknown, init: RequestInit = {}) =>
  call(url, {
    ...init,
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...init.headers },
  });

export interface Visitor {
  get(path: string): Promise<Reply<AnyBody>>;
  post(path: string, body: unknown, init?: RequestInit): Promise<Reply<AnyBody>>;
  chat(message: string, more?: object): Promise<Reply<AnyBody>>;
}

export async function visitor(url: string, user = 'ada'): Promise<Visitor> {
  const { body } = await post(`${url}/api/auth/token`, { username: user, password: 'demo' });
  const headers = { authorization: `Bearer ${body.token}` };
  const send = (path: string, body: unknown, init: RequestInit = {}) =>
    post(url + path, body, { ...init, headers });
  return {
    get: (path) => call(url + path, { headers }),
    post: send,
    chat: (message, more = {}) => send('/api/chat', { message, ...more }),
  };
}
