/*
 * The vector instructions of WebAssembly on intervals: an operation gives the smallest and the largest that may come out, and throws where
 * that could be more than its lane holds, or less than nothing. So a run of straight-line code is a proof for all values at once.
 */

type Interval = readonly [low: bigint, high: bigint]

/** Four lanes of 32 bits, or two of 64. */
export interface Vector {
  readonly bits: 32 | 64
  readonly lanes: readonly Interval[]
}

const word = 2n ** 32n
/** The largest value that any column of 64 bits may have had. */
export const seen = { widest: 0n, overflows: 0 }

function checked([low, high]: Interval, bits: 32 | 64): Interval {
  if (low < 0n) throw new RangeError(`a lane of ${bits} bits may fall below 0, to ${low}`)
  if (high >= 1n << BigInt(bits)) throw new RangeError(`a lane of ${bits} bits may overflow, by ${high}`)
  if (bits === 64 && high > seen.widest) seen.widest = high
  return [low, high]
}

function vector(bits: 32 | 64, lanes: readonly Interval[]): Vector {
  return { bits, lanes: lanes.map((lane) => checked(lane, bits)) }
}

/** As four lanes of 32 bits: the upper half of 64 must be nothing. */
function narrow({ bits, lanes }: Vector): readonly Interval[] {
  if (bits === 32) return lanes
  return lanes.flatMap((lane): Interval[] => {
    if (lane[1] >= word) throw new RangeError(`a column that may be ${lane[1]} is packed into 32 bits`)
    return [lane, [0n, 0n]]
  })
}

function eachLane(bits: 32 | 64, a: Vector, b: Vector, work: (a: Interval, b: Interval) => Interval): Vector {
  const [left, right] = bits === 32 ? [narrow(a), narrow(b)] : [a.lanes, b.lanes]
  if (bits === 64 && (a.bits !== 64 || b.bits !== 64)) throw new TypeError('lanes of 32 bits are taken for 64')
  return vector(
    bits,
    left.map((lane, i) => work(lane, right[i] as Interval)),
  )
}

/** What is kept of an interval by a mask of ones below. */
function masked(value: Interval, [low, mask]: Interval): Interval {
  if (low !== mask || (mask & (mask + 1n)) !== 0n) throw new TypeError('a mask is not known, or has gaps')
  return value[1] <= mask ? value : [0n, mask]
}

const plus = (a: Interval, b: Interval): Interval => [a[0] + b[0], a[1] + b[1]]
const minus = (a: Interval, b: Interval): Interval => [a[0] - b[1], a[1] - b[0]]
const times = (a: Interval, b: Interval): Interval => [a[0] * b[0], a[1] * b[1]]
const exactly = (value: number | bigint): Interval => [BigInt(value), BigInt(value)]
const unsigned = (value: number): Interval => exactly(value >>> 0)

/** Products of the lanes of one half. */
function extended(a: Vector, b: Vector, first: 0 | 2): Vector {
  const [left, right] = [narrow(a), narrow(b)]
  return vector(
    64,
    [first, first + 1].map((i) => times(left[i] as Interval, right[i] as Interval)),
  )
}

/** Memory: a vector at each address that was written. */
const memory = new Map<number, Vector>()
let end = 1024

/** Room for bytes; what is in it is not known. */
export function allocate(length: number): number {
  const at = end
  end += Math.ceil(length / 128) * 128
  return at
}

export function poke(at: number, value: Vector): void {
  memory.set(at, value)
}

export function peek(at: number): Vector {
  const value = memory.get(at)
  if (value === undefined) throw new RangeError(`nothing was written at ${at}`)
  return value
}

const i32x4 = Object.assign((...lanes: number[]) => vector(32, lanes.map(unsigned)), {
  splat: (value: number) =>
    vector(
      32,
      Array.from({ length: 4 }, () => unsigned(value)),
    ),
  add: (a: Vector, b: Vector) => eachLane(32, a, b, plus),
  sub: (a: Vector, b: Vector) => eachLane(32, a, b, minus),
  mul: (a: Vector, b: Vector) => eachLane(32, a, b, times),
  shuffle: (a: Vector, b: Vector, ...from: number[]) => {
    const both = [...narrow(a), ...narrow(b)]
    return vector(
      32,
      from.map((i) => both[i] as Interval),
    )
  },
})

const i64x2 = {
  splat: (value: number) => vector(64, [exactly(value), exactly(value)]),
  add: (a: Vector, b: Vector) => eachLane(64, a, b, plus),
  shr_u: (a: Vector, by: number) =>
    vector(64, eachLane(64, a, a, ([low, high]) => [low >> BigInt(by), high >> BigInt(by)]).lanes),
  shl: (a: Vector, by: number) => eachLane(64, a, a, ([low, high]) => [low << BigInt(by), high << BigInt(by)]),
  extmul_low_i32x4_u: (a: Vector, b: Vector) => extended(a, b, 0),
  extmul_high_i32x4_u: (a: Vector, b: Vector) => extended(a, b, 2),
}

/** What the sources in AssemblyScript find as built in. */
export const builtins = {
  i32x4,
  i64x2,
  v128: {
    load: (at: number, offset = 0) => peek(at + offset),
    load64_zero: (at: number, offset = 0) => vector(32, [...narrow(peek(at + offset)).slice(0, 2), [0n, 0n], [0n, 0n]]),
    store: (at: number, value: Vector, offset = 0) => poke(at + offset, value),
    and: (a: Vector, b: Vector) => eachLane(a.bits, a, b, masked),
    andnot: (a: Vector, b: Vector) =>
      eachLane(32, a, b, (value, mask) => masked(value, [word - 1n - mask[1], word - 1n - mask[0]])),
  },
  memory: { data: (length: number | readonly unknown[]) => allocate(typeof length === 'number' ? length : 512) },
}
