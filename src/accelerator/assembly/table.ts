import { add, elementBytes, fromBytes, invert, mul, sub } from './field'
import { addPoints, coordinateBytes, entryBytes, pointBytes, regroup, tOf, twoD, xOf, yOf, zOf } from './point'
import { digitsOf } from './scalar'

/*
 * The table of a point P and a window w: for each digit i of a scalar, j * 2^(wi) * P with j from 1 to 2^(w-1), as entries of point.ts.
 * A multiple of P is then a sum of entries, one for each digit, and nothing is ever doubled.
 */

/** The widest window that there is room for. */
export const widest: usize = 10
/** Bytes of what is kept of a multiple until it is an entry: X, Y, Z, T, and the product of all Z so far. */
const multipleBytes: usize = pointBytes + elementBytes

const twoDNumber: usize = memory.data<u64>([
  0xebd69b9426b2f159, 0x00e0149a8283b156, 0x198e80f2eef3d130, 0x2406d9dc56dffce7,
])
const oneNumber: usize = memory.data<u64>([1, 0, 0, 0])
const one: usize = memory.data(80, 16)
/** The neutral point as an entry: y + x = y - x = 1. */
export const identity: usize = memory.data<u32>([
  1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
])

const current: usize = memory.data(320, 16)
const next: usize = memory.data(320, 16)
const pair: usize = memory.data(320, 16)
const unused: usize = memory.data(320, 16)
const inverse: usize = memory.data(80, 16)
const z: usize = memory.data(80, 16)
const x: usize = memory.data(80, 16)
const y: usize = memory.data(80, 16)
const sum: usize = memory.data(80, 16)
const multiples: usize = memory.data(204800, 16)

/** Sets the constants that are elements; called once, before anything else. */
export function prepare(): void {
  fromBytes(twoD, twoDNumber)
  fromBytes(one, oneNumber)
}

/** The neutral point, in both lanes. */
export function setIdentity(point: usize): void {
  memory.fill(point, 0, pointBytes)
  memory.copy(yOf(point), one, elementBytes)
  memory.copy(zOf(point), one, elementBytes)
}

/** out = 2^n * p, with n > 0. */
function doubled(out: usize, p: usize, n: usize): void {
  addPoints(out, p, p)
  for (let i: usize = 1; i < n; i++) addPoints(out, out, out)
}

/** Ten limbs of one lane of an element, one after another. */
function storeLane(out: usize, element: usize, lane: usize): void {
  for (let limb: usize = 0; limb < 10; limb++)
    store<u32>(out + 4 * limb, load<u32>(element + 16 * (limb >> 1) + 8 * (limb & 1) + 4 * lane))
}

/** Writes the two rows of the points in the lanes of `pair`; the second is left out where it is 0. One inversion for all of it. */
function writeRows(row0: usize, row1: usize, length: usize): void {
  memory.copy(multiples, pair, pointBytes)
  memory.copy(multiples + pointBytes, zOf(pair), elementBytes)
  for (let i: usize = 1; i < length; i++) {
    const before = multiples + (i - 1) * multipleBytes
    const here = before + multipleBytes
    addPoints(here, before, pair)
    mul(here + pointBytes, before + pointBytes, zOf(here))
  }
  invert(inverse, multiples + (length - 1) * multipleBytes + pointBytes)
  for (let i = length; i > 0; i--) {
    const here = multiples + (i - 1) * multipleBytes
    // The inverse of all Z up to here, times all Z before: the inverse of this one.
    if (i > 1) mul(z, inverse, here - multipleBytes + pointBytes)
    else memory.copy(z, inverse, elementBytes)
    mul(inverse, inverse, zOf(here))
    mul(x, xOf(here), z)
    mul(y, yOf(here), z)
    add(sum, y, x)
    mul(sum, sum, one)
    sub(z, y, x)
    mul(z, z, one)
    mul(x, x, y)
    mul(x, x, twoD)
    for (let lane: usize = 0; lane < 2; lane++) {
      const row = lane == 0 ? row0 : row1
      if (row == 0) continue
      const entry = row + (i - 1) * entryBytes
      storeLane(entry, sum, lane)
      storeLane(entry + coordinateBytes, z, lane)
      storeLane(entry + 2 * coordinateBytes, x, lane)
    }
  }
}

/** Bytes of a table. */
export function tableBytes(window: usize): usize {
  return ((<usize>digitsOf(window)) << (window - 1)) * entryBytes
}

/** Writes the table of the point whose x and y, 32 bytes each, little-endian and below p, are at `affine`. */
export function buildTable(table: usize, window: usize, affine: usize): void {
  const length: usize = 1 << (window - 1)
  const rowBytes = length * entryBytes
  const rows = digitsOf(window)
  fromBytes(xOf(current), affine)
  fromBytes(yOf(current), affine + 32)
  memory.copy(zOf(current), one, elementBytes)
  mul(tOf(current), xOf(current), yOf(current))
  for (let row: usize = 0; row < rows; row += 2) {
    doubled(next, current, window)
    regroup(pair, unused, current, next, pointBytes)
    writeRows(table + row * rowBytes, row + 1 < rows ? table + (row + 1) * rowBytes : 0, length)
    doubled(current, next, window)
  }
}
