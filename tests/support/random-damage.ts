import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Random } from './random.ts'

/** What was done to which file, in words. */
export interface Damage {
  readonly file: string
  readonly kind: string
  readonly detail: string
}

type Act = (bytes: Buffer, random: Random) => { readonly bytes: Buffer | undefined; readonly detail: string }

/** A place and a length within the bytes, of a size that files are damaged by: a byte, a sector, a page, more. */
function stretch(bytes: Buffer, random: Random): { at: number; length: number } {
  const wanted = random.pick([1, 8, 64, 512, 4096, 32_768])
  const aligned = random.below(2) === 0
  const at = random.below(Math.max(1, bytes.length))
  const from = aligned ? at - (at % wanted) : at
  return { at: from, length: Math.min(wanted, bytes.length - from) }
}

const acts: Readonly<Record<string, Act>> = {
  flip: (bytes, random) => {
    const out = Buffer.from(bytes)
    const bits = 1 + random.below(3)
    const places = Array.from({ length: bits }, () => random.below(Math.max(1, 8 * bytes.length)))
    for (const bit of places) if (bytes.length > 0) out[bit >> 3] = (out[bit >> 3] as number) ^ (1 << (bit & 7))
    return { bytes: out, detail: `bits ${places.join(', ')}` }
  },
  zero: (bytes, random) => {
    const { at, length } = stretch(bytes, random)
    return { bytes: Buffer.from(bytes).fill(0, at, at + length), detail: `${length} bytes at ${at}` }
  },
  truncate: (bytes, random) => {
    const length = random.below(bytes.length + 1)
    return { bytes: bytes.subarray(0, length), detail: `to ${length} of ${bytes.length} bytes` }
  },
  duplicate: (bytes, random) => {
    const { at, length } = stretch(bytes, random)
    const to = random.below(bytes.length + 1)
    const block = bytes.subarray(at, at + length)
    const detail = `${length} bytes at ${at}`
    // In between, or over what lay there.
    if (random.below(2) === 0) {
      return {
        bytes: Buffer.concat([bytes.subarray(0, to), block, bytes.subarray(to)]),
        detail: `${detail} put in at ${to}`,
      }
    }
    const out = Buffer.from(bytes)
    block.copy(out, to)
    return { bytes: out, detail: `${detail} written over ${to}` }
  },
  remove: () => ({ bytes: undefined, detail: 'the whole file' }),
}

/** Damages one file of a folder; every file is as likely as any other, and so is every kind of damage but removal, which is rarer. */
export function damageFolder(root: string, random: Random): Damage {
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  const path = random.pick(files)
  const kind = random.below(20) === 0 ? 'remove' : random.pick(['flip', 'zero', 'truncate', 'duplicate'])
  const before = readFileSync(path)
  const { bytes, detail } = (acts[kind] as Act)(before, random)
  if (bytes === undefined) rmSync(path)
  else writeFileSync(path, bytes)
  const isSame = bytes !== undefined && bytes.equals(before)
  return { file: relative(root, path), kind: isSame ? 'nothing' : kind, detail }
}
