/** Counts what every `Map` is given while something runs. */
export function setsDuring(run: () => void): number {
  const { set } = Map.prototype
  let sets = 0
  Map.prototype.set = function (...given: [unknown, unknown]) {
    sets++
    return set.apply(this, given)
  }
  try {
    run()
  } finally {
    Map.prototype.set = set
  }
  return sets
}
