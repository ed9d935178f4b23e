// The configured models, in the order in which they stand in for each other.
import type { ModelConfig } from '../config/config.js';
import { Problem } from '../http/problem.js';
import { Model } from './model.js';

export class ModelRegistry {
  readonly #models: ReadonlyMap<string, Model>;

  constructor(configs: readonly ModelConfig[], options: { circuitOpenMs: number }) {
    this.#models = new Map(configs.map((config) => [config.name, new Model(config, options)]));
  }

  all(): Model[] {
    return [...this.#models.values()];
  }

  /** @throws Problem 404 with the names that there are. */
  get(name: string): Model {
    const model = this.#models.get(name);
    if (model !== undefined) return model;
    const known = [...this.#models.keys()];
    throw new Problem(
      404,
      'unknown-model',
      `There is no model of this name. There are: ${known.join(', ')}.`,
      {
        members: { knownModels: known },
      },
    );
  }

  /** All models, the preferred one first. */
  chain(preferred: string | undefined): Model[] {
    if (preferred === undefined) return this.all();
    const first = this.get(preferred);
    return [first, ...this.all().filter((model) => model !== first)];
  }
}
