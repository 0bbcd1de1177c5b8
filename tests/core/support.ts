import { type ErrorCode, EvidenceError } from '../../src/core/errors.ts'

/** The code that an action is refused with, or `accepted`. An error of another class goes through, and fails the test. */
export function codeOf(action: () => unknown): ErrorCode | 'accepted' {
  try {
    action()
  } catch (error) {
    if (error instanceof EvidenceError) return error.code
    throw error
  }
  return 'accepted'
}

/** A copy with one bit turned over. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const out = Uint8Array.from(bytes)
  out[bit >> 3] = (out[bit >> 3] as number) ^ (1 << (bit & 7))
  return out
}

/** 32 bytes of one value. */
export function hashOf(byte: number): Uint8Array {
  return new Uint8Array(32).fill(byte)
}
