import { receiptOf } from '../../core/artefact-names.ts'
import { attempt } from '../../core/attempt.ts'
import { EvidenceError } from '../../core/errors.ts'
import { textOfBytes } from '../../core/text.ts'
import { names, payloadFolder } from '../../package/layout.ts'
import { baseName, type DroppedSet, isAmong } from './dropped-set.ts'
import type { Evidence, ManifestEvidence } from './handed.ts'
import type { LoneEvidence } from './receipt.ts'

/** One check that is to be made of what was dropped. */
export type Task =
  | { readonly what: 'file'; readonly path: string; readonly evidence: Evidence }
  | {
      readonly what: 'folder'
      readonly path: string
      readonly evidence: ManifestEvidence
      readonly files: readonly string[]
    }
  | { readonly what: 'receipt'; readonly evidence: LoneEvidence }
  | { readonly what: 'package'; readonly path: string; readonly files: readonly string[] | undefined }
  | { readonly what: 'misbehaviour'; readonly path: string }
  | { readonly what: 'certificate'; readonly path: string }
  /** A file that nothing handed over is for; `isCompared` where it was compared with what receipts that were handed over are for. */
  | { readonly what: 'unproven'; readonly path: string; readonly isCompared: boolean }

/** What was dropped, sorted into checks. */
export interface Gathered {
  readonly tasks: readonly Task[]
  readonly policies: readonly string[]
  /** Certificates of time-stamping authorities. */
  readonly anchors: readonly string[]
}

/**
 * Sorts what was dropped. Nothing that proves something keeps anything else from being compared with what it was deposited as: a manifest is
 * compared with all of its folder, whatever proves the files in it by themselves or makes a package of them; each file goes with the receipt
 * or file proof of its name, and with each manifest that lists it. What is left goes with whatever names its digest; and where one receipt
 * and one file are left, with each other, for that is what somebody meant who dropped two things. What is left of receipts is checked
 * alone. Throws what hashing a file throws; `onBytes` is told of it.
 */
export async function gather(set: DroppedSet, onBytes?: (count: number) => void): Promise<Gathered> {
  const all = set.all.map(({ path }) => path)
  const packages = packageFolders(set)
  const packed = new Set(packages)
  const isFree = (path: string): boolean => !isBelow(path, packed)
  const tasks: Task[] = packages.map((path) => ({
    what: 'package',
    path,
    files: all.filter((one) => isWithin(one, path)),
  }))
  const used = new Set<string>()
  const { folders, lists } = await manifestsIn(set, isFree, tasks, used)
  /** Files that something is compared with, and all that lies in a listed folder. */
  const proven = new Set<string>()
  for (const evidence of folders) {
    const { folder, manifest, receipt } = evidence
    const files = all.filter((one) => isWithin(one, folder) && one !== manifest && one !== receipt)
    tasks.push({ what: 'folder', path: folder, evidence, files })
    for (const path of files) proven.add(path)
  }
  const isApart = (path: string): boolean => isFree(path) && !proven.has(path)
  const [policies, anchors] = [set.paths('policy').filter(isApart), set.paths('anchors').filter(isApart)]
  const lone = set.paths('receipt', 'file-proof').filter(isApart)
  const files = set.paths('file', 'zip', 'certificate').filter(isFree)
  const add = (path: string, evidence: Evidence): void => {
    tasks.push({ what: 'file', path, evidence: use(used, evidence) })
    proven.add(path)
  }
  const named = byName(set.paths('receipt', 'file-proof').filter((path) => isFree(path) && !used.has(path)))
  for (const path of files) {
    const beside = evidenceBeside(set, path, named)
    if (beside !== undefined) add(path, beside)
  }
  for (const evidence of lists) {
    const listed = files.filter(listing(set, evidence.manifest))
    for (const path of listed) add(path, evidence)
    if (listed.length === 0) add(evidence.manifest, { kind: 'receipt', receipt: evidence.receipt })
  }
  const loose = (): string[] => files.filter((path) => !proven.has(path))
  const left = (): string[] => lone.filter((path) => !used.has(path))
  const addByDigest = async (paths: readonly string[]): Promise<void> => {
    for (const [path, receipt] of await byDigest(set, paths, left(), onBytes)) add(path, evidenceIn(set, receipt))
  }
  // Two things that were dropped together belong together: nothing is to be looked for. What judges itself may be no file of a receipt.
  const isPair = (): boolean => loose().length === 1 && left().length === 1
  if (!isPair() || set.kind(loose()[0] as string) !== 'file') await addByDigest(loose())
  for (const path of loose()) if (takesItself(set, path, tasks)) proven.add(path)
  if (isPair()) add(loose()[0] as string, evidenceIn(set, left()[0] as string))
  // A second receipt of a file that has one already is about that file too.
  await addByDigest(files.filter((path) => proven.has(path)))
  // A few files that are left are compared with what every receipt is for: a copy of a file that has one, or another file beside it.
  const others = loose()
  const isCompared = lone.length > 0 && others.length <= mostCompared
  if (isCompared)
    for (const path of others) {
      const { digest } = await set.measure(path, onBytes)
      const receipt = lone.find((one) => isAmong(set.namedDigests(one), digest.sha256))
      if (receipt !== undefined) add(path, evidenceIn(set, receipt))
    }
  for (const path of loose()) tasks.push({ what: 'unproven', path, isCompared })
  for (const path of left()) tasks.push({ what: 'receipt', evidence: evidenceIn(set, path) })
  for (const path of set.paths('misbehaviour')) if (isApart(path)) tasks.push({ what: 'misbehaviour', path })
  return { tasks, policies, anchors }
}

/** Whether a path lies in one of some folders, however deep. */
function isBelow(path: string, folders: ReadonlySet<string>): boolean {
  if (folders.size === 0) return false
  for (let folder = folderOf(path); ; folder = folderOf(folder)) {
    if (folders.has(folder)) return true
    if (folder === '') return false
  }
}

/** Most files without a receipt of their own that are hashed for a better answer than that nothing proves them. */
const mostCompared = 50

function isWithin(path: string, folder: string): boolean {
  return folder === '' || path.startsWith(`${folder}/`)
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

/** Folders that are evidence packages: they hold a bag's own file, and deposits where a package has them. */
function packageFolders(set: DroppedSet): string[] {
  const bags = set.all.map(({ path }) => path).filter((path) => baseName(path) === names.bagit)
  const folders = bags.map(folderOf)
  return folders.filter((folder) =>
    set.all.some(({ path }) => path.startsWith(`${folder === '' ? '' : `${folder}/`}${payloadFolder}/`)),
  )
}

function use(used: Set<string>, evidence: Evidence): Evidence {
  used.add(evidence.kind === 'file-proof' ? evidence.proof : evidence.receipt)
  return evidence
}

function evidenceIn(set: DroppedSet, path: string): LoneEvidence {
  return set.kind(path) === 'file-proof' ? { kind: 'file-proof', proof: path } : { kind: 'receipt', receipt: path }
}

/** Receipts and file proofs by their own names, in Unicode's composed spelling; undefined where several have one name. */
function byName(receipts: readonly string[]): ReadonlyMap<string, string | undefined> {
  const named = new Map<string, string | undefined>()
  for (const path of receipts) {
    const own = baseName(path).normalize()
    named.set(own, named.has(own) ? undefined : path)
  }
  return named
}

/** The receipt or file proof of a file's name: in its own folder, or, where files were picked one by one, anywhere. */
function evidenceBeside(
  set: DroppedSet,
  file: string,
  named: ReadonlyMap<string, string | undefined>,
): Evidence | undefined {
  const own = baseName(file).normalize()
  for (const ending of ['.tlog-proof', '.file-proof']) {
    const found = set.has(`${file}${ending}`) ? `${file}${ending}` : named.get(`${own}${ending}`)
    if (found !== undefined) return evidenceIn(set, found)
  }
  return undefined
}

/** What judges itself: a zip that may be a package, and a certificate. */
function takesItself(set: DroppedSet, path: string, tasks: Task[]): boolean {
  if (set.kind(path) === 'zip') tasks.push({ what: 'package', path, files: undefined })
  else if (set.kind(path) === 'certificate') tasks.push({ what: 'certificate', path })
  else return false
  return true
}

/** The manifests that were dropped with their receipts: of folders, and of files that were picked one by one. One without a receipt is a task. */
async function manifestsIn(
  set: DroppedSet,
  isFree: (path: string) => boolean,
  tasks: Task[],
  used: Set<string>,
): Promise<{ folders: ManifestEvidence[]; lists: ManifestEvidence[] }> {
  const folders: ManifestEvidence[] = []
  const lists: ManifestEvidence[] = []
  for (const manifest of set.paths('manifest').filter(isFree)) {
    const receipt = await set.receiptOfManifest(manifest)
    if (receipt === undefined) {
      tasks.push({ what: 'unproven', path: manifest, isCompared: false })
      continue
    }
    used.add(receipt)
    const folder = folderOfManifest(set, manifest, isFree)
    const evidence: ManifestEvidence = { kind: 'manifest', receipt, manifest, folder: folder ?? folderOf(manifest) }
    if (folder === undefined) lists.push(evidence)
    else folders.push(evidence)
  }
  return { folders, lists }
}

/**
 * The folder that a manifest lists: that of its name, whatever lies there; that in which it lies, where it lists something in it; or the one
 * folder that was dropped. Undefined where no folder was.
 */
function folderOfManifest(set: DroppedSet, manifest: string, isFree: (path: string) => boolean): string | undefined {
  const own = receiptOf(manifest).replace(/\.tlog-proof$/, '')
  const all = set.all.map(({ path }) => path)
  if (all.some((path) => path.startsWith(`${own}/`))) return own
  const isListed = listing(set, manifest)
  const inside = folderOf(manifest)
  if (inside !== '' && all.some((path) => isWithin(path, inside) && isListed(path))) return inside
  // A package beside it was dropped for itself, unless the manifest lists something of it.
  const files = set.paths('file', 'zip', 'certificate').filter((path) => path.includes('/'))
  const within = files.filter((path) => isFree(path) || isListed(path))
  const tops = new Set(within.map((path) => path.split('/')[0] as string))
  const [only] = tops
  return tops.size === 1 ? only : undefined
}

/** Tells whether a manifest lists a file by its path, or, where files were picked one by one, by its name. */
function listing(set: DroppedSet, manifest: string): (path: string) => boolean {
  const read = attempt(() => set.manifest(manifest))
  if (read instanceof EvidenceError) return () => false
  const paths = new Set(Array.from(read, ({ path }) => textOfBytes(path)))
  const own = new Set([...paths].map(baseName))
  const folder = folderOf(manifest)
  return (path) => paths.has(set.handed.pathWithin(folder, path)) || (!path.includes('/') && own.has(path))
}

/** Pairs of files and receipts that name their digests, each receipt once. */
async function byDigest(
  set: DroppedSet,
  files: readonly string[],
  receipts: readonly string[],
  onBytes?: (count: number) => void,
): Promise<[file: string, receipt: string][]> {
  const pairs: [string, string][] = []
  const free = new Set(receipts)
  for (const path of files) {
    if (free.size === 0) break
    const { digest } = await set.measure(path, onBytes)
    for (const receipt of free)
      if (isAmong(set.namedDigests(receipt), digest.sha256)) {
        pairs.push([path, receipt])
        free.delete(receipt)
      }
  }
  return pairs
}
