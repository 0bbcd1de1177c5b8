import { lstatSync, opendirSync } from 'node:fs'
import { relative } from 'node:path'
import { EvidenceError } from '../core/errors.ts'
import { ManifestWriter } from '../core/manifest.ts'
import { bytesOfText, textOfBytes } from '../core/text.ts'
import { isOwnArtefact } from './artefact-names.ts'
import { whyOf } from './bounded-file.ts'
import { changed } from './file-digest.ts'
import { FileList, FileListBuilder } from './file-list.ts'
import { absolutePath } from './file-path.ts'
import { type DigestOptions, FolderDigests } from './folder-digests.ts'

export { manifestPath } from './artefact-names.ts'

export interface FolderListing {
  readonly files: FileList
  /** What is not recorded, and why: symbolic links, special files, and what this tool put there itself. */
  readonly skipped: readonly { readonly name: string; readonly why: string }[]
  /** Folders that could not be read, and why. */
  readonly unreadable: readonly { readonly name: string; readonly why: string }[]
}

/** Entries of a folder that are asked of the system at once. */
const entriesAtOnce = 1024

/**
 * The regular files below a folder that a deposit of it records, by bytes of their relative paths: all but what this tool put there
 * itself, which is listed in `skipped`. Folders that cannot be read are listed, not passed over.
 */
export function listFolder(folder: string): FolderListing {
  return listing(folder, isOwnArtefact)
}

/** Like {@link listFolder}, but with every regular file: what a name looks like says nothing of what a file is. */
export function listWholeFolder(folder: string): FolderListing {
  return listing(folder, () => false)
}

function listing(folder: string, isPassedOver: (name: string) => boolean): FolderListing {
  const prefix = prefixOf(folder)
  const found = new FileListBuilder()
  const { skipped, unreadable }: Aside = { skipped: [], unreadable: [] }
  for (const name of filesBelow(prefix, '', isPassedOver, { skipped, unreadable })) found.add(name)
  const pathOf = (within: string): Uint8Array => Buffer.concat([prefix, Buffer.from(within, 'latin1')])
  return {
    files: found.list(prefix),
    skipped: folderByFolder(skipped, (name) => Buffer.from(name, 'latin1')),
    unreadable: folderByFolder(unreadable, (name) => pathOf(name).subarray(0, -1)),
  }
}

/** What is not listed, by names within the folder, one byte to a character. */
interface Aside {
  readonly skipped: { name: string; why: string }[]
  readonly unreadable: { name: string; why: string }[]
}

/** Sorted by the parts of their names, and named as texts. */
function folderByFolder(aside: Aside['skipped'], bytesOfName: (name: string) => Uint8Array): Aside['skipped'] {
  const keyed = aside.map((one) => ({ ...one, key: one.name.replaceAll('/', '\0') }))
  keyed.sort((a, b) => (a.key < b.key ? -1 : 1))
  return keyed.map(({ name, why }) => ({ name: textOfBytes(bytesOfName(name)), why }))
}

/** What stands before names within a folder. */
function prefixOf(folder: string): Buffer {
  return Buffer.from(bytesOfText(`${folder}/`))
}

/**
 * Names of files, one byte to a character: below the folder `within`, which is empty or ends in a slash. In ascending order, for a
 * folder's name is compared with the slash that stands after it in the names of its files.
 */
function* filesBelow(
  prefix: Buffer,
  within: string,
  isPassedOver: (name: string) => boolean,
  aside: Aside,
): Generator<string> {
  for (const entry of entriesOf(prefix, within, isPassedOver, aside)) {
    if (entry.endsWith('/')) yield* filesBelow(prefix, within + entry, isPassedOver, aside)
    else yield within + entry
  }
}

/** The files and folders, these with a final slash, that are to be looked at, sorted. */
function entriesOf(
  prefix: Buffer,
  within: string,
  isPassedOver: (name: string) => boolean,
  { skipped, unreadable }: Aside,
): string[] {
  const entries: string[] = []
  const skip = (base: string, why: string): void => void skipped.push({ name: within + base, why })
  const path = Buffer.concat([prefix, Buffer.from(within, 'latin1')]).subarray(0, -1)
  try {
    // Bytes, for Node looks itself at an entry of which the system does not say what it is: it must have the name for that.
    const options = { encoding: 'buffer' as BufferEncoding, bufferSize: entriesAtOnce }
    const folder = opendirSync(path as unknown as string, options)
    try {
      for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
        const base = (entry.name as unknown as Buffer).toString('latin1')
        if (entry.isDirectory()) entries.push(`${base}/`)
        else if (!entry.isFile()) skip(base, entry.isSymbolicLink() ? 'a symbolic link' : 'a special file')
        else if (isPassedOver(base)) skip(base, 'a receipt or proof of a ledger')
        else entries.push(base)
      }
    } finally {
      folder.closeSync()
    }
  } catch (cause) {
    unreadable.push({ name: within, why: whyOf(cause) })
    return []
  }
  // Characters are bytes here, so that their order is that of the bytes.
  return entries.sort((a, b) => (a < b ? -1 : 1))
}

/** Files given one by one, as the listing of the folder that holds them all. */
export function listFiles(folder: string, paths: readonly string[]): FolderListing {
  const names = paths.map((path) => Buffer.from(bytesOfText(relative(folder, absolutePath(path)))).toString('latin1'))
  const found = new FileListBuilder()
  for (const name of names.sort()) found.add(name)
  return { files: found.list(prefixOf(folder === '/' ? '' : folder)), skipped: [], unreadable: [] }
}

/** How many bytes files have together, for a progress bar: what cannot be looked at counts nothing. */
export function bytesOf(files: FileList): number {
  let bytes = 0
  for (let i = 0; i < files.length; i++) bytes += lstatSync(files.path(i), { throwIfNoEntry: false })?.size ?? 0
  return bytes
}

/**
 * Hashes every file of a listing into a manifest. When all are hashed each is looked at once more: a manifest describes one state of
 * the folder, or none. `onFile` hears names before they are hashed, `onBytes` counts of bytes; where threads hash, now and then. Throws
 * `manifest-malformed` for an empty listing, `file-unreadable`, `file-changed`: of the first file that has a fault.
 */
export async function makeManifest(
  folder: string,
  { files }: FolderListing,
  onBytes: (count: number) => void,
  onFile: (name: Uint8Array) => void = () => {},
  options: Pick<DigestOptions, 'threads' | 'source'> = {},
): Promise<Uint8Array> {
  if (files.length === 0)
    throw new EvidenceError('manifest-malformed', `the folder ${folder} holds no file`, { where: folder })
  const digests = new FolderDigests(files, { isFirstEnough: true, hasStates: true, ...options })
  try {
    const [fault] = (await digests.hash({ onBytes, onFile: (index) => onFile(files.name(index)) })).values()
    if (fault !== undefined) throw fault
    const other = await digests.firstChanged()
    if (other !== undefined) throw changed(files.path(other))
  } finally {
    await digests.close()
  }
  const writer = new ManifestWriter(files.length, files.names.length)
  for (let i = 0; i < files.length; i++) writer.add(digests.sha256(i), files.name(i))
  return writer.finish()
}

/** Throws `file-changed` where a folder has other files than when it was listed: some came or went while they were hashed. */
export function requireSameFiles(folder: string, { files }: FolderListing): void {
  const prefix = prefixOf(folder)
  const pathOf = (name: string): Buffer => Buffer.concat([prefix, Buffer.from(name, 'latin1')])
  let next = 0
  for (const name of filesBelow(prefix, '', isOwnArtefact, { skipped: [], unreadable: [] })) {
    if (next === files.length || files.name(next).toString('latin1') !== name) throw changed(pathOf(name))
    next++
  }
  if (next < files.length) throw changed(files.path(next))
}
