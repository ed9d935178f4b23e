const example = Symbol('example');

/**
 * Keeps one object of a class that is otherwise made and dropped with each call. When none is alive at a garbage collection,
 * V8 forgets their hidden class, throws away all optimised code that knows it, and the calls after it cost ten times as much
 * until it is optimised again (measured with `--trace-deopt`: "weak objects").
 * @param one with the kinds of numbers that real ones have: a fraction where there may be one
 */
export function keepShape(one: object): void {
  // On its class: a bundler takes a list that nobody reads out.
  Object.defineProperty(one.constructor, example, { value: one, configurable: true });
}
