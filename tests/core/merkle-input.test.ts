import { describe, expect, it } from 'vitest'
import {
  type ConsistencyInput,
  type InclusionInput,
  rootFromInclusion,
  verifyConsistency,
  verifyInclusion,
} from '../../src/core/merkle/verify.ts'
import {
  leafHashOf,
  mth,
  path,
  pathLength,
  proof,
  proofLength,
  rootOfPath,
  rootsOfProof,
} from '../reference/rfc6962.ts'
import { hashOf } from './support.ts'
import { someLeaves } from './tree.ts'

const leaves = someLeaves(7)
const inclusion: InclusionInput = {
  index: 3,
  size: 7,
  leafHash: leafHashOf(leaves[3] as Uint8Array),
  proof: path(3, leaves),
  root: mth(leaves),
}
const consistency: ConsistencyInput = {
  size1: 5,
  size2: 7,
  root1: mth(leaves.slice(0, 5)),
  root2: mth(leaves),
  proof: proof(5, leaves),
}

const badSizes: unknown[] = [
  -1,
  -0.5,
  3.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 53,
  -1n,
  1n << 64n,
  (1n << 64n) + 3n,
  1n << 200n,
  '3',
  '',
  true,
  null,
  undefined,
  {},
  [],
  [3],
  Symbol('3'),
]
const badHashes: unknown[] = [
  undefined,
  null,
  '',
  'x'.repeat(32),
  new Uint8Array(0),
  new Uint8Array(31),
  new Uint8Array(33),
  new Uint16Array(16),
  new Uint8ClampedArray(32),
  new ArrayBuffer(32),
  Array.from({ length: 32 }, () => 0),
  { length: 32 },
  7,
]
/** A hole is passed over by `every`, and comes up as undefined in a loop. */
const holes: Uint8Array[] = Object.assign(new Array(3), { 0: hashOf(0) })
const badProofs: unknown[] = [
  undefined,
  null,
  '',
  0,
  {},
  { length: 0 },
  { length: 1, 0: hashOf(0) },
  new Set(inclusion.proof),
  new Uint8Array(96),
  [inclusion.proof],
  Array.from({ length: 129 }, () => hashOf(0)),
  Array.from({ length: 100_000 }, () => hashOf(0)),
  ...badHashes.map((bad) => [bad, ...inclusion.proof.slice(1)]),
]

describe('malformed input', () => {
  it('starts from sound input', () => {
    expect(verifyInclusion(inclusion)).toBe(true)
    expect(rootFromInclusion(inclusion)).toEqual(inclusion.root)
    expect(verifyConsistency(consistency)).toBe(true)
  })

  it.each<[keyof InclusionInput, unknown[]]>([
    ['index', badSizes],
    ['size', badSizes],
    ['leafHash', badHashes],
    ['root', badHashes],
    ['proof', badProofs],
  ])('gives false for a bad %s of an inclusion proof, and never throws', (member, values) => {
    for (const value of values) {
      const input = { ...inclusion, [member]: value } as InclusionInput
      expect(verifyInclusion(input)).toBe(false)
      expect(rootFromInclusion(input)).toEqual(member === 'root' ? inclusion.root : undefined)
    }
  })

  it.each<[keyof ConsistencyInput, unknown[]]>([
    ['size1', badSizes],
    ['size2', badSizes],
    ['root1', badHashes],
    ['root2', badHashes],
    ['proof', badProofs],
  ])('gives false for a bad %s of a consistency proof, and never throws', (member, values) => {
    for (const value of values) {
      expect(verifyConsistency({ ...consistency, [member]: value } as ConsistencyInput)).toBe(false)
    }
  })

  it('gives false for a list with holes, and never throws', () => {
    expect(verifyInclusion({ ...inclusion, proof: holes })).toBe(false)
    expect(verifyConsistency({ ...consistency, proof: holes })).toBe(false)
  })

  it('gives false for an index that is not below the size', () => {
    for (const index of [7, 8, 7n, 1n << 63n]) expect(verifyInclusion({ ...inclusion, index })).toBe(false)
    expect(verifyInclusion({ ...inclusion, index: 0, size: 0, proof: [] })).toBe(false)
  })
})

describe('sizes of a consistency proof', () => {
  const { root1, root2 } = consistency
  it('gives false from size 0, whatever else is given', () => {
    for (const size2 of [0, 1, 7, 0n, 7n]) {
      for (const hashes of [[], consistency.proof]) {
        expect(verifyConsistency({ size1: 0, size2, root1: mth([]), root2: mth([]), proof: hashes })).toBe(false)
        expect(verifyConsistency({ size1: 0n, size2, root1: mth([]), root2, proof: hashes })).toBe(false)
      }
    }
  })

  it('asks of equal sizes equal roots and an empty proof', () => {
    expect(verifyConsistency({ size1: 5, size2: 5n, root1, root2: Uint8Array.from(root1), proof: [] })).toBe(true)
    expect(verifyConsistency({ size1: 5, size2: 5, root1, root2, proof: [] })).toBe(false)
    expect(verifyConsistency({ size1: 5, size2: 5, root1, root2: root1, proof: [root1] })).toBe(false)
    expect(verifyConsistency({ size1: 8, size2: 8, root1, root2: root1, proof: [hashOf(0)] })).toBe(false)
  })

  it('gives false where the old tree is the larger, or the proof is empty', () => {
    expect(verifyConsistency({ ...consistency, size1: 7, size2: 5 })).toBe(false)
    for (const size1 of [1, 4, 5, 6]) {
      expect(verifyConsistency({ ...consistency, size1, proof: [] })).toBe(false)
    }
  })
})

describe('trees beyond the numbers', () => {
  const largest = (1n << 64n) - 1n
  const cases: [bigint, bigint][] = [
    [0n, largest],
    [largest - 1n, largest],
    [1n << 63n, largest],
    [(1n << 63n) - 1n, (1n << 63n) + 1n],
    [BigInt(Number.MAX_SAFE_INTEGER), 1n << 54n],
  ]
  it.each(cases)('judges the path of %d in a tree of %d', (index, size) => {
    const hashes = Array.from({ length: pathLength(index, size) }, (_, i) => hashOf(i + 1))
    const leafHash = hashOf(0)
    const root = rootOfPath(index, size, leafHash, hashes) as Uint8Array
    expect(verifyInclusion({ index, size, leafHash, proof: hashes, root })).toBe(true)
    expect(verifyInclusion({ index, size, leafHash, proof: hashes.slice(1), root })).toBe(false)
    expect(verifyInclusion({ index: index ^ 1n, size, leafHash, proof: hashes, root })).toBe(false)
  })

  it.each(cases.slice(1))('judges the proof from %d to %d', (size1, size2) => {
    const hashes = Array.from({ length: proofLength(size1, size2) }, (_, i) => hashOf(i + 1))
    const anyRoot = hashOf(0)
    const roots = rootsOfProof(size1, size2, anyRoot, hashes) as { old: Uint8Array; new: Uint8Array }
    const input = { size1, size2, root1: roots.old, root2: roots.new, proof: hashes }
    expect(verifyConsistency(input)).toBe(true)
    expect(verifyConsistency({ ...input, root2: roots.old })).toBe(false)
    expect(verifyConsistency({ ...input, proof: hashes.slice(1) })).toBe(false)
  })
})
