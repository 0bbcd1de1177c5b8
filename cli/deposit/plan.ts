import { accessSync, constants, type Stats, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { EvidenceError } from '../../src/core/errors.ts'
import { counted, textOfBytes } from '../../src/core/text.ts'
import { whyOf } from '../../src/node/bounded-file.ts'
import { absolutePath, fsPath } from '../../src/node/file-path.ts'
import {
  commonFolder,
  isOwnArtefact,
  manifestPath,
  pendingPath,
  receiptPath,
  setManifestPath,
} from '../../src/node/artefact-names.ts'
import { bytesOf, type FolderListing, listFiles, listFolder } from '../../src/node/folder-manifest.ts'
import { requirePlaces } from '../files/outputs.ts'

/** Most items of one statement; more files become a manifest. */
const maxItems = 64
/** Files that a refusal names one by one. */
const maxNamed = 10

/** What is deposited without its file: digests that were taken elsewhere. */
export interface KnownDigests {
  readonly name: string | undefined
  readonly size: number
  /** Lower-case hex by algorithm. */
  readonly digest: Readonly<Record<string, string>>
}

/** One statement to be made: what it covers, and where its receipts go. */
export type DepositJob =
  | { readonly kind: 'files'; readonly paths: readonly string[]; readonly receipts: readonly string[] }
  | {
      readonly kind: 'manifest'
      readonly folder: string
      readonly listing: FolderListing
      /** True for a folder as a whole: files that come while it is hashed are then a change. */
      readonly isWhole: boolean
      readonly manifest: string
      readonly receipts: readonly string[]
    }
  | { readonly kind: 'sums'; readonly sums: string; readonly manifest: string; readonly receipts: readonly string[] }
  /** A statement that was signed before, and whose receipt never came. */
  | {
      readonly kind: 'resend'
      readonly statement: string
      readonly manifest: string
      readonly receipts: readonly string[]
    }
  | { readonly kind: 'digests'; readonly known: KnownDigests; readonly receipts: readonly string[] }

export interface PlanOptions {
  /** Folder for receipts and manifests, instead of beside the evidence. */
  readonly receipts?: string
  /** A statement for each file. */
  readonly separate?: boolean
  /** A finished SHA256SUMS, to be deposited without its files. */
  readonly sums?: string
  readonly known?: KnownDigests
  /** A signed statement, to be sent as it is. */
  readonly resend?: string
}

export interface Plan {
  readonly jobs: readonly DepositJob[]
  /** Paths that were given and are left out, and why. */
  readonly leftOut: readonly { readonly name: string; readonly why: string }[]
}

/**
 * Sorts paths into statements: a folder is a manifest, up to 64 files one statement, more files a manifest. Everything that would
 * stand in the way later is found out here, before a byte is hashed: files that cannot be read, places where nothing can be
 * written, names that are too long. Throws `file-unreadable`, `file-unwritable`, `file-exists`, `usage`.
 */
export function planDeposit(given: readonly string[], options: PlanOptions): Plan {
  const { paths, leftOut } = withoutArtefacts(given)
  const files: string[] = []
  const others: DepositJob[] = []
  for (const path of paths) {
    const stat = statOf(path)
    if (stat.isDirectory()) others.push(folderJob(path, options))
    else if (stat.isFile()) files.push(path)
    else throw new EvidenceError('file-unreadable', `${path} is neither a file nor a folder`, { where: path })
  }
  if (options.sums !== undefined) others.push(sumsJob(options.sums, options))
  if (options.resend !== undefined) others.push(resendJob(options.resend))
  if (options.known !== undefined) others.push(digestsJob(options.known, options))
  const jobs = [...filesJobs(files, options), ...others]
  requireDistinct(jobs)
  requireReadable(jobs)
  requirePlaces(jobs.flatMap(outputsOf))
  return { jobs, leftOut }
}

function statOf(path: string): Stats {
  try {
    return statSync(fsPath(path))
  } catch (cause) {
    throw new EvidenceError('file-unreadable', `${path} cannot be read: ${whyOf(cause)}`, { where: path }, { cause })
  }
}

/** `deposit photos/*` also names the receipts of last time: left out, unless nothing else is given. */
function withoutArtefacts(given: readonly string[]): { paths: readonly string[]; leftOut: Plan['leftOut'] } {
  const isOwn = (path: string): boolean => isOwnArtefact(basename(path)) && statOf(path).isFile()
  const paths = given.filter((path) => !isOwn(path))
  if (paths.length === 0 || paths.length === given.length) return { paths: given, leftOut: [] }
  const leftOut = given.filter(isOwn).map((name) => ({ name, why: 'a receipt or proof of a ledger' }))
  return { paths, leftOut }
}

/** Files that a job writes, one way or another. */
function outputsOf(job: DepositJob): string[] {
  const [first] = job.receipts
  return [
    ...('manifest' in job ? [job.manifest] : []),
    ...job.receipts,
    ...(first === undefined ? [] : [pendingPath(first)]),
  ]
}

/** No two files or folders may have one receipt or one manifest: the later would write over the earlier. */
function requireDistinct(jobs: readonly DepositJob[]): void {
  const seen = new Set<string>()
  for (const path of jobs.flatMap(outputsOf)) {
    const full = absolutePath(path)
    if (seen.has(full)) {
      throw new EvidenceError('usage', `two of the paths would have the same ${full}; deposit them apart`, {
        where: path,
      })
    }
    seen.add(full)
  }
}

/** Lists all that cannot be read, not just the first. */
function requireReadable(jobs: readonly DepositJob[]): void {
  const refused: { readonly name: string; readonly why: string }[] = []
  const look = (path: string | Buffer): void => {
    try {
      accessSync(typeof path === 'string' ? fsPath(path) : path, constants.R_OK)
    } catch (cause) {
      refused.push({ name: typeof path === 'string' ? path : textOfBytes(path), why: whyOf(cause) })
    }
  }
  for (const job of jobs) {
    if (job.kind === 'files') job.paths.forEach(look)
    else if (job.kind === 'sums') look(job.sums)
    else if (job.kind === 'resend') look(job.statement)
    else if (job.kind === 'manifest') {
      for (const one of job.listing.unreadable) refused.push(one)
      const { files } = job.listing
      for (let i = 0; i < files.length; i++) look(files.path(i))
    }
  }
  const [first] = refused
  if (first === undefined) return
  const named = refused.slice(0, maxNamed).map(({ name, why }) => `${name} (${why})`)
  const more = refused.length > maxNamed ? `, and ${refused.length - maxNamed} more` : ''
  const what = refused.length === 1 ? 'this cannot be read' : `${refused.length} files or folders cannot be read`
  throw new EvidenceError('file-unreadable', `${what}: ${named.join(', ')}${more}; nothing was hashed yet`, {
    where: first.name,
  })
}

function filesJobs(files: readonly string[], options: PlanOptions): DepositJob[] {
  if (options.separate === true) return files.map((path) => filesJob([path], options))
  if (files.length > maxItems) return [setJob(files, options)]
  return files.length > 0 ? [filesJob(files, options)] : []
}

function filesJob(paths: readonly string[], options: PlanOptions): DepositJob {
  return { kind: 'files', paths, receipts: paths.map((path) => receiptPath(path, options.receipts)) }
}

function folderJob(folder: string, options: PlanOptions): DepositJob {
  const places = manifestPlaces(manifestPath(folder, options.receipts))
  return { kind: 'manifest', folder, listing: listFolder(folder), isWhole: true, ...places }
}

/** More files than a statement holds become a manifest of the folder that holds them all. */
function setJob(files: readonly string[], options: PlanOptions): DepositJob {
  const folder = commonFolder(files)
  const listing = listFiles(folder, files.map(absolutePath))
  const names = Array.from({ length: listing.files.length }, (_, i) => listing.files.name(i))
  const places = manifestPlaces(setManifestPath(folder, names, options.receipts))
  return { kind: 'manifest', folder, listing, isWhole: false, ...places }
}

function sumsJob(sums: string, options: PlanOptions): DepositJob {
  statOf(sums)
  return { kind: 'sums', sums, ...manifestPlaces(manifestPath(sums, options.receipts)) }
}

function resendJob(statement: string): DepositJob {
  statOf(statement)
  const base = statement.replace(/\.evidence-statement$/, '')
  return { kind: 'resend', statement, ...manifestPlaces(`${base}.evidence-manifest`) }
}

function digestsJob(known: KnownDigests, options: PlanOptions): DepositJob {
  const [first = ''] = Object.values(known.digest)
  const name = known.name ?? first.slice(0, 16)
  return { kind: 'digests', known, receipts: [receiptPath(join('.', basename(name)), options.receipts)] }
}

function manifestPlaces(manifest: string): { manifest: string; receipts: string[] } {
  return { manifest, receipts: [manifest.replace(/\.evidence-manifest$/, '.tlog-proof')] }
}

/** Bytes that a job hashes, for the progress bar. */
export function jobBytes(job: DepositJob): number {
  if (job.kind === 'manifest') return bytesOf(job.listing.files)
  return job.kind === 'files' ? job.paths.reduce((sum, path) => sum + statSync(fsPath(path)).size, 0) : 0
}

/** What a job is called in a result. */
export function jobName(job: DepositJob): string {
  if (job.kind === 'manifest') return `${job.folder} (${counted(job.listing.files.length, 'file')})`
  if (job.kind === 'sums') return `the digests in ${job.sums}`
  if (job.kind === 'resend') return job.statement
  if (job.kind === 'digests') return job.known.name ?? `the digest ${Object.values(job.known.digest)[0] ?? ''}`
  return job.paths.length === 1 ? (job.paths[0] as string) : `${job.paths[0]} and ${job.paths.length - 1} more`
}
