import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { lookup as mediaTypeOf } from 'mrmime'
import {
  type DigestAlgorithm,
  EvidenceError,
  isEvidenceError,
  manifestTree,
  parseReceipt,
  toHex,
} from '../src/core/index.ts'
import { type Item, readBody, readEnvelope, readStatement } from '../src/evidence/index.ts'
import { digestBytes, digestFile } from '../src/node/index.ts'
import { writeDurably } from './atomic-file.ts'
import { type FolderListing, listFiles, listFolder, makeManifest, manifestPath } from './folder-manifest.ts'

/** Most items of one statement; more files become a manifest. */
const maxItems = 64

/** One statement to be made: the files that it covers, and where its receipts go. */
export type DepositJob =
  | { readonly kind: 'files'; readonly paths: readonly string[]; readonly receipts: readonly string[] }
  | {
      readonly kind: 'manifest'
      readonly folder: string
      readonly listing: FolderListing
      readonly manifest: string
      readonly receipts: readonly string[]
    }

export interface PlanOptions {
  /** Folder for receipts and manifests, instead of beside the evidence. */
  readonly receipts?: string
  /** A statement for each file. */
  readonly separate?: boolean
}

export function receiptPath(path: string, receipts: string | undefined): string {
  const name = `${path.replace(/\/+$/, '')}.tlog-proof`
  return receipts === undefined ? name : join(receipts, basename(name))
}

/** The folder that holds all of some paths. */
function commonFolder(paths: readonly string[]): string {
  let common = dirname(resolve(paths[0] as string))
  while (!paths.every((path) => resolve(path).startsWith(common === '/' ? '/' : `${common}/`))) common = dirname(common)
  return common
}

/** Sorts paths into statements: a folder is a manifest, up to 64 files one statement, more files a manifest. Throws `file-unreadable`, `usage`. */
export function planDeposit(paths: readonly string[], options: PlanOptions): DepositJob[] {
  const files: string[] = []
  const jobs: DepositJob[] = []
  for (const path of paths) {
    let stat: ReturnType<typeof statSync>
    try {
      stat = statSync(path)
    } catch (cause) {
      throw new EvidenceError('file-unreadable', `${path} cannot be read: ${(cause as Error).message}`, { where: path })
    }
    if (stat.isDirectory()) jobs.push(manifestJob(path, listFolder(path), options))
    else if (stat.isFile()) files.push(path)
    else throw new EvidenceError('file-unreadable', `${path} is neither a file nor a folder`, { where: path })
  }
  requireDistinctReceipts(files, options)
  if (options.separate === true) jobs.unshift(...files.map((path) => filesJob([path], options)))
  else if (files.length > maxItems) {
    const folder = commonFolder(files)
    jobs.unshift(
      manifestJob(
        folder,
        listFiles(
          folder,
          files.map((path) => resolve(path)),
        ),
        options,
        `${files.length}-files`,
      ),
    )
  } else if (files.length > 0) jobs.unshift(filesJob(files, options))
  return jobs
}

function requireDistinctReceipts(files: readonly string[], { receipts }: PlanOptions): void {
  const seen = new Set<string>()
  for (const path of files) {
    const receipt = resolve(receiptPath(path, receipts))
    if (seen.has(receipt)) {
      throw new EvidenceError('usage', `two of the files would have the receipt ${receipt}; deposit them apart`, {
        where: path,
      })
    }
    seen.add(receipt)
  }
}

function filesJob(paths: readonly string[], options: PlanOptions): DepositJob {
  return { kind: 'files', paths, receipts: paths.map((path) => receiptPath(path, options.receipts)) }
}

function manifestJob(folder: string, listing: FolderListing, options: PlanOptions, inside?: string): DepositJob {
  const base = inside === undefined ? manifestPath(folder) : join(folder, `${inside}.evidence-manifest`)
  const manifest = options.receipts === undefined ? base : join(options.receipts, basename(base))
  const receipt = manifest.replace(/\.evidence-manifest$/, '.tlog-proof')
  return { kind: 'manifest', folder, listing, manifest, receipts: [receipt] }
}

export function jobBytes(job: DepositJob): number {
  if (job.kind === 'manifest') return job.listing.files.reduce((sum, { size }) => sum + size, 0)
  return job.paths.reduce((sum, path) => sum + statSync(path).size, 0)
}

export function jobName(job: DepositJob): string {
  if (job.kind === 'manifest') return `${job.folder} (${job.listing.files.length} files)`
  return job.paths.length === 1 ? (job.paths[0] as string) : `${job.paths[0]} and ${job.paths.length - 1} more`
}

/** What of a job stands in the statement. */
export interface Measured {
  readonly items: Item[]
  readonly names: string[]
}

/** Hashes the files of a job; a manifest is written beside them, since `check` needs it. */
export async function measure(
  job: DepositJob,
  algorithms: readonly DigestAlgorithm[],
  category: Item['category'],
  onBytes: (count: number) => void,
): Promise<Measured> {
  const common = category === undefined ? {} : { category }
  if (job.kind === 'manifest') {
    const bytes = await makeManifest(job.folder, job.listing, onBytes)
    const { root, size } = manifestTree(bytes)
    const measured = digestBytes(bytes, algorithms)
    writeDurably(job.manifest, bytes)
    const item = {
      size: measured.size,
      digest: digestsOf(measured.digest),
      mediaType: 'text/plain',
      ...common,
      tree: { root: toHex(root), size },
    }
    return { items: [item], names: [basename(job.manifest)] }
  }
  const items: Item[] = []
  for (const path of job.paths) {
    const { size, digest } = await digestFile(path, algorithms, onBytes)
    const mediaType = mediaTypeOf(path)
    items.push({
      size,
      digest: digestsOf(digest),
      ...(mediaType === undefined ? {} : { mediaType: mediaType.split(';')[0] as string }),
      ...common,
    })
  }
  return { items, names: job.paths.map((path) => basename(path)) }
}

function digestsOf(digest: Partial<Record<DigestAlgorithm, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(digest))
}

function sameItems(a: readonly Item[], b: readonly Item[]): boolean {
  const facts = (items: readonly Item[]): string =>
    JSON.stringify(
      items.map(({ size, digest, tree }) => [size, Object.entries(digest).sort(([a], [b]) => (a < b ? -1 : 1)), tree]),
    )
  return facts(a) === facts(b)
}

function itemsOfJws(jws: string, origin: string): readonly Item[] | undefined {
  const statement = readStatement(readEnvelope(jws))
  const body = readBody(statement)
  return body?.kind === 'evidence.deposit' && statement.common.aud === origin ? body.members.items : undefined
}

/** A statement that was signed before for the same files, and perhaps never answered: sent again, byte for byte. */
export function pendingStatement(path: string, origin: string, items: readonly Item[]): string | undefined {
  if (!existsSync(path)) return undefined
  try {
    const presentation = readFileSync(path, 'latin1')
    const found = itemsOfJws(presentation.split('~')[0] as string, origin)
    return found !== undefined && sameItems(found, items) ? presentation : undefined
  } catch (error) {
    if (isEvidenceError(error)) return undefined // cut off while it was written: nobody has seen it
    throw error
  }
}

/** Index of the entry that an earlier receipt for the same files names. */
export function earlierReceipt(path: string, origin: string, items: readonly Item[]): number | undefined {
  if (!existsSync(path)) return undefined
  try {
    const { entry, proof } = parseReceipt(readFileSync(path))
    const found = itemsOfJws(entry.statement, origin)
    if (proof.checkpoint.origin === origin && found !== undefined && sameItems(found, items)) return entry.index
  } catch (error) {
    if (!isEvidenceError(error)) throw error
  }
  throw new EvidenceError(
    'file-exists',
    `${path} is a receipt for something else; move it away, or deposit with --again`,
    { where: path },
  )
}
