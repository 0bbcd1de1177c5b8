import { lstatSync, readdirSync, statSync } from 'node:fs'
import { relative } from 'node:path'
import { compareBytes } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import { encodeManifest, type ManifestLine } from '../core/manifest.ts'
import { bytesOfText, textOfBytes } from '../core/text.ts'
import { whyOf } from './bounded-file.ts'
import { changed, digestFile, fileState } from './file-digest.ts'
import { absolutePath, fsPath } from './file-path.ts'
import { isOwnArtefact } from './artefact-names.ts'

export { manifestPath } from './artefact-names.ts'

/** A file found in a folder; names are raw bytes, since a disk's need not be UTF-8. */
export interface FoundFile {
  /** Where it is. */
  readonly path: Buffer
  /** Relative to the folder. */
  readonly name: Buffer
  /** In bytes. */
  readonly size: number
}

export interface FolderListing {
  readonly files: readonly FoundFile[]
  /** What is not recorded, and why: symbolic links, special files, and what this tool put there itself. */
  readonly skipped: readonly { readonly name: string; readonly why: string }[]
  /** Folders that could not be read, and why. */
  readonly unreadable: readonly { readonly name: string; readonly why: string }[]
}

const slash = Buffer.from('/')

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
  const files: FoundFile[] = []
  const skipped: { name: string; why: string }[] = []
  const unreadable: { name: string; why: string }[] = []
  const visit = (directory: Buffer, prefix: Buffer): void => {
    for (const entry of entriesOf(directory, unreadable)) {
      const base = entry.name as unknown as Buffer
      const path = Buffer.concat([directory, slash, base])
      const name = prefix.length === 0 ? base : Buffer.concat([prefix, slash, base])
      if (entry.isDirectory()) visit(path, name)
      else if (!entry.isFile()) {
        skipped.push({ name: textOfBytes(name), why: entry.isSymbolicLink() ? 'a symbolic link' : 'a special file' })
      } else if (isPassedOver(base.toString('latin1'))) {
        skipped.push({ name: textOfBytes(name), why: 'a receipt or proof of a ledger' })
      } else files.push({ path, name, size: lstatSync(path).size })
    }
  }
  visit(Buffer.from(bytesOfText(folder)), Buffer.alloc(0))
  return { files: files.sort((a, b) => compareBytes(a.name, b.name)), skipped, unreadable }
}

function entriesOf(directory: Buffer, unreadable: { name: string; why: string }[]): ReturnType<typeof readFolder> {
  try {
    return readFolder(directory)
  } catch (cause) {
    unreadable.push({ name: textOfBytes(directory), why: whyOf(cause) })
    return []
  }
}

function readFolder(directory: Buffer) {
  return readdirSync(directory, { encoding: 'buffer', withFileTypes: true })
}

/** Files given one by one, as the listing of the folder that holds them all. */
export function listFiles(folder: string, paths: readonly string[]): FolderListing {
  const files = paths.map((path) => ({
    path: Buffer.from(bytesOfText(path)),
    name: Buffer.from(bytesOfText(relative(folder, absolutePath(path)))),
    size: statSync(fsPath(path)).size,
  }))
  return { files: files.sort((a, b) => compareBytes(a.name, b.name)), skipped: [], unreadable: [] }
}

/**
 * Hashes every file of a listing into a manifest. When all are hashed each is looked at once more: a manifest describes one state of
 * the folder, or none. `onFile` hears the name of each before it is hashed, `onBytes` counts of bytes. Throws `manifest-malformed` for an empty listing, `file-unreadable`, `file-changed`.
 */
export async function makeManifest(
  folder: string,
  listing: FolderListing,
  onBytes: (count: number) => void,
  onFile: (name: Uint8Array) => void = () => {},
): Promise<Uint8Array> {
  if (listing.files.length === 0)
    throw new EvidenceError('manifest-malformed', `the folder ${folder} holds no file`, { where: folder })
  const lines: ManifestLine[] = []
  const states: string[] = []
  for (const { path, name } of listing.files) {
    onFile(name)
    const { digest, state } = await digestFile(path, ['sha256'], onBytes)
    lines.push({ sha256: digest.sha256 as string, path: name })
    states.push(state)
  }
  listing.files.forEach(({ path }, i) => {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
    if (stat === undefined || fileState(stat) !== states[i]) throw changed(path)
  })
  return encodeManifest(lines)
}

/** Throws `file-changed` where a folder has other files than when it was listed: some came or went while they were hashed. */
export function requireSameFiles(folder: string, { files }: FolderListing): void {
  const now = listFolder(folder).files
  const other = now.find(({ name }, i) => files[i] === undefined || !name.equals(files[i].name)) ?? files[now.length]
  if (other !== undefined) throw changed(other.path)
}
