type Set = (this: Map<unknown, unknown>, key: unknown, value: unknown) => Map<unknown, unknown>

/** Counts what every `Map` is given while something runs, copies included. */
export function setsDuring(run: () => void): number {
  const set = Reflect.get(Map.prototype, 'set') as Set
  let sets = 0
  Map.prototype.set = function (key: unknown, value: unknown) {
    sets++
    return set.call(this, key, value)
  }
  try {
    run()
  } finally {
    Map.prototype.set = set
  }
  return sets
}
