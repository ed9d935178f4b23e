/** So many at one time: the traffic that comes back with Redis goes first. */
const AT_ONCE = 64;

/** Tells Redis of every key that it has not heard of, in small groups, for as long as `goOn` says. */
export async function tellAll(
  entries: Iterable<[string, number]>,
  steps: {
    readonly goOn: () => boolean;
    readonly owes: (at: number) => boolean;
    readonly tell: (key: string) => Promise<unknown>;
  },
): Promise<void> {
  let telling: Promise<unknown>[] = [];
  for (const [key, at] of entries) {
    if (!steps.goOn()) break;
    if (!steps.owes(at)) continue;
    telling.push(steps.tell(key));
    if (telling.length < AT_ONCE) continue;
    await Promise.all(telling);
    telling = [];
  }
  await Promise.all(telling);
}
