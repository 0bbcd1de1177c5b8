/**
 * Which `iss` + `jti` were used, in 56 bytes an entry: a hash table over typed arrays, exact (the whole UUID is kept),
 * seeded anew for each run, so that nobody can choose ids that make it slow.
 */
export class StatementIds {
  private readonly issuers = new Map<string, number>()
  private readonly seed = Math.floor(Math.random() * 0x7fffffff) | 1
  private slots = 1024
  /** Six words a slot: issuer + 1, the UUID's four, the index's low 32 bits; its high bits lie in `high`. */
  private words = new Uint32Array(this.slots * 6)
  private high = new Uint16Array(this.slots)
  private count = 0

  private issuerNumber(iss: string): number {
    let number = this.issuers.get(iss)
    if (number === undefined) {
      number = this.issuers.size + 1
      this.issuers.set(iss, number)
    }
    return number
  }

  /** Slot that holds the id, or the free one where it would stand. */
  private find(id: readonly [number, number, number, number, number]): number {
    let hash = this.seed
    for (const word of id) {
      hash = Math.imul(hash ^ word, 0x85ebca6b)
      hash ^= hash >>> 13
    }
    const mask = this.slots - 1
    for (let slot = (hash ^ (hash >>> 16)) & mask; ; slot = (slot + 1) & mask) {
      const at = slot * 6
      const { words } = this
      if (words[at] === 0) return slot
      let same = 0
      while (same < 5 && words[at + same] === id[same]) same++
      if (same === 5) return slot
    }
  }

  /** The four words of a lower-case UUID, from its 32 digits. */
  private static split(jti: string): [number, number, number, number] {
    const words: [number, number, number, number] = [0, 0, 0, 0]
    let digit = 0
    for (let at = 0; at < jti.length; at++) {
      const unit = jti.charCodeAt(at)
      if (unit === 0x2d) continue
      const word = digit++ >> 3
      words[word] = ((words[word] as number) << 4) | (unit < 0x3a ? unit - 0x30 : unit - 0x57)
    }
    for (let word = 0; word < 4; word++) words[word] = (words[word] as number) >>> 0
    return words
  }

  /** Index of the entry that used the id, or undefined. */
  get(iss: string, jti: string): number | undefined {
    const issuer = this.issuers.get(iss)
    if (issuer === undefined) return undefined
    const slot = this.find([issuer, ...StatementIds.split(jti)])
    if (this.words[slot * 6] === 0) return undefined
    return (this.high[slot] as number) * 0x1_0000_0000 + (this.words[slot * 6 + 5] as number)
  }

  /** Notes that an entry used the id. */
  add(iss: string, jti: string, index: number): void {
    if (this.count * 2 >= this.slots) this.grow()
    this.put([this.issuerNumber(iss), ...StatementIds.split(jti)], index)
  }

  private put(id: readonly [number, number, number, number, number], index: number): void {
    const slot = this.find(id)
    if (this.words[slot * 6] === 0) this.count++
    this.words.set(id, slot * 6)
    this.words[slot * 6 + 5] = index % 0x1_0000_0000
    this.high[slot] = Math.floor(index / 0x1_0000_0000)
  }

  private grow(): void {
    const { words, high, slots } = this
    this.slots *= 2
    this.words = new Uint32Array(this.slots * 6)
    this.high = new Uint16Array(this.slots)
    this.count = 0
    for (let slot = 0; slot < slots; slot++) {
      const [a, b, c, d, e, low] = words.subarray(slot * 6, slot * 6 + 6) as unknown as [
        number,
        number,
        number,
        number,
        number,
        number,
      ]
      if (a !== 0) this.put([a, b, c, d, e], (high[slot] as number) * 0x1_0000_0000 + low)
    }
  }
}
