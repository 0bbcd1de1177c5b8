import { type BigIntStats, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from '../../src/check/steps/report.ts'
import { noTime } from '../../src/check/steps/time.ts'
import { artefactOf } from '../../src/check/steps/handed.ts'
import type { CheckRequest } from '../../src/check/node/check.ts'
import { isFileAt } from '../../src/check/node/artefact.ts'
import { timeProofPath, transitionPath } from '../../src/core/artefact-names.ts'
import { isEvidenceError } from '../../src/core/errors.ts'
import { changed, digestFile, isSameState } from '../../src/node/file-digest.ts'
import { fsPath } from '../../src/node/file-path.ts'
import type { InputFile, Role } from '../../src/report/model.ts'

/** What names evidence on the command line. */
export type Named = { readonly [Name in EvidenceName]?: CheckRequest[Name] | undefined }
type EvidenceName =
  | 'receipt'
  | 'manifest'
  | 'folder'
  | 'timeProof'
  | 'timestampAnchors'
  | 'transition'
  | 'rotation'
  | 'anchor'

/** A file by what it was to the check. */
export type Used = readonly [role: Role, path: string]

/** The files that a check used, in the order in which a report lists them: what was named, and what was found beside the file. */
export function usedFiles(path: string, report: Report | undefined, named: Named, policy: string | undefined): Used[] {
  return [
    ['checked', path],
    ...evidenceUsed(path, report, named),
    ...(named.rotation ?? []).map((one): Used => ['rotation', one]),
    ...(named.anchor ?? []).map((one): Used => ['anchor', one]),
    ...(named.timestampAnchors === undefined ? [] : [['trust-anchors', named.timestampAnchors] as const]),
    ...(policy === undefined ? [] : [['policy', policy] as const]),
  ]
}

function evidenceUsed(path: string, report: Report | undefined, named: Named): Used[] {
  if (report?.what === 'misbehaviour') return []
  if (report?.what === 'package')
    return ['manifest-sha256.txt', 'tagmanifest-sha256.txt']
      .map((name): Used => ['package-list', join(path, name)])
      .filter(([, list]) => isFileAt(list))
  if (report === undefined) {
    const given = [
      ['receipt', named.receipt],
      ['manifest', named.manifest],
      ['time-proof', named.timeProof],
      ['transition', named.transition],
    ] as const
    return given.flatMap(([role, one]): Used[] => (one === undefined ? [] : [[role, one]]))
  }
  const { evidence, byTransition } = report.result
  const artefact = artefactOf(evidence)
  return [
    [evidence.kind === 'file-proof' ? 'file-proof' : 'receipt', artefact],
    ...(evidence.kind === 'manifest' ? [['manifest', evidence.manifest] as const] : []),
    ...(report.time === noTime ? [] : [['time-proof', named.timeProof ?? timeProofPath(artefact)] as const]),
    ...(byTransition ? [['transition', named.transition ?? transitionPath(artefact)] as const] : []),
  ]
}

/** Size and SHA-256 of each file; of a folder, and of what is not here or cannot be read, neither. Throws `file-changed`. */
export async function measure(used: readonly Used[]): Promise<InputFile[]> {
  const inputs: InputFile[] = []
  for (const [role, name] of used) inputs.push({ role, name, ...(await measureOne(name)) })
  return inputs
}

async function measureOne(path: string): Promise<Pick<InputFile, 'measured' | 'isFolder'>> {
  const stat = statSync(fsPath(path), { throwIfNoEntry: false })
  // A pipe can be read once, and was.
  if (stat?.isFile() !== true) return { measured: undefined, isFolder: stat?.isDirectory() === true }
  try {
    const { size, digest } = await digestFile(path, ['sha256'])
    return { measured: { size, sha256: digest.sha256 as string }, isFolder: false }
  } catch (error) {
    if (isEvidenceError(error, 'file-unreadable')) return { measured: undefined, isFolder: false }
    throw error
  }
}

/** Notes a file as it is now; what is given back throws `file-changed` once it is another. A folder is compared file by file, and is not noted. */
export function watchFile(path: string): () => void {
  const before = stateOf(path)
  return () => {
    const after = stateOf(path)
    const isAsBefore = before === undefined || after === undefined ? before === after : isSameState(before, after)
    if (!isAsBefore) throw changed(path)
  }
}

function stateOf(path: string): BigIntStats | undefined {
  const stat = statSync(fsPath(path), { throwIfNoEntry: false, bigint: true })
  return stat?.isFile() === true ? stat : undefined
}
