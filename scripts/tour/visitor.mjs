// A visitor of the backend: knows its URL and a token, nothing of its inside.
import { setTimeout as sleep } from 'node:timers/promises';

const requestTimeoutMs = 15_000;

export class Visitor {
  #token;

  /** @param {string} url @param {AbortSignal} signal */
  constructor(url, signal) {
    this.url = url;
    this.signal = signal;
  }

  /** @param {string} path @param {{ method?: string, body?: unknown }} [options] */
  async request(path, { method = 'GET', body } = {}) {
    const started = performance.now();
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(this.#token ? { authorization: `Bearer ${this.#token}` } : {}),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.any([this.signal, AbortSignal.timeout(requestTimeoutMs)]),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : text,
      ms: performance.now() - started,
    };
  }

  async logIn() {
    const { status, body } = await this.request('/api/auth/token', {
      method: 'POST',
      body: { username: 'demo', password: 'demo' },
    });
    expect(status === 200, `POST /api/auth/token answered ${status}: ${JSON.stringify(body)}`);
    this.#token = body.token;
    return body;
  }

  /** @param {string} message */
  async chat(message) {
    const answer = await this.request('/api/chat', { method: 'POST', body: { message } });
    expect(answer.status === 200, `POST /api/chat answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer;
  }

  /**
   * Asks again until the condition holds: what comes back by itself takes a moment.
   * @template T @param {string} what @param {() => Promise<T>} ask @param {(value: T) => boolean} holds @param {number} withinMs
   */
  async until(what, ask, holds, withinMs = 20_000) {
    const deadline = performance.now() + withinMs;
    let last;
    for (;;) {
      last = await ask();
      if (holds(last)) return last;
      expect(
        performance.now() < deadline,
        `${what} did not happen within ${withinMs / 1000} s; last seen: ${JSON.stringify(last).slice(0, 300)}`,
      );
      await sleep(100, undefined, { signal: this.signal });
    }
  }
}

/** @param {boolean} condition @param {string} message */
export function expect(condition, message) {
  if (!condition) throw new Error(message);
}
