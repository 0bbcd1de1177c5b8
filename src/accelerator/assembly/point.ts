import { add, elementBytes, mul, sub } from './field'

/*
 * Points of the twisted Edwards curve, two at once: one in each lane. The formulas of Hisil, Wong, Carter and Dawson (2008) for a = -1
 * are complete on this curve: they hold for every two points, equal or not, and Z is never 0.
 *
 * A point is X, Y, Z and T = XY/Z, four elements one after another. An entry of a table is a point by y + x, y - x and 2dxy, thirty limbs of
 * 32 bits, all tight, 120 bytes in room for 128; lane by lane, since the lanes take different entries.
 */

/** Bytes of a pair of points. */
export const pointBytes: usize = 4 * elementBytes
/** Bytes from one entry of a table to the next. */
export const entryBytes: usize = 128
/** Bytes of ten limbs of an entry. */
export const coordinateBytes: usize = 40

/** 2d, in both lanes; see prepare of table.ts. */
export const twoD: usize = memory.data(80, 16)

const a: usize = memory.data(80, 16)
const b: usize = memory.data(80, 16)
const c: usize = memory.data(80, 16)
const d: usize = memory.data(80, 16)
const plus: usize = memory.data(80, 16)
const minus: usize = memory.data(80, 16)
const product: usize = memory.data(80, 16)

/** Addresses of the coordinates of a point. */
export function xOf(point: usize): usize {
  return point
}
export function yOf(point: usize): usize {
  return point + elementBytes
}
export function zOf(point: usize): usize {
  return point + 2 * elementBytes
}
export function tOf(point: usize): usize {
  return point + 3 * elementBytes
}

/** out from A, B, C and D of the formulas: E = B - A, F = D - C, G = D + C, H = B + A; X = EF, Y = GH, T = EH, Z = FG. */
function finish(out: usize): void {
  add(plus, b, a)
  sub(minus, b, a)
  add(a, d, c)
  sub(b, d, c)
  // The factor on the right is multiplied by nineteen, for which D - C is too large.
  mul(xOf(out), b, minus)
  mul(yOf(out), a, plus)
  mul(zOf(out), b, a)
  mul(tOf(out), minus, plus)
}

/** out = p + q, tight. */
export function addPoints(out: usize, p: usize, q: usize): void {
  sub(minus, yOf(p), xOf(p))
  sub(plus, yOf(q), xOf(q))
  mul(a, minus, plus)
  add(minus, yOf(p), xOf(p))
  add(plus, yOf(q), xOf(q))
  mul(b, minus, plus)
  mul(c, tOf(p), tOf(q))
  mul(c, c, twoD)
  mul(d, zOf(p), zOf(q))
  add(d, d, d)
  finish(out)
}

/** Ten limbs for lane 0 and ten for lane 1, as the vectors of a pair of elements. */
function gather(out: usize, p: usize, q: usize): void {
  const p0 = v128.load(p)
  const q0 = v128.load(q)
  const p1 = v128.load(p, 16)
  const q1 = v128.load(q, 16)
  v128.store(out, i32x4.shuffle(p0, q0, 0, 4, 1, 5))
  v128.store(out, i32x4.shuffle(p0, q0, 2, 6, 3, 7), 16)
  v128.store(out, i32x4.shuffle(p1, q1, 0, 4, 1, 5), 32)
  v128.store(out, i32x4.shuffle(p1, q1, 2, 6, 3, 7), 48)
  v128.store(out, i32x4.shuffle(v128.load64_zero(p, 32), v128.load64_zero(q, 32), 0, 4, 1, 5), 64)
}

/** x where the mask has no bit, 2p - x where it has all; x must be tight. */
function negated(x: v128, mask: v128, twoP: v128): v128 {
  return i32x4.add(v128.andnot(x, mask), i32x4.sub(v128.and(twoP, mask), v128.and(x, mask)))
}

/** Changes the sign of the elements in those lanes for which the mask has all bits. */
function negateWhere(element: usize, mask: v128): void {
  const first = i32x4(0x7ffffda, 0x7ffffda, 0x3fffffe, 0x3fffffe)
  const other = i32x4(0x7fffffe, 0x7fffffe, 0x3fffffe, 0x3fffffe)
  v128.store(element, negated(v128.load(element), mask, first))
  v128.store(element, negated(v128.load(element, 16), mask, other), 16)
  v128.store(element, negated(v128.load(element, 32), mask, other), 32)
  v128.store(element, negated(v128.load(element, 48), mask, other), 48)
  v128.store(element, negated(v128.load(element, 64), mask, other), 64)
}

/**
 * point = point + entries, lane by lane. A step is the address of an entry, and one more where the entry is to be subtracted: y + x and
 * y - x change places then, and 2dxy its sign.
 */
export function addEntries(point: usize, step0: usize, step1: usize): void {
  const sign0 = step0 & 1
  const sign1 = step1 & 1
  const entry0 = step0 - sign0
  const entry1 = step1 - sign1
  const swap0 = coordinateBytes * sign0
  const swap1 = coordinateBytes * sign1
  gather(plus, entry0 + swap0, entry1 + swap1)
  gather(minus, entry0 + coordinateBytes - swap0, entry1 + coordinateBytes - swap1)
  gather(product, entry0 + 2 * coordinateBytes, entry1 + 2 * coordinateBytes)
  const mask0 = i32x4.splat(-(<i32>sign0))
  const mask1 = i32x4.splat(-(<i32>sign1))
  negateWhere(product, i32x4.shuffle(mask0, mask1, 0, 4, 1, 5))
  sub(a, yOf(point), xOf(point))
  mul(a, a, minus)
  add(b, yOf(point), xOf(point))
  mul(b, b, plus)
  mul(c, tOf(point), product)
  add(d, zOf(point), zOf(point))
  finish(point)
}

/** The first lanes of p and q as the lanes of `firsts`, the second ones as those of `seconds`, for so many bytes of elements. */
export function regroup(firsts: usize, seconds: usize, p: usize, q: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) {
    const left = v128.load(p + i)
    const right = v128.load(q + i)
    v128.store(firsts + i, i32x4.shuffle(left, right, 0, 4, 2, 6))
    v128.store(seconds + i, i32x4.shuffle(left, right, 1, 5, 3, 7))
  }
}
