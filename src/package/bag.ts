import { concatAll } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import { maxFileProofBytes } from '../core/file-proof.ts'
import { maxTransitionBytes } from '../core/key-transition.ts'
import { maxPolicyBytes } from '../core/policy.ts'
import { maxProofBytes } from '../core/tlog-proof.ts'
import { names } from './layout.ts'
import { maxManifestBytes, maxReceiptBytes, maxTagFileBytes, maxTimeProofBytes } from './limits.ts'

/** One file of a bag: its path relative to the bag's folder, its size in bytes as the bag states it. */
export interface BagFile {
  readonly path: string
  readonly size: number
}

/** A bag to read, from a folder or a zip: paths allowed and distinct, only regular files, within the bounds. */
export interface Bag {
  readonly files: ReadonlyMap<string, BagFile>
  /** A file's bytes, in pieces: exactly `size` of them. Throws `package-incomplete` where there is no such file. */
  stream(path: string): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/** A file's bytes, whole, at most `limit` of them. Throws `package-too-large`, `package-incomplete`. */
export async function readBagFile(bag: Bag, path: string, limit: number): Promise<Uint8Array> {
  const { size } = requireBagFile(bag, path)
  if (size > limit) throw tooLarge(path, size, limit)
  const chunks: Uint8Array[] = []
  for await (const chunk of bag.stream(path)) chunks.push(chunk)
  return concatAll(chunks)
}

function tooLarge(path: string, size: number, limit: number): EvidenceError {
  const message = `${path} in the package has ${size} bytes; the most is ${limit}`
  return new EvidenceError('package-too-large', message, { where: path })
}

export function requireBagFile(bag: Bag, path: string): BagFile {
  const file = bag.files.get(path)
  if (file === undefined)
    throw new EvidenceError('package-incomplete', `the package lacks the file ${path}`, { where: path })
  return file
}

/** The most bytes that a file may have, by its path. A file that was deposited has any number: it is hashed in pieces. */
function mostBytes(path: string): number {
  if (!path.startsWith('data/')) return path === names.policy ? maxPolicyBytes : maxTagFileBytes
  if (/^data\/deposits\/[0-9]+\/files\//.test(path)) return Number.POSITIVE_INFINITY
  const [, ending] = /(\.[a-z-]+)$/.exec(path) ?? []
  return mostByEnding[ending ?? ''] ?? maxManifestBytes
}

const mostByEnding: Readonly<Record<string, number>> = {
  '.tlog-proof': maxProofBytes,
  '.file-proof': maxFileProofBytes,
  '.time-proof': maxTimeProofBytes,
  '.key-transition': maxTransitionBytes,
}

/** Every file is small enough, and all receipts and proofs together are few enough to be held. Throws `package-too-large`. */
export function requireBounds(bag: Bag): void {
  let total = 0
  for (const { path, size } of bag.files.values()) {
    if (/\.(?:tlog-proof|file-proof|time-proof|key-transition)$/.test(path) && !path.includes('/files/')) total += size
    if (size > mostBytes(path)) throw tooLarge(path, size, mostBytes(path))
  }
  if (total > maxReceiptBytes) {
    throw new EvidenceError(
      'package-too-large',
      `the receipts and proofs of the package have ${total} bytes together`,
      {
        expected: `at most ${maxReceiptBytes}`,
        found: String(total),
      },
    )
  }
}
