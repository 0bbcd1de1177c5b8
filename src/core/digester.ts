import { toHex } from './base64.ts'
import { EvidenceError } from './errors.ts'
import type { DigestAlgorithm } from './hash.ts'

/** A digest under way. */
export interface Hasher {
  update(data: Uint8Array): unknown
  /** Once, at the end. */
  digest(): Uint8Array
}

/** Size and digests of some bytes. */
export interface FileDigests {
  readonly size: number
  /** Lower-case hex by algorithm. */
  readonly digest: Readonly<Partial<Record<DigestAlgorithm, string>>>
}

/** Makes digests: by a runtime's own functions, or by those that run anywhere. */
export interface Digester {
  /** True where this build computes the algorithm. */
  readonly canDigest: (algorithm: DigestAlgorithm) => boolean
  /** Digests under way, by algorithm. Throws `digest-not-computable`. */
  readonly begin: (algorithms: readonly DigestAlgorithm[]) => DigestsUnderWay
  /** Digests of bytes in memory. Throws `digest-not-computable`. */
  readonly digestBytes: (bytes: Uint8Array, algorithms: readonly DigestAlgorithm[]) => FileDigests
  /** Digests of bytes that come in pieces; `onBytes` is told the length of each. Throws `digest-not-computable` and what reading throws. */
  readonly digestStream: (
    chunks: AsyncIterable<Uint8Array>,
    algorithms: readonly DigestAlgorithm[],
    onBytes?: (count: number) => void,
  ) => Promise<FileDigests>
}

/** Several digests of the same bytes. */
export interface DigestsUnderWay {
  readonly update: (bytes: Uint8Array) => void
  /** Once, at the end. */
  readonly finish: () => FileDigests
}

/** A digester out of what begins one digest; undefined of that for an algorithm that is not computed. */
export function digesterOf(hasherOf: (algorithm: DigestAlgorithm) => (() => Hasher) | undefined): Digester {
  const start = (algorithm: DigestAlgorithm): Hasher => {
    const make = hasherOf(algorithm)
    if (make !== undefined) return make()
    throw new EvidenceError('digest-not-computable', `this build does not compute ${algorithm}`, { where: algorithm })
  }
  const begin = (algorithms: readonly DigestAlgorithm[]): DigestsUnderWay => {
    const hashers = algorithms.map((algorithm) => [algorithm, start(algorithm)] as const)
    let size = 0
    const update = (bytes: Uint8Array): void => {
      for (const [, hasher] of hashers) hasher.update(bytes)
      size += bytes.length
    }
    const finish = (): FileDigests => ({
      size,
      digest: Object.fromEntries(hashers.map(([name, hasher]) => [name, toHex(hasher.digest())])),
    })
    return { update, finish }
  }
  return {
    canDigest: (algorithm) => hasherOf(algorithm) !== undefined,
    begin,
    digestBytes: (bytes, algorithms) => {
      const { update, finish } = begin(algorithms)
      update(bytes)
      return finish()
    },
    digestStream: async (chunks, algorithms, onBytes) => {
      const { update, finish } = begin(algorithms)
      for await (const chunk of chunks) {
        update(chunk)
        onBytes?.(chunk.length)
      }
      return finish()
    },
  }
}
