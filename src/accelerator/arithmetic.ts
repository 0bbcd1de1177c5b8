import { readFileSync } from 'node:fs'
import { affineOf } from '../core/ed25519.ts'

/*
 * The WebAssembly module (assembly/, built into dist by scripts/accelerator.mjs) and its memory: tables, jobs and what they point at, laid
 * out here. All arithmetic is there, all decisions are in signature-tables.ts.
 */

/** What the module exports; addresses are numbers. assembly/index.ts says what each does. */
export interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  heapBase(): number
  readonly mostJobs: { readonly value: number }
  prepare(): void
  tableBytes(window: number): number
  buildTable(table: number, window: number, affine: number): void
  useTables(base: number, windowOfBase: number, windowOfKeys: number): void
  verify(jobs: number, count: number): void
  encodeCombination(out: number, s: number, h: number, table: number): void
  add(out: number, a: number, b: number): void
  sub(out: number, a: number, b: number): void
  mul(out: number, a: number, b: number): void
  invert(out: number, a: number): void
  fromBytes(out: number, bytes: number): void
  toBytes(bytes: number, a: number, lane: number): void
  reduce(out: number, wide: number): void
  isScalar(scalar: number): number
  sha512(out: number, message: number, length: number): void
}

/** The part of WebAssembly that is used: its types are those of browsers. */
declare const WebAssembly:
  | {
      readonly Module: new (bytes: Uint8Array) => object
      readonly Instance: new (module: object) => { readonly exports: object }
    }
  | undefined

/** Bits of a digit. docs/design/accelerator.md has the figures by which these were chosen. */
export interface Windows {
  readonly base: number
  readonly key: number
}
export const defaultWindows: Windows = { base: 9, key: 7 }

const pageBytes = 65_536
const jobBytes = 16
/** S, R and A, before the message. */
const headBytes = 96
/** Room for what the jobs of one call point at: a chunk of entries of common size, or some of the largest. */
const inputBytes = 2 ** 20
const p = 2n ** 255n - 19n
const base = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 0x58 : 0x66))

/** The module's bytes, beside this file once it is built, below `dist` where this is run as source (by a test). Throws where it was not built. */
export function readModule(): Uint8Array {
  const beside = import.meta.url.endsWith('.ts') ? '../../dist/src/accelerator/' : './'
  return readFileSync(new URL(`${beside}ed25519.wasm`, import.meta.url))
}

/** Starts the module; undefined where this runtime has no WebAssembly, or none with 128-bit vectors. */
export function startModule(bytes: Uint8Array): Exports | undefined {
  if (typeof WebAssembly === 'undefined') return undefined
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Exports
  } catch (error) {
    if (error instanceof Error && /^(?:CompileError|LinkError)$/.test(error.name)) return undefined
    throw error
  }
}

/** A number below 2^256 as 32 bytes, little-endian. */
export function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n))
}

/** Tables in the module's memory, and jobs over them. A table is named by its address. */
export class Arithmetic {
  readonly tableBytes: number
  private readonly wasm: Exports
  private readonly windows: Windows
  private readonly mostJobs: number
  private readonly jobs: number
  private readonly input: number
  private readonly scratch: number
  private end: number
  private count = 0
  private filled = 0
  private bytes: Uint8Array
  private view: DataView

  constructor(wasm: Exports, windows: Windows = defaultWindows) {
    this.wasm = wasm
    this.windows = windows
    this.end = wasm.heapBase()
    this.bytes = new Uint8Array(wasm.memory.buffer)
    this.view = new DataView(wasm.memory.buffer)
    this.mostJobs = wasm.mostJobs.value
    this.tableBytes = wasm.tableBytes(windows.key)
    this.scratch = this.allocate(128)
    this.jobs = this.allocate(jobBytes * this.mostJobs)
    this.input = this.allocate(inputBytes)
    wasm.prepare()
    const table = this.allocate(wasm.tableBytes(windows.base))
    this.build(table, windows.base, affineOf(base))
    wasm.useTables(table, windows.base, windows.key)
  }

  /**
   * Room in the module's memory, at a multiple of 128: no entry of a table lies in more lines of the cache than it must.
   * Throws RangeError where the machine gives no more.
   */
  allocate(length: number): number {
    const at = Math.ceil(this.end / 128) * 128
    const missing = at + length - this.wasm.memory.buffer.byteLength
    if (missing > 0) {
      this.wasm.memory.grow(Math.ceil(missing / pageBytes))
      this.bytes = new Uint8Array(this.wasm.memory.buffer)
      this.view = new DataView(this.wasm.memory.buffer)
    }
    this.end = at + length
    return at
  }

  /** Writes the table of -A, where A is a key that is acceptable (isAcceptablePublicKey), into room of `tableBytes`. */
  buildKey(table: number, publicKey: Uint8Array): void {
    const { x, y } = affineOf(publicKey)
    this.build(table, this.windows.key, { x: x === 0n ? 0n : p - x, y })
  }

  private build(table: number, window: number, { x, y }: { readonly x: bigint; readonly y: bigint }): void {
    this.bytes.set(littleEndian(x), this.scratch)
    this.bytes.set(littleEndian(y), this.scratch + 32)
    this.wasm.buildTable(table, window, this.scratch)
  }

  /** The encoding of s·B - h·A by the table of A, for s and h below L. */
  combination(table: number, s: bigint, h: bigint): Uint8Array {
    const [at, other, out] = [this.scratch, this.scratch + 32, this.scratch + 64]
    this.bytes.set(littleEndian(s), at)
    this.bytes.set(littleEndian(h), other)
    this.wasm.encodeCombination(out, at, other, table)
    return this.bytes.slice(out, out + 32)
  }

  /** Adds a job to the next call of {@link verify}; false where there is no room, or, on an empty one, never will be. */
  add(table: number, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    const length = headBytes + message.length
    if (this.count === this.mostJobs || this.filled + length > inputBytes) return false
    const { bytes, view } = this
    const at = this.input + this.filled
    bytes.set(signature.subarray(32), at)
    bytes.set(signature.subarray(0, 32), at + 32)
    bytes.set(publicKey, at + 64)
    bytes.set(message, at + headBytes)
    const job = this.jobs + jobBytes * this.count
    view.setUint32(job, table, true)
    view.setUint32(job + 4, at, true)
    view.setUint32(job + 8, message.length, true)
    this.count++
    this.filled += Math.ceil(length / 8) * 8
    return true
  }

  /** Whether each added job is valid, in order; there are none afterwards. */
  verify(): boolean[] {
    const { count, jobs, view } = this
    if (count > 0) this.wasm.verify(jobs, count)
    this.count = 0
    this.filled = 0
    return Array.from({ length: count }, (_, i) => view.getUint32(jobs + jobBytes * i + 12, true) === 1)
  }
}
