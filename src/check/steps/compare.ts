import { attempt, settled } from '../../core/attempt.ts'
import { latin1 } from '../../core/bytes.ts'
import { EvidenceError } from '../../core/errors.ts'
import type { ManifestLine } from '../../core/manifest.ts'
import { textOfBytes } from '../../core/text.ts'
import { type Finding, findingOf } from '../../verify/report.ts'
import { differsFrom } from './manifest-line.ts'

/** What became of a file that a deposit lists. */
export type FileState =
  | 'unchanged'
  /** Its bytes are here under a name that Unicode calls equal text, composed otherwise. */
  | 'respelled'
  /** Its bytes are here under another name. */
  | 'moved'
  | 'DIFFERS'
  | 'missing'
  | 'unreadable'

export interface ComparedFile {
  readonly name: string
  readonly state: FileState
  /** Where its bytes are now, where that is not under its name. */
  readonly now?: string
  readonly faults: readonly Finding[]
}

export interface ComparedFolder {
  readonly files: readonly ComparedFile[]
  /** Files that the deposit does not list, and that have no listed file's bytes; receipts and proofs among them. */
  readonly unlisted: readonly string[]
  /** Links and special files, which a deposit never lists, and why they are none. */
  readonly skipped: readonly { readonly name: string; readonly why: string }[]
  /** Folders that could not be read. */
  readonly unreadable: readonly { readonly name: string; readonly why: string }[]
}

/** A file of a folder, and how its SHA-256 is had, in lower-case hex; `sha256` throws `file-unreadable`, `file-changed`. */
export interface FolderFile {
  /** Its path within the folder. */
  readonly name: Uint8Array
  readonly sha256: () => string | Promise<string>
}

/** Files of a folder that are too many to be an object each. */
export interface FolderFiles {
  /** The file that has a name, once; undefined where none has it. Who asks in order of the names is answered at once. */
  readonly take: (name: Uint8Array) => FolderFile | undefined
  /** The files that were not taken, in order of their names. */
  readonly left: () => Iterable<FolderFile>
}

/** What a folder holds. */
export interface FolderContent extends Pick<ComparedFolder, 'skipped' | 'unreadable'> {
  readonly files: readonly FolderFile[] | FolderFiles
}

/** What is told of a comparison while it runs: the file that is at hand, and how many are done. */
export interface FilesProgress {
  readonly of: (name: string) => void
  readonly update: (done: number) => void
}

/**
 * Holds every listed file against its line. All are looked at: one that cannot be read hides none of the others. What is missing or
 * differs is looked for by its digest among the files that the deposit does not list, and among those that differ.
 */
export async function compareFolder(
  folder: string,
  { files, skipped, unreadable }: FolderContent,
  listed: Iterable<ManifestLine>,
  progress?: FilesProgress,
): Promise<ComparedFolder> {
  const present = 'take' in files ? files : filesOf(files)
  const isHidden = hiddenBelow(folder, unreadable)
  const compared: Looked[] = []
  for (const line of listed) {
    const name = textOfBytes(line.path)
    progress?.of(name)
    const looked = look(name, line, present.take(line.path), isHidden)
    // Most answer at once: a promise each would cost more than the comparison.
    compared.push(looked instanceof Promise ? await looked : looked)
    progress?.update(compared.length)
  }
  const isSought = compared.some(({ state }) => state === 'missing' || state === 'DIFFERS')
  const strangers = isSought ? await digestsOf(present.left()) : new Map<string, string[]>()
  const elsewhere = withChanged(strangers, compared)
  const found = compared.map((one) => seek(one, elsewhere))
  const taken = new Set(
    found.flatMap(({ state, now }) => ((state === 'moved' || state === 'respelled') && now !== undefined ? [now] : [])),
  )
  const unlisted: string[] = []
  for (const { name: bytes } of present.left()) {
    const name = textOfBytes(bytes)
    if (!taken.has(name)) unlisted.push(name)
  }
  return { files: found, unlisted, skipped, unreadable }
}

function filesOf(files: readonly FolderFile[]): FolderFiles {
  const present = new Map(files.map((file) => [latin1(file.name), file]))
  const take = (name: Uint8Array): FolderFile | undefined => {
    const key = latin1(name)
    const file = present.get(key)
    present.delete(key)
    return file
  }
  return { take, left: () => present.values() }
}

/** True for names within folders that could not be read: what they hold is not known to be missing. */
function hiddenBelow(folder: string, unreadable: ComparedFolder['unreadable']): (name: string) => boolean {
  const starts = unreadable.map(({ name }) => `${name}/`)
  return (name) => starts.some((start) => `${folder}/${name}`.startsWith(start))
}

interface Looked extends ComparedFile {
  /** The SHA-256 that was deposited, where the file is missing or differs. */
  readonly expected?: string
  /** SHA-256 of the file under this name, where it differs. */
  readonly found?: string
}

const noFaults: readonly Finding[] = []

function look(
  name: string,
  { sha256: expected }: ManifestLine,
  file: FolderFile | undefined,
  isHidden: (name: string) => boolean,
): Looked | Promise<Looked> {
  if (file === undefined && isHidden(name)) {
    const message = 'It is within a folder that cannot be read, and was not looked at.'
    return { name, state: 'unreadable', faults: [{ code: 'file-unreadable', message, file: name }] }
  }
  if (file === undefined) {
    const message = 'The deposit lists this file, which is not here.'
    return { name, expected, state: 'missing', faults: [{ code: 'file-not-in-deposit', message, file: name }] }
  }
  const read = attempt(() => file.sha256())
  return read instanceof Promise
    ? settled(read).then((found) => judged(name, expected, found))
    : judged(name, expected, read)
}

function judged(name: string, expected: string, found: string | EvidenceError): Looked {
  if (found instanceof EvidenceError)
    return { name, state: 'unreadable', faults: [{ ...findingOf(found), file: name }] }
  if (found === expected) return { name, state: 'unchanged', faults: noFaults }
  const faults = differsFrom(expected, found).map((fault) => ({ ...fault, file: name }))
  return { name, expected, state: 'DIFFERS', found, faults }
}

/** Names by SHA-256; what cannot be read is left out. */
async function digestsOf(files: Iterable<FolderFile>): Promise<Map<string, string[]>> {
  const names = new Map<string, string[]>()
  for (const { sha256, name } of files) {
    const made = attempt(sha256)
    const read = made instanceof Promise ? await settled(made) : made
    if (!(read instanceof EvidenceError)) add(names, read, textOfBytes(name))
  }
  return names
}

function withChanged(names: Map<string, string[]>, compared: readonly Looked[]): ReadonlyMap<string, string[]> {
  for (const { found, name } of compared) if (found !== undefined) add(names, found, name)
  return names
}

function add(names: Map<string, string[]>, digest: string, name: string): void {
  const known = names.get(digest)
  if (known === undefined) names.set(digest, [name])
  else known.push(name)
}

/** Where the bytes of a missing or altered file are now. */
function seek(looked: Looked, elsewhere: ReadonlyMap<string, string[]>): ComparedFile {
  const { name: own, state, faults: said, expected } = looked
  if (expected === undefined) return looked
  const one = { name: own, state, faults: said }
  const names = elsewhere.get(expected) ?? []
  const respelled = names.find((name) => name.normalize() === one.name.normalize())
  const now = respelled ?? names[0]
  if (now === undefined) return one
  // The bytes are here, and the name is the same text: nothing of the deposit is missing.
  if (respelled !== undefined && one.state === 'missing') return { ...one, state: 'respelled', now, faults: [] }
  const message =
    one.state === 'missing'
      ? `The deposit lists this file, which is not here; its bytes are, under another name: ${now}.`
      : `${one.faults[0]?.message} The bytes that were deposited under this name are now at ${now}.`
  const faults = one.faults.map((fault) => ({ ...fault, message }))
  return { ...one, state: one.state === 'missing' ? 'moved' : one.state, now, faults }
}
