import { type Exports, littleEndian, readModule, startModule } from '../../src/accelerator/arithmetic.ts'

/* The module piece by piece: room in its memory, and elements as numbers. */

export const p = 2n ** 255n - 19n
/** Weight of each limb, in bits. */
export const weights = [0, 26, 51, 77, 102, 128, 153, 179, 204, 230]

const started = startModule(readModule())
if (started === undefined) throw new Error('these tests need WebAssembly with vectors')
export const wasm: Exports = started
wasm.prepare()
const begin = Math.ceil(wasm.heapBase() / 128) * 128
wasm.memory.grow(32)
const bytes = new Uint8Array(wasm.memory.buffer)
const view = new DataView(wasm.memory.buffer)

/** Room number n, of 4096 bytes. */
export function room(n: number): number {
  return begin + 4096 * n
}

export function put(at: number, content: Uint8Array): void {
  bytes.set(content, at)
}

export function get(at: number, length: number): Uint8Array {
  return bytes.slice(at, at + length)
}

export function limbAt(element: number, limb: number, lane: number): number {
  return element + 16 * (limb >> 1) + 8 * (limb & 1) + 4 * lane
}

/** Writes limbs into one lane of an element, and others into the other. */
export function putLimbs(element: number, lanes: readonly (readonly number[])[]): void {
  lanes.forEach((limbs, lane) => limbs.forEach((limb, i) => view.setUint32(limbAt(element, i, lane), limb, true)))
}

export function getLimbs(element: number, lane: number): number[] {
  return weights.map((_, i) => view.getUint32(limbAt(element, i, lane), true))
}

/** The number that limbs stand for. */
export function valueOf(limbs: readonly (number | bigint)[]): bigint {
  return limbs.reduce<bigint>((sum, limb, i) => sum + (BigInt(limb) << BigInt(weights[i] as number)), 0n)
}

/** Writes a number below 2^255 into both lanes of an element. */
export function putNumber(element: number, value: bigint): void {
  put(room(31), littleEndian(value))
  wasm.fromBytes(element, room(31))
}

/** The number in one lane, below p. */
export function numberAt(element: number, lane: number): bigint {
  wasm.toBytes(room(31), element, lane)
  return get(room(31), 32).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}
