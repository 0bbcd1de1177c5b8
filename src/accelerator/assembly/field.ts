/*
 * Arithmetic modulo p = 2^255 - 19, on two elements at once: one in each lane of a vector.
 *
 * An element is ten limbs of 26 and 25 bits in turn, x = x0 + 2^26 x1 + 2^51 x2 + 2^77 x3 + ..., unsigned. It takes five vectors: vector k
 * holds [x(2k) of lane 0, x(2k) of lane 1, x(2k+1) of lane 0, x(2k+1) of lane 1], 32 bits each, so that one extended multiplication of
 * vectors gives the 64-bit products of one pair of limbs for both lanes.
 *
 * Bounds. "Tight" is what mul leaves; the sum and the difference of tight elements, and the sum of such, may be multiplied. The exact
 * bounds are worked out by tests/accelerator/bounds.test.ts, which runs this very file on intervals: nothing here may branch on a value.
 */

/** Bytes of a pair of elements. */
export const elementBytes: usize = 80

/** Products of limbs 2k of both lanes. */
function low(a: v128, b: v128): v128 {
  return i64x2.extmul_low_i32x4_u(a, b)
}

/** Products of limbs 2k + 1 of both lanes. */
function high(a: v128, b: v128): v128 {
  return i64x2.extmul_high_i32x4_u(a, b)
}

/** Limbs 2k and 2k + 1 exchanged. */
function exchanged(a: v128): v128 {
  return i32x4.shuffle(a, a, 2, 3, 0, 1)
}

/** Limb 2k + 1 doubled: the product of two odd limbs has one bit more weight than its column. */
function oddDoubled(a: v128): v128 {
  return i32x4.add(a, v128.and(a, i32x4(0, 0, -1, -1)))
}

/** Two columns, each below 2^32 in both lanes, as one vector of an element. */
function packed(even: v128, odd: v128): v128 {
  return i32x4.shuffle(even, odd, 0, 2, 4, 6)
}

/** out = a + b, not carried. */
export function add(out: usize, a: usize, b: usize): void {
  v128.store(out, i32x4.add(v128.load(a), v128.load(b)))
  v128.store(out, i32x4.add(v128.load(a, 16), v128.load(b, 16)), 16)
  v128.store(out, i32x4.add(v128.load(a, 32), v128.load(b, 32)), 32)
  v128.store(out, i32x4.add(v128.load(a, 48), v128.load(b, 48)), 48)
  v128.store(out, i32x4.add(v128.load(a, 64), v128.load(b, 64)), 64)
}

/** out = a + 2p - b, not carried: no limb of b may be above that of 2p. */
export function sub(out: usize, a: usize, b: usize): void {
  const first = i32x4(0x7ffffda, 0x7ffffda, 0x3fffffe, 0x3fffffe)
  const other = i32x4(0x7fffffe, 0x7fffffe, 0x3fffffe, 0x3fffffe)
  v128.store(out, i32x4.sub(i32x4.add(v128.load(a), first), v128.load(b)))
  v128.store(out, i32x4.sub(i32x4.add(v128.load(a, 16), other), v128.load(b, 16)), 16)
  v128.store(out, i32x4.sub(i32x4.add(v128.load(a, 32), other), v128.load(b, 32)), 32)
  v128.store(out, i32x4.sub(i32x4.add(v128.load(a, 48), other), v128.load(b, 48)), 48)
  v128.store(out, i32x4.sub(i32x4.add(v128.load(a, 64), other), v128.load(b, 64)), 64)
}

/**
 * out = a * b, tight. Nineteen times a limb of b must stay below 2^32. Column by column as in school: limb i times limb j counts in column
 * i + j, twice where both are odd, and nineteen times in column i + j - 10, for 2^255 is 19.
 */
export function mul(out: usize, a: usize, b: usize): void {
  const nineteen = i32x4.splat(19)
  const a0 = v128.load(a)
  const a1 = v128.load(a, 16)
  const a2 = v128.load(a, 32)
  const a3 = v128.load(a, 48)
  const a4 = v128.load(a, 64)
  const b0 = v128.load(b)
  const b1 = v128.load(b, 16)
  const b2 = v128.load(b, 32)
  const b3 = v128.load(b, 48)
  const b4 = v128.load(b, 64)
  const d0 = oddDoubled(a0)
  const d1 = oddDoubled(a1)
  const d2 = oddDoubled(a2)
  const d3 = oddDoubled(a3)
  const d4 = oddDoubled(a4)
  const n0 = i32x4.mul(b0, nineteen)
  const n1 = i32x4.mul(b1, nineteen)
  const n2 = i32x4.mul(b2, nineteen)
  const n3 = i32x4.mul(b3, nineteen)
  const n4 = i32x4.mul(b4, nineteen)
  const s0 = exchanged(b0)
  const s1 = exchanged(b1)
  const s2 = exchanged(b2)
  const s3 = exchanged(b3)
  const s4 = exchanged(b4)
  const t1 = exchanged(n1)
  const t2 = exchanged(n2)
  const t3 = exchanged(n3)
  const t4 = exchanged(n4)

  let h0 = low(d0, b0)
  h0 = i64x2.add(h0, high(d0, n4))
  h0 = i64x2.add(h0, high(d1, n3))
  h0 = i64x2.add(h0, low(d1, n4))
  h0 = i64x2.add(h0, high(d2, n2))
  h0 = i64x2.add(h0, low(d2, n3))
  h0 = i64x2.add(h0, high(d3, n1))
  h0 = i64x2.add(h0, low(d3, n2))
  h0 = i64x2.add(h0, high(d4, n0))
  h0 = i64x2.add(h0, low(d4, n1))
  let h1 = low(a0, s0)
  h1 = i64x2.add(h1, high(a0, s0))
  h1 = i64x2.add(h1, low(a1, t4))
  h1 = i64x2.add(h1, high(a1, t4))
  h1 = i64x2.add(h1, low(a2, t3))
  h1 = i64x2.add(h1, high(a2, t3))
  h1 = i64x2.add(h1, low(a3, t2))
  h1 = i64x2.add(h1, high(a3, t2))
  h1 = i64x2.add(h1, low(a4, t1))
  h1 = i64x2.add(h1, high(a4, t1))
  let h2 = high(d0, b0)
  h2 = i64x2.add(h2, low(d0, b1))
  h2 = i64x2.add(h2, low(d1, b0))
  h2 = i64x2.add(h2, high(d1, n4))
  h2 = i64x2.add(h2, high(d2, n3))
  h2 = i64x2.add(h2, low(d2, n4))
  h2 = i64x2.add(h2, high(d3, n2))
  h2 = i64x2.add(h2, low(d3, n3))
  h2 = i64x2.add(h2, high(d4, n1))
  h2 = i64x2.add(h2, low(d4, n2))
  let h3 = low(a0, s1)
  h3 = i64x2.add(h3, high(a0, s1))
  h3 = i64x2.add(h3, low(a1, s0))
  h3 = i64x2.add(h3, high(a1, s0))
  h3 = i64x2.add(h3, low(a2, t4))
  h3 = i64x2.add(h3, high(a2, t4))
  h3 = i64x2.add(h3, low(a3, t3))
  h3 = i64x2.add(h3, high(a3, t3))
  h3 = i64x2.add(h3, low(a4, t2))
  h3 = i64x2.add(h3, high(a4, t2))
  let h4 = high(d0, b1)
  h4 = i64x2.add(h4, low(d0, b2))
  h4 = i64x2.add(h4, high(d1, b0))
  h4 = i64x2.add(h4, low(d1, b1))
  h4 = i64x2.add(h4, low(d2, b0))
  h4 = i64x2.add(h4, high(d2, n4))
  h4 = i64x2.add(h4, high(d3, n3))
  h4 = i64x2.add(h4, low(d3, n4))
  h4 = i64x2.add(h4, high(d4, n2))
  h4 = i64x2.add(h4, low(d4, n3))
  let h5 = low(a0, s2)
  h5 = i64x2.add(h5, high(a0, s2))
  h5 = i64x2.add(h5, low(a1, s1))
  h5 = i64x2.add(h5, high(a1, s1))
  h5 = i64x2.add(h5, low(a2, s0))
  h5 = i64x2.add(h5, high(a2, s0))
  h5 = i64x2.add(h5, low(a3, t4))
  h5 = i64x2.add(h5, high(a3, t4))
  h5 = i64x2.add(h5, low(a4, t3))
  h5 = i64x2.add(h5, high(a4, t3))
  let h6 = high(d0, b2)
  h6 = i64x2.add(h6, low(d0, b3))
  h6 = i64x2.add(h6, high(d1, b1))
  h6 = i64x2.add(h6, low(d1, b2))
  h6 = i64x2.add(h6, high(d2, b0))
  h6 = i64x2.add(h6, low(d2, b1))
  h6 = i64x2.add(h6, low(d3, b0))
  h6 = i64x2.add(h6, high(d3, n4))
  h6 = i64x2.add(h6, high(d4, n3))
  h6 = i64x2.add(h6, low(d4, n4))
  let h7 = low(a0, s3)
  h7 = i64x2.add(h7, high(a0, s3))
  h7 = i64x2.add(h7, low(a1, s2))
  h7 = i64x2.add(h7, high(a1, s2))
  h7 = i64x2.add(h7, low(a2, s1))
  h7 = i64x2.add(h7, high(a2, s1))
  h7 = i64x2.add(h7, low(a3, s0))
  h7 = i64x2.add(h7, high(a3, s0))
  h7 = i64x2.add(h7, low(a4, t4))
  h7 = i64x2.add(h7, high(a4, t4))
  let h8 = high(d0, b3)
  h8 = i64x2.add(h8, low(d0, b4))
  h8 = i64x2.add(h8, high(d1, b2))
  h8 = i64x2.add(h8, low(d1, b3))
  h8 = i64x2.add(h8, high(d2, b1))
  h8 = i64x2.add(h8, low(d2, b2))
  h8 = i64x2.add(h8, high(d3, b0))
  h8 = i64x2.add(h8, low(d3, b1))
  h8 = i64x2.add(h8, low(d4, b0))
  h8 = i64x2.add(h8, high(d4, n4))
  let h9 = low(a0, s4)
  h9 = i64x2.add(h9, high(a0, s4))
  h9 = i64x2.add(h9, low(a1, s3))
  h9 = i64x2.add(h9, high(a1, s3))
  h9 = i64x2.add(h9, low(a2, s2))
  h9 = i64x2.add(h9, high(a2, s2))
  h9 = i64x2.add(h9, low(a3, s1))
  h9 = i64x2.add(h9, high(a3, s1))
  h9 = i64x2.add(h9, low(a4, s0))
  h9 = i64x2.add(h9, high(a4, s0))

  // Two chains of carries at once, from columns 0 and 5, so that neither waits for the other.
  const low26 = i64x2.splat(0x3ffffff)
  const low25 = i64x2.splat(0x1ffffff)
  h1 = i64x2.add(h1, i64x2.shr_u(h0, 26))
  h6 = i64x2.add(h6, i64x2.shr_u(h5, 25))
  h0 = v128.and(h0, low26)
  h5 = v128.and(h5, low25)
  h2 = i64x2.add(h2, i64x2.shr_u(h1, 25))
  h7 = i64x2.add(h7, i64x2.shr_u(h6, 26))
  h1 = v128.and(h1, low25)
  h6 = v128.and(h6, low26)
  h3 = i64x2.add(h3, i64x2.shr_u(h2, 26))
  h8 = i64x2.add(h8, i64x2.shr_u(h7, 25))
  h2 = v128.and(h2, low26)
  h7 = v128.and(h7, low25)
  h4 = i64x2.add(h4, i64x2.shr_u(h3, 25))
  h9 = i64x2.add(h9, i64x2.shr_u(h8, 26))
  h3 = v128.and(h3, low25)
  h8 = v128.and(h8, low26)
  h5 = i64x2.add(h5, i64x2.shr_u(h4, 26))
  // Nineteen times the carry out of the top, by shifts: it has more than 32 bits.
  const top = i64x2.shr_u(h9, 25)
  h0 = i64x2.add(h0, i64x2.add(i64x2.add(i64x2.shl(top, 4), i64x2.shl(top, 1)), top))
  h4 = v128.and(h4, low26)
  h9 = v128.and(h9, low25)
  h6 = i64x2.add(h6, i64x2.shr_u(h5, 25))
  h1 = i64x2.add(h1, i64x2.shr_u(h0, 26))
  h5 = v128.and(h5, low25)
  h0 = v128.and(h0, low26)

  v128.store(out, packed(h0, h1))
  v128.store(out, packed(h2, h3), 16)
  v128.store(out, packed(h4, h5), 32)
  v128.store(out, packed(h6, h7), 48)
  v128.store(out, packed(h8, h9), 64)
}

/** Address of a limb of the element in one lane. */
function limbAt(element: usize, limb: usize, lane: usize): usize {
  return element + 16 * (limb >> 1) + 8 * (limb & 1) + 4 * lane
}

/** Writes one limb into both lanes. */
function storeBoth(element: usize, limb: usize, value: u64): void {
  store<u32>(limbAt(element, limb, 0), <u32>value)
  store<u32>(limbAt(element, limb, 1), <u32>value)
}

/** The number in 32 bytes, little-endian and below 2^255, into both lanes, tight. */
export function fromBytes(out: usize, bytes: usize): void {
  const w0 = load<u64>(bytes)
  const w1 = load<u64>(bytes, 8)
  const w2 = load<u64>(bytes, 16)
  const w3 = load<u64>(bytes, 24)
  storeBoth(out, 0, w0 & 0x3ffffff)
  storeBoth(out, 1, (w0 >> 26) & 0x1ffffff)
  storeBoth(out, 2, ((w0 >> 51) | (w1 << 13)) & 0x3ffffff)
  storeBoth(out, 3, (w1 >> 13) & 0x1ffffff)
  storeBoth(out, 4, w1 >> 38)
  storeBoth(out, 5, w2 & 0x1ffffff)
  storeBoth(out, 6, (w2 >> 25) & 0x3ffffff)
  storeBoth(out, 7, ((w2 >> 51) | (w3 << 13)) & 0x1ffffff)
  storeBoth(out, 8, (w3 >> 12) & 0x3ffffff)
  storeBoth(out, 9, w3 >> 38)
}

/** The element in one lane, which is tight, as 32 bytes, little-endian and below p. */
export function toBytes(bytes: usize, a: usize, lane: usize): void {
  // A tight element is below 2p: it is p or more exactly where nineteen more carries out of bit 255.
  let carry: u64 = 19
  for (let i: usize = 0; i < 10; i++) carry = (load<u32>(limbAt(a, i, lane)) + carry) >> (26 - (i & 1))
  carry *= 19
  let word: u64 = 0
  let bits: u64 = 0
  for (let i: usize = 0; i < 10; i++) {
    const width: u64 = 26 - (i & 1)
    const limb = load<u32>(limbAt(a, i, lane)) + carry
    const digit = limb & (((<u64>1) << width) - 1)
    carry = limb >> width
    word |= digit << bits
    bits += width
    if (bits < 64) continue
    store<u64>(bytes, word)
    bytes += 8
    bits -= 64
    word = bits == 0 ? 0 : digit >> (width - bits)
  }
  store<u64>(bytes, word)
}

const power: usize = memory.data(80, 16)
const chain: usize = memory.data(240, 16)

/** out = a to the power 2^n: n squarings. */
function squared(out: usize, a: usize, n: i32): void {
  mul(out, a, a)
  for (let i = 1; i < n; i++) mul(out, out, out)
}

/** out = 1 / a = a^(p - 2), tight; 0 of 0. The chain of powers of Bernstein's first implementation: 254 squarings, 11 multiplications. */
export function invert(out: usize, a: usize): void {
  const t0 = chain
  const t1 = chain + elementBytes
  const t2 = chain + 2 * elementBytes
  squared(t0, a, 1)
  squared(t1, t0, 2)
  mul(t1, a, t1)
  mul(t0, t0, t1)
  squared(t2, t0, 1)
  mul(t1, t1, t2)
  squared(t2, t1, 5)
  mul(t1, t2, t1)
  squared(t2, t1, 10)
  mul(t2, t2, t1)
  squared(power, t2, 20)
  mul(t2, power, t2)
  squared(t2, t2, 10)
  mul(t1, t2, t1)
  squared(t2, t1, 50)
  mul(t2, t2, t1)
  squared(power, t2, 100)
  mul(t2, power, t2)
  squared(t2, t2, 50)
  mul(t1, t2, t1)
  squared(t1, t1, 5)
  mul(out, t1, t0)
}
