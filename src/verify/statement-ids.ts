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
  private find(issuer: number, id: Uint32Array, at: number): number {
    let hash = Math.imul(this.seed ^ issuer, 0x85ebca6b)
    hash ^= hash >>> 13
    for (let word = 0; word < 4; word++) {
      hash = Math.imul(hash ^ (id[at + word] as number), 0x85ebca6b)
      hash ^= hash >>> 13
    }
    const { words } = this
    const mask = this.slots - 1
    for (let slot = (hash ^ (hash >>> 16)) & mask; ; slot = (slot + 1) & mask) {
      const held = slot * 6
      if (words[held] === 0) return slot
      if (
        words[held] === issuer &&
        words[held + 1] === id[at] &&
        words[held + 2] === id[at + 1] &&
        words[held + 3] === id[at + 2] &&
        words[held + 4] === id[at + 3]
      )
        return slot
    }
  }

  /** Index of the entry that used the id, or undefined. */
  get(iss: string, jti: string): number | undefined {
    const issuer = this.issuers.get(iss)
    if (issuer === undefined) return undefined
    const words = new Uint32Array(4)
    splitUuid(jti, words, 0)
    const slot = this.find(issuer, words, 0)
    return this.words[slot * 6] === 0 ? undefined : this.indexAt(slot)
  }

  /** Notes that an entry used the id. */
  add(iss: string, jti: string, index: number): void {
    const words = new Uint32Array(4)
    splitUuid(jti, words, 0)
    if (this.count * 2 >= this.slots) this.grow()
    this.put(this.find(this.issuerNumber(iss), words, 0), this.issuerNumber(iss), words, 0, index)
  }

  /** Both at once, over four words of `words` from `at`: false, and nothing noted, where the id was used before. */
  claim(iss: string, words: Uint32Array, at: number, index: number): boolean {
    if (this.count * 2 >= this.slots) this.grow()
    const issuer = this.issuerNumber(iss)
    const slot = this.find(issuer, words, at)
    if (this.words[slot * 6] !== 0) return false
    this.put(slot, issuer, words, at, index)
    return true
  }

  private indexAt(slot: number): number {
    return (this.high[slot] as number) * 0x1_0000_0000 + (this.words[slot * 6 + 5] as number)
  }

  private put(slot: number, issuer: number, words: Uint32Array, at: number, index: number): void {
    if (this.words[slot * 6] === 0) this.count++
    this.words[slot * 6] = issuer
    for (let word = 0; word < 4; word++) this.words[slot * 6 + 1 + word] = words[at + word] as number
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
      const issuer = words[slot * 6] as number
      if (issuer === 0) continue
      const index = (high[slot] as number) * 0x1_0000_0000 + (words[slot * 6 + 5] as number)
      this.put(this.find(issuer, words, slot * 6 + 1), issuer, words, slot * 6 + 1, index)
    }
  }
}

/** Writes the four words of a lower-case UUID, from its 32 digits. */
export function splitUuid(uuid: string, words: Uint32Array, at: number): void {
  let digit = 0
  let word = 0
  for (let i = 0; i < uuid.length; i++) {
    const unit = uuid.charCodeAt(i)
    if (unit === 0x2d) continue
    word = (word << 4) | (unit < 0x3a ? unit - 0x30 : unit - 0x57)
    if ((++digit & 7) === 0) words[at + (digit >> 3) - 1] = word
  }
}
