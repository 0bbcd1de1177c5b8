import type { Manifest, ManifestLine } from '../../core/manifest.ts'
import { bytesOfText, textOfBytes } from '../../core/text.ts'
import { fileDiffers } from '../../verify/check-file.ts'
import type { Finding } from '../../verify/report.ts'
import type { Handed, ManifestEvidence } from './handed.ts'

/** A line of a manifest with its number: a later entry names it by that, so neither goes without the other. */
export interface ListedLine extends ManifestLine {
  /** From 0. */
  readonly index: number
}

/** The line with this number in a manifest; undefined where the number is. */
function lineAt(manifest: Manifest, index: number | undefined): ListedLine | undefined {
  const line = index === undefined ? undefined : manifest.line(index)
  return index === undefined || line === undefined ? undefined : { ...line, index }
}

/** The line of a manifest that names a file. Throws `file-unreadable`, `manifest-malformed`. */
export function lineOf(handed: Handed, { manifest, folder }: ManifestEvidence, file: string): ListedLine | undefined {
  const read = handed.manifest(manifest)
  return lineAt(read, read.indexOf(bytesOfText(handed.pathWithin(folder, file))))
}

/** The line of a file that was renamed or moved, by its bytes: no line has its path. Throws as {@link lineOfDigest}, and what reading the file throws. */
export async function lineOfBytes(
  handed: Handed,
  evidence: ManifestEvidence,
  file: string,
  onBytes?: (count: number) => void,
): Promise<ListedLine | undefined> {
  const { digest } = await handed.digests(file, ['sha256'], onBytes)
  return lineOfDigest(handed, evidence, file, digest.sha256 as string)
}

/**
 * The line of a manifest that has a file's SHA-256, under whatever path; of several the one with the file's own name, else the first.
 * Throws `file-unreadable`, `manifest-malformed`.
 */
export function lineOfDigest(
  handed: Handed,
  { manifest }: ManifestEvidence,
  file: string,
  sha256: string,
): ListedLine | undefined {
  const read = handed.manifest(manifest)
  const alike = read.withDigest(sha256)
  const own = handed.baseName(file)
  const isNamed = (index: number): boolean =>
    textOfBytes((read.line(index) as ManifestLine).path)
      .split('/')
      .at(-1) === own
  return lineAt(read, alike.find(isNamed) ?? alike[0])
}

/** Holds a file against its line. */
export async function compareLine(
  handed: Handed,
  { sha256: expected }: ManifestLine,
  file: string,
  onBytes?: (count: number) => void,
): Promise<Finding[]> {
  const { digest } = await handed.digests(file, ['sha256'], onBytes)
  return differsFrom(expected, digest.sha256 as string)
}

/** What is said of a file whose SHA-256 is not the one that its line has. */
export function differsFrom(expected: string, found: string): Finding[] {
  return found === expected ? [] : [{ code: 'file-differs', message: fileDiffers, where: 'sha256', expected, found }]
}
