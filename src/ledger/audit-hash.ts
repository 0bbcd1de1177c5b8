/** Key of the hashes of one audit, 64 bits. It is drawn when the audit begins, so nobody who wrote the database knew it. */
export interface AuditKey {
  readonly low: number
  readonly high: number
}

/** A key that nobody can foresee. */
export function drawAuditKey(): AuditKey {
  const [low, high] = crypto.getRandomValues(new Uint32Array(2)) as unknown as [number, number]
  return { low, high }
}

let [v0, v1, v2, v3] = [0, 0, 0, 0]

function rounds(count: number): void {
  for (let i = 0; i < count; i++) {
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
  }
}

function take(word: number): void {
  v3 ^= word
  rounds(2)
  v0 ^= word
}

/**
 * HalfSipHash-2-4 with 64 bits (Aumasson and Bernstein 2012, in its form of 32-bit words) of bytes.
 * @param from the first byte that counts, and `to` the first that does not.
 * @param ahead numbers that stand before the bytes, 4 bytes each, little-endian.
 * @returns the two halves, low first.
 */
export function halfSipHash(
  bytes: Uint8Array,
  { low, high }: AuditKey,
  from = 0,
  to: number = bytes.length,
  ahead: readonly number[] = [],
): readonly [low: number, high: number] {
  v0 = low
  v1 = high ^ 0xee
  v2 = 0x6c796765 ^ low
  v3 = 0x74656462 ^ high
  for (const word of ahead) take(word)
  let at = from
  for (; at + 4 <= to; at += 4)
    take(
      (bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24),
    )
  let last = (to - from + 4 * ahead.length) << 24
  for (let i = 0; at + i < to; i++) last |= (bytes[at + i] as number) << (8 * i)
  take(last)
  v2 ^= 0xee
  rounds(4)
  const first = (v1 ^ v3) >>> 0
  v1 ^= 0xdd
  rounds(4)
  return [first, (v1 ^ v3) >>> 0]
}

/** The hash of a look-up key or statement id, bytes `from` to `to` (excluded), and of the index that it leads to; below 2^52. */
export function auditHash(
  bytes: Uint8Array,
  index: number,
  key: AuditKey,
  from = 0,
  to: number = bytes.length,
): number {
  const [low, high] = halfSipHash(bytes, key, from, to, [index | 0, Math.floor(index / 0x1_0000_0000)])
  return (high >>> 12) * 0x1_0000_0000 + low
}
