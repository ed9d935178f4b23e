import type { ExecuteOptions, Work } from './call-context.js';
import { type Guard, guardStage, isGuard } from './guard.js';
import { bindStage, Policy, type substitute } from './policy.js';
import type { Run } from './scope.js';

export interface PipelineStats {
  /** Calls begun. */
  calls: number;
}

/** What the parts may answer with besides the result of `fn`. */
export type SubstituteOf<Part> = Part extends { readonly [substitute]: infer Substitute }
  ? Substitute
  : never;

/** Made by {@link pipeline}: itself a policy, and so a part of other pipelines. */
export class Pipeline<Substitute = never> extends Policy<Substitute> {
  readonly kind = 'pipeline';
  /** As they were given, the outermost first. */
  readonly parts: readonly Guard[];
  protected readonly eventNames = [];
  #calls = 0;

  constructor(parts: readonly Guard[]) {
    super(parts.map(nameOf).join(' > '));
    this.parts = Object.freeze([...parts]);
  }

  override execute<Result>(fn: Work<Result>, options?: ExecuteOptions): Promise<Result | Substitute> {
    this.#calls += 1;
    return super.execute(fn, options);
  }

  stats(): PipelineStats {
    return { calls: this.#calls };
  }

  /** @internal */
  [bindStage](next: Run): Run {
    return this.parts.reduceRight<Run>((rest, part) => bindPart(part, rest), next);
  }
}

function bindPart(part: Guard, next: Run): Run {
  return part instanceof Policy ? part[bindStage](next) : guardStage(part, next);
}

function nameOf(part: Guard): string {
  const { name } = part as { name?: unknown };
  return typeof name === 'string' && name !== '' ? name : 'guard';
}

/**
 * Joins policies, and anything else with `execute(fn, { signal })` such as a CircuitBreaker, into one: the first is the
 * outermost. It is compiled once, here; a call then runs through one function a part.
 *
 * ```ts
 * const callModel = pipeline(retry(), breaker, timeout({ timeoutMs: 2_000 }));
 * const answer = await callModel.execute((context) => fetch(url, { signal: context.signal }), { signal });
 * ```
 * @throws TypeError when there is no part, or one of them has no `execute`
 */
export function pipeline<Parts extends readonly Guard[]>(
  ...parts: Parts
): Pipeline<SubstituteOf<Parts[number]>> {
  if (parts.length === 0) throw new TypeError('pipeline: takes at least one policy, received none');
  for (const [index, part] of (parts as readonly unknown[]).entries()) {
    if (!isGuard(part)) {
      const shown = part === null ? 'null' : typeof part;
      throw new TypeError(`pipeline: part ${index + 1} must have execute(), received ${shown}`);
    }
  }
  return new Pipeline(parts);
}
