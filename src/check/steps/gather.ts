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
  /** A file that nothing handed over is for. */
  | { readonly what: 'unproven'; readonly path: string }

/** What was dropped, sorted into checks. */
export interface Gathered {
  readonly tasks: readonly Task[]
  readonly policies: readonly string[]
  /** Certificates of time-stamping authorities. */
  readonly anchors: readonly string[]
}

/**
 * Sorts what was dropped: each file goes with the receipt or file proof of its name; else with the manifest that lists it; else with whatever
 * names its digest; and where one receipt and one file are left, with each other, for that is what somebody meant who dropped two things. What is
 * left of receipts is checked alone. Throws what hashing a file throws; `onBytes` is told of it.
 */
export async function gather(set: DroppedSet, onBytes?: (count: number) => void): Promise<Gathered> {
  const folders = packageFolders(set)
  const isPacked = (path: string): boolean => folders.some((folder) => isWithin(path, folder))
  const used = new Set<string>()
  const tasks: Task[] = folders.map((path) => ({
    what: 'package',
    path,
    files: set.all.map((one) => one.path).filter((one) => isWithin(one, path)),
  }))
  const receipts = set.paths('receipt', 'file-proof').filter((path) => !isPacked(path))
  const files = set.paths('file', 'zip', 'certificate').filter((path) => !isPacked(path))
  const loose: string[] = []
  const named = byName(receipts)
  for (const path of files) {
    const beside = evidenceBeside(set, path, named)
    if (beside === undefined) loose.push(path)
    else tasks.push({ what: 'file', path, evidence: use(used, beside) })
  }
  let rest = await withManifests(set, loose, isPacked, tasks, used)
  rest = rest.filter((path) => !takesItself(set, path, tasks))
  rest = await byDigest(set, rest, receipts, tasks, used, onBytes)
  const free = receipts.filter((path) => !used.has(path))
  const [file, receipt] = [rest[0], free[0]]
  if (rest.length === 1 && free.length === 1 && file !== undefined && receipt !== undefined) {
    tasks.push({ what: 'file', path: file, evidence: use(used, evidenceIn(set, receipt)) })
    rest = []
  }
  for (const path of rest) tasks.push({ what: 'unproven', path })
  for (const path of receipts) if (!used.has(path)) tasks.push({ what: 'receipt', evidence: evidenceIn(set, path) })
  for (const path of set.paths('misbehaviour')) if (!isPacked(path)) tasks.push({ what: 'misbehaviour', path })
  const outside = (path: string): boolean => !isPacked(path)
  return { tasks, policies: set.paths('policy').filter(outside), anchors: set.paths('anchors').filter(outside) }
}

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
  return set.paths('file-proof').includes(path)
    ? { kind: 'file-proof', proof: path }
    : { kind: 'receipt', receipt: path }
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

/** Checks by manifests: of whole folders where folders were dropped, else of the files that they list. Gives the files that are left. */
async function withManifests(
  set: DroppedSet,
  files: readonly string[],
  isPacked: (path: string) => boolean,
  tasks: Task[],
  used: Set<string>,
): Promise<string[]> {
  let rest = [...files]
  for (const manifest of set.paths('manifest').filter((path) => !isPacked(path))) {
    const receipt = await set.receiptOfManifest(manifest)
    if (receipt === undefined) {
      tasks.push({ what: 'unproven', path: manifest })
      continue
    }
    used.add(receipt)
    const isListed = listing(set, manifest)
    const folder = folderOfManifest(manifest, rest, isListed)
    if (folder === undefined) {
      const listed = rest.filter(isListed)
      const evidence: Evidence = { kind: 'manifest', receipt, manifest, folder: folderOf(manifest) }
      for (const path of listed) tasks.push({ what: 'file', path, evidence })
      if (listed.length === 0) tasks.push({ what: 'file', path: manifest, evidence: { kind: 'receipt', receipt } })
      rest = without(rest, listed)
    } else {
      const within = set.all
        .map(({ path }) => path)
        .filter((path) => isWithin(path, folder) && path !== manifest && path !== receipt)
      tasks.push({
        what: 'folder',
        path: folder,
        evidence: { kind: 'manifest', receipt, manifest, folder },
        files: within,
      })
      rest = without(rest, within)
    }
  }
  return rest
}

/** The folder that a manifest lists: of its name, that in which it lies, or the one folder that was dropped; undefined where no folder was. */
function folderOfManifest(
  manifest: string,
  files: readonly string[],
  isListed: (path: string) => boolean,
): string | undefined {
  const own = receiptOf(manifest).replace(/\.tlog-proof$/, '')
  if (files.some((path) => isWithin(path, own))) return own
  const inside = folderOf(manifest)
  if (inside !== '' && files.some((path) => isWithin(path, inside) && isListed(path))) return inside
  const tops = new Set(files.filter((path) => path.includes('/')).map((path) => path.split('/')[0] as string))
  return tops.size === 1 ? [...tops][0] : undefined
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

/** Pairs files with what names their digest. Gives the files that are left. */
async function byDigest(
  set: DroppedSet,
  files: readonly string[],
  receipts: readonly string[],
  tasks: Task[],
  used: Set<string>,
  onBytes?: (count: number) => void,
): Promise<string[]> {
  const rest: string[] = []
  const free = receipts.filter((path) => !used.has(path))
  // Two things that were dropped together belong together: nothing is to be looked for.
  if (free.length === 0 || (files.length === 1 && free.length === 1)) return [...files]
  for (const path of files) {
    const { digest } = await set.measure(path, onBytes)
    const receipt = free.find((one) => isAmong(set.namedDigests(one), digest.sha256))
    if (receipt === undefined) rest.push(path)
    else tasks.push({ what: 'file', path, evidence: use(used, evidenceIn(set, receipt)) })
  }
  return rest
}

function without(paths: readonly string[], others: readonly string[]): string[] {
  const taken = new Set(others)
  return paths.filter((path) => !taken.has(path))
}
