import { attempt } from '../core/attempt.ts'
import { fromHex } from '../core/base64.ts'
import { equalBytes } from '../core/bytes.ts'
import { leafHash } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import type { FileProof } from '../core/file-proof.ts'
import type { DigestAlgorithm } from '../core/hash.ts'
import { manifestTree, requireManifest } from '../core/manifest.ts'
import { verifyInclusion } from '../core/merkle/verify.ts'
import type { StatementBody } from '../statements/kinds.ts'
import type { Item } from '../statements/members.ts'
import { isDeposit, itemsOf } from '../statements/said.ts'
import { type Finding, findingOf } from './report.ts'

/** A file as the caller measured it. */
export interface MeasuredFile {
  readonly size: number
  /** Lower-case hex by algorithm: all that {@link algorithmsOf} asks and this build computes. */
  readonly digest: Readonly<Partial<Record<DigestAlgorithm, string>>>
}

/** The algorithms that a deposit's items name: what must be computed of a file that is compared with them. */
export function algorithmsOf(body: StatementBody): DigestAlgorithm[] {
  return [...new Set(itemsOf(body).flatMap(({ digest }) => Object.keys(digest) as DigestAlgorithm[]))]
}

/** Where a file stands in a deposit, and what speaks against it. */
export interface FileVerdict {
  /** Number of the item that the file was compared with, from 0; undefined where it matches none. */
  readonly item: number | undefined
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
}

/** What is said of a file that is not the one deposited, and no more. */
export const fileDiffers =
  'This file is not byte-identical to the one deposited; this does not say which is genuine, who changed it, or whether the content differs.'

function differs(where: string, expected: string, found: string): Finding {
  return { code: 'file-differs', message: fileDiffers, where, expected, found }
}

function depositedBy(body: StatementBody): readonly Item[] {
  if (isDeposit(body)) return itemsOf(body)
  throw new EvidenceError('reference-kind', `the receipt is for ${body.kind}, which deposits no file`)
}

/** Compares one file with one item: every listed digest, and the size. */
function compare(item: Item, file: MeasuredFile): { readonly faults: Finding[]; readonly unjudged: Finding[] } {
  const faults: Finding[] = []
  const unjudged: Finding[] = []
  if (item.size !== file.size) faults.push(differs('size', String(item.size), String(file.size)))
  for (const [algorithm, expected] of Object.entries(item.digest)) {
    const found = file.digest[algorithm as DigestAlgorithm]
    if (found === undefined) {
      const message = `This build does not compute ${algorithm}: that digest is not judged.`
      unjudged.push({ code: 'digest-not-computable', message, where: algorithm })
    } else if (found !== expected) faults.push(differs(algorithm, expected, found))
  }
  return { faults, unjudged }
}

/**
 * Holds a file against a deposit. `item` names the one that it should be; without, any item that it equals will do. Every
 * digest that the item lists is mandatory.
 */
export function checkFile(body: StatementBody, file: MeasuredFile, item?: number): FileVerdict {
  const items = depositedBy(body)
  const candidates = item === undefined ? items.map((_, i) => i) : [item]
  const verdicts = candidates.map((i) => ({ item: i, ...compare(items[i] as Item, file) }))
  const matching = verdicts.filter(({ faults }) => faults.length === 0)
  const match = matching.find(({ unjudged }) => unjudged.length === 0) ?? matching[0]
  if (match !== undefined) return match
  const [only] = verdicts
  if (verdicts.length === 1 && only !== undefined) return only
  const message = `${fileDiffers} It was compared with all ${items.length} items of the deposit.`
  return {
    item: undefined,
    faults: [{ code: 'file-not-in-deposit', message, found: file.digest.sha256 ?? '' }],
    unjudged: [],
  }
}

/** Holds a manifest, whose digests have been compared, against the `tree` of its item. */
export function checkManifest(body: StatementBody, item: number, manifest: Uint8Array): Finding[] {
  const { tree } = depositedBy(body)[item] as Item
  if (tree === undefined) return []
  const lines = attempt(() => requireManifest(manifest))
  if (lines instanceof EvidenceError) return [findingOf(lines)]
  const { root, size } = manifestTree(manifest)
  if (size === tree.size && equalBytes(root, fromHex(tree.root))) return []
  const message = 'The lines of the manifest do not make the tree that was deposited with it.'
  return [{ code: 'manifest-malformed', message }]
}

/** Checks a file proof's path from its line to the tree of the manifest's item, and the file against the line. */
export function checkFileProof(proof: FileProof, body: StatementBody, file: MeasuredFile | undefined): FileVerdict {
  const faults: Finding[] = []
  const item = depositedBy(body)[proof.item]
  const tree = item?.tree
  if (tree === undefined) {
    const message = `The deposit has no manifest as its item ${proof.item}.`
    return { item: undefined, faults: [{ code: 'file-not-in-deposit', message }], unjudged: [] }
  }
  const path = {
    index: proof.lineIndex,
    size: tree.size,
    leafHash: leafHash(proof.line),
    proof: proof.hashes,
    root: fromHex(tree.root),
  }
  if (!verifyInclusion(path)) {
    const message = 'The path does not lead from the line to the manifest that was deposited.'
    faults.push({ code: 'inclusion-invalid', message })
  }
  if (file !== undefined && file.digest.sha256 !== proof.file.sha256)
    faults.push(differs('sha256', proof.file.sha256, file.digest.sha256 ?? ''))
  return { item: proof.item, faults, unjudged: [] }
}
