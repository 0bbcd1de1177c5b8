import { basename } from 'node:path'
import { lookup as mediaTypeOf } from 'mrmime'
import { toHex } from '../../src/core/base64.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { DigestAlgorithm } from '../../src/core/hash.ts'
import { encodeManifest, type ManifestLine, manifestTree, parseManifestLine } from '../../src/core/manifest.ts'
import type { Item } from '../../src/statements/members.ts'
import { fileBounds, readNamed } from '../../src/node/bounded-file.ts'
import { digestBytes, digestFile } from '../../src/node/file-digest.ts'
import type { DepositJob } from './plan.ts'
import { recordedName } from '../../src/node/artefact-names.ts'
import { textOfBytes } from '../../src/core/text.ts'
import type { Progress } from '../render/progress.ts'
import { makeManifest, requireSameFiles } from '../../src/node/folder-manifest.ts'

/** Hears how the hashing goes on. */
export type HashProgress = Pick<Progress, 'add' | 'of'>

/** What of a job goes into the statement. */
export interface Measured {
  readonly items: Item[]
  readonly names: string[]
  /** Bytes of a manifest, to be written once nothing stands in the way. */
  readonly manifest?: Uint8Array
}

/**
 * Hashes the files of a job, or reads the digests that were taken elsewhere. `progress` hears of bytes hashed, and which file is at hand. Throws
 * `file-unreadable`, `file-changed`, `manifest-malformed`, `digest-not-computable`.
 */
export async function measure(
  job: Exclude<DepositJob, { kind: 'resend' }>,
  algorithms: readonly DigestAlgorithm[],
  category: Item['category'],
  progress: HashProgress,
): Promise<Measured> {
  const common = category === undefined ? {} : { category }
  if (job.kind === 'digests') {
    const { name, size, digest } = job.known
    const mediaType = name === undefined ? {} : mediaOf(name)
    return {
      items: [{ size, digest: { ...digest }, ...mediaType, ...common }],
      names: name === undefined ? [] : [name],
    }
  }
  if (job.kind === 'files') {
    const items: Item[] = []
    for (const path of job.paths) {
      progress.of(basename(path))
      const { size, digest } = await digestFile(path, algorithms, progress.add)
      items.push({ size, digest: digestsOf(digest), ...mediaOf(path), ...common })
    }
    return { items, names: job.paths.map(recordedName) }
  }
  const bytes = job.kind === 'sums' ? manifestOf(job.sums) : await manifestOfFiles(job, progress)
  const { root, size } = manifestTree(bytes)
  const measured = digestBytes(bytes, algorithms)
  const item = {
    size: measured.size,
    digest: digestsOf(measured.digest),
    mediaType: 'text/plain',
    ...common,
    tree: { root: toHex(root), size },
  }
  return { items: [item], names: [recordedName(job.manifest)], manifest: bytes }
}

async function manifestOfFiles(
  job: Extract<DepositJob, { kind: 'manifest' }>,
  progress: HashProgress,
): Promise<Uint8Array> {
  const bytes = await makeManifest(job.folder, job.listing, progress.add, (name) => progress.of(textOfBytes(name)))
  if (job.isWhole) requireSameFiles(job.folder, job.listing)
  return bytes
}

/**
 * A manifest out of a SHA256SUMS that `sha256sum` wrote, in text or binary mode, with or without `./` before its paths; sorted
 * as a manifest is. Throws `manifest-malformed`, naming the line.
 */
function manifestOf(path: string): Uint8Array {
  const bytes = readNamed(path, fileBounds.manifest)
  const lines: ManifestLine[] = []
  for (let start = 0, number = 1; start < bytes.length; number++) {
    const found = bytes.indexOf(0x0a, start)
    const end = found < 0 ? bytes.length : found
    if (end > start) lines.push(sumsLine(bytes.subarray(start, end), number, path))
    start = end + 1
  }
  if (lines.length === 0) throw new EvidenceError('manifest-malformed', `${path} lists no file`, { where: path })
  return encodeManifest(lines)
}

function sumsLine(bytes: Uint8Array, number: number, file: string): ManifestLine {
  const head = bytes[0] === 0x5c ? 1 : 0
  const text = Buffer.from(bytes).toString('latin1')
  const match = /^([0-9a-f]{64}) [ *](?:\.\/)*/.exec(text.slice(head))
  if (match === null) {
    const what = `line ${number} of ${file} is not a SHA-256 digest and a path as sha256sum writes them`
    throw new EvidenceError('manifest-malformed', what, { where: `${file}, line ${number}` })
  }
  const path = text.slice(head + match[0].length)
  return parseManifestLine(Buffer.from(`${head === 1 ? '\\' : ''}${match[1]}  ${path}`, 'latin1'), number)
}

function mediaOf(path: string): { mediaType?: string } {
  const mediaType = mediaTypeOf(path)?.split(';')[0]
  return mediaType === undefined ? {} : { mediaType }
}

function digestsOf(digest: Partial<Record<DigestAlgorithm, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(digest))
}
