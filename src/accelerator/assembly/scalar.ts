/*
 * Scalars modulo L = 2^252 + 27742317777372353535851937790883648493, the order of the base point, as 32-bit words, little-endian.
 */

/** L, in nine words. */
const order: usize = memory.data<u32>([
  0x5cf5d3ed, 0x5812631a, 0xa2f79cd6, 0x14def9de, 0x00000000, 0x00000000, 0x00000000, 0x10000000, 0x00000000,
])
/** The whole part of 2^512 / L, in nine words: Barrett's factor. */
const factor: usize = memory.data<u32>([
  0x0a2c131b, 0xed9ce5a3, 0x086329a7, 0x2106215d, 0xffffffeb, 0xffffffff, 0xffffffff, 0xffffffff, 0x0000000f,
])
/** Room for a product of nine words by nine. */
const product: usize = memory.data(72, 8)
const multiple: usize = memory.data(72, 8)

/** Whether the number of `words` words at `a` is smaller than L. */
function isBelowOrder(a: usize, words: usize): bool {
  for (let i = words; i > 0; i--) {
    const mine = load<u32>(a + 4 * (i - 1))
    const limit = load<u32>(order + 4 * (i - 1))
    if (mine != limit) return mine < limit
  }
  return false
}

/** Whether the 32 bytes at `scalar` are smaller than L. */
export function isScalar(scalar: usize): bool {
  return isBelowOrder(scalar, 8)
}

/** out = a * b, of nine words each. */
function multiply(out: usize, a: usize, b: usize): void {
  memory.fill(out, 0, 72)
  for (let i: usize = 0; i < 36; i += 4) {
    const factorOfRow = <u64>load<u32>(a + i)
    let carry: u64 = 0
    for (let j: usize = 0; j < 36; j += 4) {
      // (2^32 - 1)^2 + 2 (2^32 - 1) is 2^64 - 1: it fits.
      const sum = factorOfRow * load<u32>(b + j) + load<u32>(out + i + j) + carry
      store<u32>(out + i + j, <u32>sum)
      carry = sum >> 32
    }
    store<u32>(out + i + 36, <u32>carry)
  }
}

/** a = a - b modulo 2^288. */
function subtract(a: usize, b: usize): void {
  let borrow: i64 = 0
  for (let i: usize = 0; i < 36; i += 4) {
    const difference = <i64>load<u32>(a + i) - <i64>load<u32>(b + i) + borrow
    store<u32>(a + i, <u32>difference)
    borrow = difference >> 32
  }
}

/**
 * The 64 bytes at `wide` modulo L, into nine words at `out`, of which the last is 0. Barrett's reduction (Handbook of Applied Cryptography,
 * 14.42, with eight words of 32 bits): the quotient is guessed at most two too small.
 */
export function reduce(out: usize, wide: usize): void {
  // Bytes 28 to 63 are the number without its seven lowest words.
  multiply(product, wide + 28, factor)
  multiply(multiple, product + 36, order)
  memory.copy(out, wide, 36)
  subtract(out, multiple)
  while (!isBelowOrder(out, 9)) subtract(out, order)
}

/** How many digits of `window` bits a number below 2^253 takes, with a sign. */
export function digitsOf(window: usize): usize {
  return (253 + window) / window
}

/**
 * Writes a step for each digit of the scalar at `scalar` (32 bytes, below 2^253): digits from -2^(window-1) to 2^(window-1), lowest first.
 * A table has 2^(window-1) entries for each digit in turn; a digit of 0 takes the entry at `identity`. Gives the address after the steps.
 */
export function writeSteps(
  steps: usize,
  scalar: usize,
  table: usize,
  window: usize,
  identity: usize,
  entryBytes: usize,
): usize {
  const half: usize = 1 << (window - 1)
  const count = digitsOf(window)
  let carry: usize = 0
  for (let i: usize = 0; i < count; i++) {
    const bit = i * window
    // Bits past the end are 0; a digit lies in at most two words.
    const word = bit >> 5
    let pair: u64 = load<u32>(scalar + 4 * word)
    if (word < 7) pair |= (<u64>load<u32>(scalar + 4 * word + 4)) << 32
    let digit = (<usize>(pair >> (bit & 31)) & (2 * half - 1)) + carry
    let sign: usize = 0
    carry = 0
    if (digit > half) {
      digit = 2 * half - digit
      sign = 1
      carry = 1
    }
    const entry = digit == 0 ? identity : table + (i * half + digit - 1) * entryBytes
    store<u32>(steps, <u32>(entry | sign))
    steps += 4
  }
  return steps
}
