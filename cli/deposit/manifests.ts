import { existsSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { EvidenceError } from '../../src/core/errors.ts'
import { fileBounds, readNamed } from '../../src/node/bounded-file.ts'
import { syncFolder } from '../../src/node/durable-file.ts'
import { fsPath, removeFile } from '../../src/node/file-path.ts'
import type { DepositJob } from './plan.ts'
import { firstFree, outputKinds, writeOutput } from '../files/outputs.ts'
import { pendingManifestPath } from '../../src/node/artefact-names.ts'

/*
 * Manifests of deposits on their way. A deposit that is sequenced and whose manifest is lost proves nothing, so a manifest is written
 * before anything is sent, and is only ever moved, or removed where another run has brought it and its receipt to their places.
 */

/** Moves a manifest out of the way, under a name that is free. */
function moveAside(path: string): void {
  const base = path.replace(/(?:\.pending)?\.evidence-manifest$/, '')
  const aside = (n: number): string => `${base}.earlier-${n}.evidence-manifest`
  renameSync(fsPath(path), fsPath(aside(firstFree((n) => [aside(n)]))))
}

function isOther(path: string, bytes: Uint8Array): boolean {
  return existsSync(fsPath(path)) && !readNamed(path, fileBounds.manifest).equals(bytes)
}

/**
 * Writes a manifest down before anything is sent. Throws `file-exists` where a manifest of other files is in the way, and has no
 * receipt that says what it is of.
 */
export function keepManifest(job: DepositJob, manifest: Uint8Array): void {
  if (!('manifest' in job)) return
  const [receipt = ''] = job.receipts
  if (!existsSync(fsPath(receipt)) && isOther(job.manifest, manifest)) {
    const what = `${job.manifest} is there, has no receipt, and lists other files or bytes; move it away`
    throw new EvidenceError('file-exists', what, { where: job.manifest })
  }
  const waiting = pendingManifestPath(job.manifest)
  if (isOther(waiting, manifest)) moveAside(waiting)
  writeOutput(outputKinds.manifest, waiting, manifest)
}

/** Gives a manifest its name, now that its receipt is there. True where there is one. */
export function placeManifest(manifest: string): boolean {
  const waiting = pendingManifestPath(manifest)
  if (existsSync(fsPath(waiting))) {
    if (isOther(manifest, readNamed(waiting, fileBounds.manifest))) moveAside(manifest)
    renameSync(fsPath(waiting), fsPath(manifest))
    syncFolder(dirname(manifest))
  }
  return existsSync(fsPath(manifest))
}

/** Removes what waits for an answer: the receipt is on the disk. */
export function removePending(job: DepositJob, pending: string): void {
  removeFile(pending)
  if ('manifest' in job && job.kind !== 'resend') removeFile(pendingManifestPath(job.manifest))
}
