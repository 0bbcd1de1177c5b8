/** How much larger an older layer is than the next: fewer layers to look through, for more copying as they grow. */
const growth = 16

/**
 * A map that is never changed in place, and from which a larger one is made without copying it all: layers, oldest first, each much
 * larger than the next, that versions share. A new layer is merged into the one before as soon as it is no longer much smaller, so that
 * n entries, added one by one, cost n log n in all. In the order of a `Map`: a value that is replaced stays in its place.
 */
class GrownMap<K, V> implements ReadonlyMap<K, V> {
  readonly size: number
  private readonly layers: readonly ReadonlyMap<K, V>[]

  constructor(layers: readonly ReadonlyMap<K, V>[], size: number) {
    this.layers = layers
    this.size = size
  }

  with(more: ReadonlyMap<K, V>): GrownMap<K, V> {
    const layers = [...this.layers]
    let added = more
    let { size } = this
    for (const key of more.keys()) if (!this.has(key)) size++
    for (let before = layers.at(-1); before !== undefined; before = layers.at(-1)) {
      if (before.size >= growth * added.size) break
      const merged = new Map(before)
      for (const [name, one] of added) merged.set(name, one)
      added = merged
      layers.pop()
    }
    return new GrownMap([...layers, added], size)
  }

  get(key: K): V | undefined {
    return this.layerOf(key)?.get(key)
  }

  has(key: K): boolean {
    return this.layerOf(key) !== undefined
  }

  /** The newest layer that has a key. */
  private layerOf(key: K): ReadonlyMap<K, V> | undefined {
    for (let i = this.layers.length - 1; i >= 0; i--) if (this.layers[i]?.has(key) === true) return this.layers[i]
    return undefined
  }

  *entries(): MapIterator<[K, V]> {
    for (const [i, layer] of this.layers.entries()) {
      const older = this.layers.slice(0, i)
      for (const key of layer.keys()) {
        if (!older.some((one) => one.has(key))) yield [key, this.get(key) as V]
      }
    }
  }

  *keys(): MapIterator<K> {
    for (const [key] of this.entries()) yield key
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries()
  }

  forEach(tell: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.entries()) tell(value, key, this)
  }
}

/** A map with one entry more, or with another value for a key that it has; the given one stays as it is. */
export function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return withEntries(map, new Map([[key, value]]))
}

/** A map with several entries more, or with other values for keys that it has; none of the given ones is changed, then or later. */
export function withEntries<K, V>(map: ReadonlyMap<K, V>, more: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
  if (more.size === 0) return map
  return (map instanceof GrownMap ? (map as GrownMap<K, V>) : new GrownMap([map], map.size)).with(more)
}
