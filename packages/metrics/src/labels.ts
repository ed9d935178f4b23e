/** What a label may be set to. `200` and `'200'` are one series; `undefined` and `null` are the empty string. */
export type LabelValue = string | number | boolean | bigint | null | undefined;

/** One value for each label of a metric. */
export type LabelValues<Label extends string> = { readonly [Name in Label]: LabelValue };

/** The labels of the series that takes what does not fit under `maxSeries`. */
const otherLabelValue = '__other__';

type Values = Readonly<Record<string, unknown>>;
type Branch<Series> = Map<string, Branch<Series> | Series>;

/** What happened in a lookup that did not simply find its series; both are counted, neither throws. */
export interface LabelReport {
  overflowed(): void;
  unknownLabel(name: string): void;
}

interface LabelTreeOptions<Series> {
  names: readonly string[];
  maxSeries: number;
  maxLabelLength: number;
  create(values: readonly string[]): Series;
  report: LabelReport;
}

/**
 * Finds the series of a label set: one Map a label, nested. No key is ever joined from several values, so that no two label
 * sets can meet in one series (prom-client's `k:v,` keys do), and each value's cached string hash is used as it is.
 */
export class LabelTree<Series> {
  readonly #options: LabelTreeOptions<Series>;
  readonly #names: readonly string[];
  readonly #root: Branch<Series> = new Map();
  readonly #all = new Set<Series>();
  #other: Series | undefined;

  constructor(options: LabelTreeOptions<Series>) {
    this.#options = options;
    this.#names = options.names;
  }

  /** Every series, oldest first. */
  get series(): ReadonlySet<Series> {
    return this.#all;
  }

  /** The series of these labels; made when it is new; the `__other__` series when `maxSeries` is reached. */
  resolve(labels: Values): Series {
    const names = this.#names;
    let node: Branch<Series> | Series | undefined = this.#root;
    for (let index = 0; index < names.length; index++) {
      const value = labels[names[index] as string];
      node = (node as Branch<Series>).get(typeof value === 'string' ? value : plainText(value));
      if (node === undefined) return this.#resolveNew(labels);
    }
    return node as Series;
  }

  /** Forgets a series. Returns whether it was there. */
  remove(labels: Values): boolean {
    const values = this.#clean(labels);
    const path: Branch<Series>[] = [];
    let node: Branch<Series> | Series | undefined = this.#root;
    for (const value of values) {
      path.push(node as Branch<Series>);
      node = (node as Branch<Series>).get(value);
      if (node === undefined) return false;
    }
    this.#all.delete(node as Series);
    if (node === this.#other) this.#other = undefined;
    for (let index = values.length - 1; index >= 0; index--) {
      const branch = path[index] as Branch<Series>;
      branch.delete(values[index] as string);
      if (branch.size > 0) break;
    }
    return true;
  }

  #resolveNew(labels: Values): Series {
    for (const name in labels) {
      if (!this.#names.includes(name)) this.#options.report.unknownLabel(name);
    }
    const values = this.#clean(labels);
    const known = this.#find(values);
    if (known !== undefined) return known;
    if (values.every((value) => value === otherLabelValue)) return this.#overflow();
    // The series for the rest is one more than `maxSeries` and takes no place of an ordinary one.
    if (this.#all.size - (this.#other === undefined ? 0 : 1) < this.#options.maxSeries)
      return this.#insert(values);
    this.#options.report.overflowed();
    return this.#overflow();
  }

  #overflow(): Series {
    this.#other ??= this.#insert(this.#names.map(() => otherLabelValue));
    return this.#other;
  }

  #find(values: readonly string[]): Series | undefined {
    let node: Branch<Series> | Series | undefined = this.#root;
    for (const value of values) {
      node = (node as Branch<Series>).get(value);
      if (node === undefined) return undefined;
    }
    return node as Series;
  }

  #insert(values: readonly string[]): Series {
    const series = this.#options.create(values);
    let branch = this.#root;
    for (const value of values.slice(0, -1)) {
      let next = branch.get(value) as Branch<Series> | undefined;
      if (next === undefined) {
        next = new Map();
        branch.set(value, next);
      }
      branch = next;
    }
    branch.set(values[values.length - 1] as string, series);
    this.#all.add(series);
    return series;
  }

  #clean(labels: Values): string[] {
    return this.#names.map((name) => cleanText(plainText(labels[name]), this.#options.maxLabelLength));
  }
}

function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  // A function is what a label named `constructor` inherits when its value is missing.
  if (value === undefined || value === null || typeof value === 'function') return '';
  try {
    return String(value);
  } catch {
    // An object whose toString throws: the caller's mistake must not become the caller's outage.
    return '';
  }
}

/** Text that is valid as it is, and too short to be a slice of a longer string (V8 copies what is under 13 characters). */
const plain = /^[\x20-\x7e]{0,12}$/;

/**
 * A copy that is valid UTF-8 (two lone surrogates would be written as the same bytes: one series twice in a scrape), not
 * longer than allowed, and that does not keep alive the long string it may have been cut from.
 */
export function cleanText(text: string, maxLength: number): string {
  if (plain.test(text)) return text;
  return flatCopy(text.length > maxLength ? text.slice(0, maxLength) : text);
}

/** The same text in one piece: a string that was joined or cut keeps all its parts, which weigh several times as much. */
export function flatCopy(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
