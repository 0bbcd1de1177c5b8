import { add, elementBytes, fromBytes, invert, mul, sub, toBytes } from './field'
import { addEntries, addPoints, entryBytes, pointBytes, regroup, xOf, yOf, zOf } from './point'
import { isScalar, reduce, writeSteps } from './scalar'
import { sha512 } from './sha512'
import { buildTable, identity, prepare, setIdentity, tableBytes } from './table'

/*
 * Verifies signatures by tables of their keys: encode(S * B + h * (-A)) must be R, byte for byte. docs/design/accelerator.md says why that
 * is the rule, and who must have checked the key. The host lays out memory from __heap_base on: tables, jobs and what they point at.
 *
 * A job is sixteen bytes: address of the table of -A; address of S, which R, A and the message follow; bytes of the message; its verdict,
 * which is written there.
 */

export { buildTable, tableBytes, prepare }
// What tests ask about piece by piece.
export { add, sub, mul, invert, fromBytes, toBytes, reduce, isScalar, sha512 }

/** Most jobs of one call. */
export const mostJobs: usize = 512
const jobBytes: usize = 16

/** The table of B and its window; the window of every other table. */
let baseTable: usize = 0
let baseWindow: usize = 0
let keyWindow: usize = 0

/** At most a step for each digit of two scalars at the narrowest window (4), and one to make them even. */
const steps: usize = memory.data(520, 4)
const touched: usize = memory.data(4, 4)
const digest: usize = memory.data(64, 8)
const challenge: usize = memory.data(36, 8)
const encoded: usize = memory.data(32, 8)
const even: usize = memory.data(320, 16)
const odd: usize = memory.data(320, 16)
const firsts: usize = memory.data(320, 16)
const seconds: usize = memory.data(320, 16)
const inverse: usize = memory.data(80, 16)
const z: usize = memory.data(80, 16)
const x: usize = memory.data(80, 16)
const y: usize = memory.data(80, 16)
/** For each pair of jobs X, Y, Z, a T that nobody asks for, and the product of all Z so far. */
const results: usize = memory.data(102400, 16)
const resultBytes: usize = pointBytes + elementBytes

/** Where the host's memory begins. */
export function heapBase(): usize {
  return __heap_base
}

/** Names the table of B, and the windows. */
export function useTables(base: usize, windowOfBase: usize, windowOfKeys: usize): void {
  baseTable = base
  baseWindow = windowOfBase
  keyWindow = windowOfKeys
}

/**
 * Reads a word of both lines of the cache in which each entry lies, so that they come from memory together and not each when it is added:
 * 15.5 microseconds a signature in place of 17.4, and 18.5 in place of 24.8 where 64 keys take turns. The sum is kept, or the compiler would
 * leave the reading out.
 */
function touch(end: usize): void {
  let sum: u32 = 0
  for (let at = steps; at < end; at += 4) {
    const entry: usize = load<u32>(at) & ~1
    sum += load<u32>(entry) + load<u32>(entry, 64)
  }
  store<u32>(touched, sum)
}

/** point: in its two lanes, two points whose sum is s * B + h * K, where `table` is K's, and s and h are 32 bytes below L. */
function combine(point: usize, s: usize, h: usize, table: usize): void {
  let end = writeSteps(steps, s, baseTable, baseWindow, identity, entryBytes)
  end = writeSteps(end, h, table, keyWindow, identity, entryBytes)
  store<u32>(end, <u32>identity)
  touch(end)
  setIdentity(point)
  for (let at = steps; at < end; at += 8) addEntries(point, load<u32>(at), load<u32>(at, 4))
}

/** Two points for a job, as combine makes them; false, and any two points, where S or R alone refuse it. */
function compute(point: usize, job: usize): bool {
  const s: usize = load<u32>(job + 4)
  const r = s + 32
  if (!isScalar(s) || isIdentity(r)) {
    setIdentity(point)
    return false
  }
  sha512(digest, r, 64 + load<u32>(job + 8))
  reduce(challenge, digest)
  combine(point, s, challenge, load<u32>(job))
  return true
}

/** Whether 32 bytes are 1, the encoding of the neutral point. */
function isIdentity(r: usize): bool {
  return load<u64>(r) == 1 && (load<u64>(r, 8) | load<u64>(r, 16) | load<u64>(r, 24)) == 0
}

/** The 32 bytes of the point with x and y in one lane of these elements: y, and the lowest bit of x on top. */
function encode(out: usize, lane: usize): void {
  toBytes(out, x, lane)
  const sign = load<u64>(out) << 63
  toBytes(out, y, lane)
  store<u64>(out, load<u64>(out, 24) | sign, 24)
}

/** Whether a is 1 in both lanes. */
function isOne(a: usize): bool {
  toBytes(encoded, a, 0)
  if (!isIdentity(encoded)) return false
  toBytes(encoded, a, 1)
  return isIdentity(encoded)
}

/** The sums of the lanes of `even` and of `odd`, as the result at `result`. */
function addLanes(result: usize): void {
  regroup(firsts, seconds, even, odd, pointBytes)
  addPoints(result, firsts, seconds)
}

/** Verifies jobs, at most mostJobs; writes 1 as the verdict of each that is valid, 0 of each of which nothing is known. */
export function verify(jobs: usize, count: usize): void {
  for (let i: usize = 0; i < count; i += 2) {
    const job = jobs + i * jobBytes
    const result = results + (i >> 1) * resultBytes
    store<u32>(job + 12, <u32>compute(even, job))
    if (i + 1 < count) store<u32>(job + jobBytes + 12, <u32>compute(odd, job + jobBytes))
    else setIdentity(odd)
    addLanes(result)
    if (i == 0) memory.copy(result + pointBytes, zOf(result), elementBytes)
    else mul(result + pointBytes, result - elementBytes, zOf(result))
  }
  // Montgomery: one inversion for all, three multiplications each. A Z of 0, which there cannot be, would spoil it for all: then nothing is known.
  const pairs = (count + 1) >> 1
  const last = results + (pairs - 1) * resultBytes
  invert(inverse, last + pointBytes)
  mul(z, inverse, last + pointBytes)
  const known = isOne(z)
  for (let i = pairs; i > 0; i--) {
    const result = results + (i - 1) * resultBytes
    if (i > 1) mul(z, inverse, result - elementBytes)
    else memory.copy(z, inverse, elementBytes)
    mul(inverse, inverse, zOf(result))
    mul(x, xOf(result), z)
    mul(y, yOf(result), z)
    for (let lane: usize = 0; lane < 2; lane++) {
      const number = ((i - 1) << 1) + lane
      if (number >= count) continue
      const job = jobs + number * jobBytes
      encode(encoded, lane)
      const isEqual = known && memory.compare(encoded, load<u32>(job + 4) + 32, 32) == 0
      store<u32>(job + 12, load<u32>(job + 12) & <u32>isEqual)
    }
  }
}

/** The encoding of s * B + h * K, for scalars of 32 bytes below L and K's table: what a table is tested by before it serves. */
export function encodeCombination(out: usize, s: usize, h: usize, table: usize): void {
  combine(even, s, h, table)
  setIdentity(odd)
  addLanes(results)
  invert(z, zOf(results))
  mul(x, xOf(results), z)
  mul(y, yOf(results), z)
  encode(out, 0)
}
