import { statSync } from 'node:fs'
import { EvidenceError, isEvidenceError } from '../../core/errors.ts'
import { Manifest } from '../../core/manifest.ts'
import { maxProofBytes } from '../../core/tlog-proof.ts'
import { readNamed } from '../../node/bounded-file.ts'
import { fsPath } from '../../node/file-path.ts'
import { maxManifestBytes } from '../../package/limits.ts'

/** True where something is at a path and may be looked at. */
export function isThere(path: string): boolean {
  try {
    return statSync(fsPath(path), { throwIfNoEntry: false }) !== undefined
  } catch {
    return false
  }
}

/**
 * True for a regular file, by whatever links. A search takes nothing else: to open a pipe that nobody writes waits for ever, and a device
 * never ends.
 */
export function isFileAt(path: string): boolean {
  try {
    return statSync(fsPath(path), { throwIfNoEntry: false })?.isFile() === true
  } catch {
    return false
  }
}

const manifests = new Map<string, Manifest>()
const manifestBytes = new Map<string, Uint8Array>()
/** What all manifests of a run take at most: a folder may hold any number of them, of anybody's making. */
const maxRunBytes = 2 * maxManifestBytes
let taken = 0

/** What came through a pipe, which can be read only once, by its path. */
const fromPipes = new Map<string, Uint8Array>()

/** Has files read anew; called before each command. */
export function forgetFiles(): void {
  manifests.clear()
  manifestBytes.clear()
  fromPipes.clear()
  taken = 0
}

/**
 * Reads the bytes of a manifest, which may be as long as its folder is large; once in a run, so that all is judged by the same bytes. Throws
 * `file-unreadable`, and `manifest-malformed` for what is too long.
 */
export function manifestBytesAt(path: string): Uint8Array {
  const known = manifestBytes.get(path)
  if (known !== undefined) return known
  const most = Math.min(maxManifestBytes, maxRunBytes - taken)
  const bytes = readNamed(path, most, { tooLong: 'manifest-malformed' })
  taken += bytes.length
  manifestBytes.set(path, bytes)
  return bytes
}

/** Reads a manifest, once in a run. Throws `file-unreadable`, `manifest-malformed`. */
export function manifestAt(path: string): Manifest {
  const known = manifests.get(path)
  if (known !== undefined) return known
  const bytes = manifestBytesAt(path)
  const manifest = named(path, () => new Manifest(bytes))
  manifests.set(path, manifest)
  return manifest
}

/** Reads a receipt, proof or other artefact, bounded; a pipe will do. Throws `file-unreadable`, `receipt-malformed`. */
export function readArtefact(path: string): Uint8Array {
  const known = fromPipes.get(path)
  if (known !== undefined) return known
  const bytes = readNamed(path, 2 * maxProofBytes, { pipes: true, tooLong: 'receipt-malformed' })
  if (statSync(fsPath(path), { throwIfNoEntry: false })?.isFile() !== true) fromPipes.set(path, bytes)
  return bytes
}

/** Reads an artefact with a parser; its refusal names the file. Throws as {@link readArtefact}, and the parser's codes. */
export function parseArtefact<T>(path: string, parse: (bytes: Uint8Array) => T): T {
  return named(path, () => parse(readArtefact(path)))
}

/** Runs a parser of a file; its refusal names the file. */
function named<T>(path: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!isEvidenceError(error) || error.message.includes(path)) throw error
    throw new EvidenceError(error.code, `${path}: ${error.message}`, { ...error.facts, where: path }, { cause: error })
  }
}
