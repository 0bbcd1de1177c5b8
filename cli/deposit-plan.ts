import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { lookup as mediaTypeOf } from 'mrmime'
import {
  counted,
  type DigestAlgorithm,
  EvidenceError,
  isEvidenceError,
  type JsonValue,
  manifestTree,
  parseDisclosure,
  type Policy,
  splitPresentation,
  toHex,
  withoutFinalSlashes,
} from '../src/core/index.ts'
import { type Item, readBody, readEnvelope, readStatement, type Relation } from '../src/evidence/index.ts'
import { digestBytes, digestFile } from '../src/node/index.ts'
import { checkReceipt } from '../src/verify/index.ts'
import { type FolderListing, listFiles, listFolder, makeManifest, manifestPath } from './folder-manifest.ts'
import { withoutQuorum } from './statements.ts'

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
  const name = `${withoutFinalSlashes(path)}.tlog-proof`
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
  requireDistinct(jobs)
  return jobs
}

/** No two files or folders may have one receipt or one manifest: the later would write over the earlier. */
function requireDistinct(jobs: readonly DepositJob[]): void {
  const seen = new Set<string>()
  for (const job of jobs) {
    for (const path of job.kind === 'manifest' ? [...job.receipts, job.manifest] : job.receipts) {
      const full = resolve(path)
      if (seen.has(full)) {
        throw new EvidenceError('usage', `two of the paths would have the same ${full}; deposit them apart`, {
          where: path,
        })
      }
      seen.add(full)
    }
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
  if (job.kind === 'manifest') return `${job.folder} (${counted(job.listing.files.length, 'file')})`
  return job.paths.length === 1 ? (job.paths[0] as string) : `${job.paths[0]} and ${job.paths.length - 1} more`
}

/** What of a job stands in the statement. */
export interface Measured {
  readonly items: Item[]
  readonly names: string[]
  /** Bytes of a manifest, to be written once nothing stands in the way. */
  readonly manifest?: Uint8Array
}

/** Hashes the files of a job. */
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
    const item = {
      size: measured.size,
      digest: digestsOf(measured.digest),
      mediaType: 'text/plain',
      ...common,
      tree: { root: toHex(root), size },
    }
    return { items: [item], names: [basename(job.manifest)], manifest: bytes }
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

/** What a signed statement must be to be sent again for a job. */
export interface WantedStatement {
  readonly origin: string
  readonly iss: string
  readonly kid: string
  readonly items: readonly Item[]
  readonly relates: readonly Relation[]
  readonly sealed: Readonly<Record<string, JsonValue>>
}

/**
 * A statement that was signed before for the same files, by the same key, with the same claims, and perhaps never answered:
 * sent again, byte for byte.
 */
export function pendingStatement(path: string, wanted: WantedStatement): string | undefined {
  if (!existsSync(path)) return undefined
  try {
    const presentation = readFileSync(path, 'latin1')
    const { jws, disclosures } = splitPresentation(presentation)
    const statement = readStatement(readEnvelope(jws))
    const body = readBody(statement)
    if (body?.kind !== 'evidence.deposit' || !sameItems(body.members.items, wanted.items)) return undefined
    const sealed = Object.fromEntries(disclosures.map(parseDisclosure).map(({ claim, value }) => [claim, value]))
    const { iss, aud } = statement.common
    const found = [aud, iss, statement.header.kid, body.members.relates ?? [], sorted(sealed)]
    const expected = [wanted.origin, wanted.iss, wanted.kid, wanted.relates, sorted(wanted.sealed)]
    return JSON.stringify(found) === JSON.stringify(expected) ? presentation : undefined
  } catch (error) {
    if (isEvidenceError(error)) return undefined // cut off while it was written: nobody has seen it
    throw error
  }
}

function sorted(claims: Readonly<Record<string, JsonValue>>): [string, JsonValue][] {
  return Object.entries(claims).sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Index of the entry that an earlier receipt for the same files names; the receipt must check. Throws `file-exists`. */
export function earlierReceipt(path: string, policy: Policy, items: readonly Item[]): number | undefined {
  if (!existsSync(path)) return undefined
  const { receipt, faults, ...checked } = checkReceipt(readFileSync(path), withoutQuorum(policy))
  if (receipt !== undefined && faults.length === 0 && 'body' in checked) {
    const { body } = checked
    if (body?.kind === 'evidence.deposit' && sameItems(body.members.items, items)) return receipt.entry.index
  }
  const why = 'is no receipt of this ledger for these bytes'
  throw new EvidenceError('file-exists', `${path} ${why}; move it away, or deposit with --again`, { where: path })
}
