import { statSync } from 'node:fs'
import type { EntryPage, LedgerClient } from '../../src/client/ledger-client.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { textOfBytes } from '../../src/core/text.ts'
import { digestBytes, digestFile } from '../../src/node/file-digest.ts'
import { manifestPath } from '../../src/node/folder-manifest.ts'
import { fsPath } from '../../src/node/file-path.ts'
import { manifestAt } from '../../src/check/node/artefact.ts'
import { manifestsAbove } from '../../src/check/node/evidence-files.ts'

/** What a ledger has of a file. */
export interface Found {
  readonly page: EntryPage
  /** The SHA-256 by which it was found, or looked for: of the file, or of the manifest that lists it. */
  readonly digest: string
  /** The manifest by which a file was found. */
  readonly through?: { readonly manifest: string; readonly listedAs: string }
}

/**
 * Looks a file up by its digest, and by that of a manifest near it that lists it where the ledger does not know its own. `query`: further
 * members of the question. Throws `file-unreadable`, the codes of a manifest, and what asking throws.
 */
export async function findFile(
  client: LedgerClient,
  file: string,
  query: Readonly<Record<string, string>> = {},
): Promise<Found> {
  const sha256 = await sha256Of(file)
  const page = await client.find({ ...query, digest: `sha256:${sha256}` })
  if (page.entries.length > 0 || query['after'] !== undefined) return { page, digest: sha256 }
  for (const { manifest } of manifestsAbove(file)) {
    const read = manifestAt(manifest)
    const line = read.line(read.withDigest(sha256)[0] ?? -1)
    if (line === undefined) continue
    const digest = digestBytes(read.bytes, ['sha256']).digest.sha256 as string
    const within = await client.find({ ...query, digest: `sha256:${digest}` })
    if (within.entries.length > 0)
      return { page: within, digest, through: { manifest, listedAs: textOfBytes(line.path) } }
  }
  return { page, digest: sha256 }
}

async function sha256Of(file: string): Promise<string> {
  if (statSync(fsPath(file), { throwIfNoEntry: false })?.isDirectory() === true) {
    throw new EvidenceError(
      'file-unreadable',
      `${file} is a folder; look up its manifest: evidence find ${manifestPath(file)}`,
      { where: file },
    )
  }
  return (await digestFile(file, ['sha256'])).digest.sha256 as string
}
