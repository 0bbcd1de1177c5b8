import { toBase64 } from '../../src/core/base64.ts'
import { concatAll, equalBytes, utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import type { Digester } from '../../src/core/digester.ts'
import { leafHash } from '../../src/core/entry.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { encodeFileProof, parseFileProof } from '../../src/core/file-proof.ts'
import type { DigestAlgorithm } from '../../src/core/hash.ts'
import { parseKeyTransition } from '../../src/core/key-transition.ts'
import { parsePolicy } from '../../src/core/policy.ts'
import { checkAnchors } from '../../src/verify/check-anchors.ts'
import {
  algorithmsOf,
  checkFile,
  checkFileProof,
  checkManifest,
  type FileVerdict,
} from '../../src/verify/check-file.ts'
import { checkMisbehaviour } from '../../src/verify/check-misbehaviour.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { type Finding, findingOf } from '../../src/verify/report.ts'
import { rotatedPolicy } from '../../src/verify/rotated-policy.ts'
import { walk } from '../../src/verify/walk.ts'
import type { LogSource } from '../../src/log/log.ts'
import type { Facts } from './check-formats.ts'
import { fromBase64, type Input } from './input.ts'

/** Formats of which several faults may be found: `faults` and `unjudged` are lists, in any order, each element once. */
export type Report = Facts & { readonly faults: readonly unknown[]; readonly unjudged: readonly unknown[] }
export type ReportCheck = (input: Input, digester: Digester) => Report | Promise<Report>

function codesOf(findings: readonly Finding[]): string[] {
  return [...new Set(findings.map(({ code }) => code))]
}

function factsOfReceipt(checked: ReturnType<typeof checkReceipt>): Facts {
  if (checked.receipt === undefined) return {}
  const { receipt, statement, disclosures, withheld, witnesses } = checked
  return {
    index: receipt.entry.index,
    iss: statement?.common.iss,
    kid: statement?.header.kid,
    kind: statement?.common.kind,
    disclosures: disclosures.map(({ claim }) => claim),
    withheld,
    witnesses,
  }
}

function receipt(input: Input): Report {
  let checked: ReturnType<typeof checkReceipt>
  try {
    const rotations = input.has('rotations') ? input.value<string[]>('rotations').map((text) => utf8(text)) : []
    const policy = rotatedPolicy(parsePolicy(input.bytes('policy')), rotations)
    const transition = input.has('transition') ? parseKeyTransition(input.bytes('transition')) : undefined
    checked = checkReceipt(input.bytes('receipt'), policy, transition)
  } catch (error) {
    if (error instanceof EvidenceError) return { faults: [error.code], unjudged: [] }
    throw error
  }
  return { ...factsOfReceipt(checked), faults: codesOf(checked.faults), unjudged: codesOf(checked.unjudged) }
}

function file(input: Input, { digestBytes }: Digester): Report {
  const checked = checkReceipt(input.bytes('receipt'), parsePolicy(input.bytes('policy')))
  const body = checked.receipt === undefined ? undefined : checked.body
  if (body === undefined) return { faults: codesOf(checked.faults), unjudged: codesOf(checked.unjudged) }
  const bytes = input.bytes('file')
  const verdict = checkFile(body, digestBytes(bytes, algorithmsOf(body) as DigestAlgorithm[]))
  const isItems = verdict.item !== undefined && verdict.faults.length === 0
  const manifest = isItems ? checkManifest(body, verdict.item, bytes) : []
  return {
    item: verdict.item,
    faults: codesOf([...checked.faults, ...verdict.faults, ...manifest]),
    unjudged: codesOf([...checked.unjudged, ...verdict.unjudged]),
  }
}

function fileProof(input: Input, { digestBytes }: Digester): Report {
  let proof: ReturnType<typeof parseFileProof>
  try {
    proof = parseFileProof(input.bytes('fileProof'))
  } catch (error) {
    if (error instanceof EvidenceError) return { faults: [error.code], unjudged: [] }
    throw error
  }
  if (!equalBytes(encodeFileProof(proof), input.bytes('fileProof'))) throw new Error('written again otherwise')
  const checked = checkReceipt(proof.receipt, parsePolicy(input.bytes('policy')))
  const body = checked.receipt === undefined ? undefined : checked.body
  const measured = input.has('fileBase64') ? digestBytes(input.bytes('file'), ['sha256']) : undefined
  let verdict: FileVerdict = { item: undefined, faults: [], unjudged: [] }
  try {
    if (body !== undefined) verdict = checkFileProof(proof, body, measured)
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error
    verdict = { item: undefined, faults: [findingOf(error)], unjudged: [] }
  }
  return {
    item: verdict.item,
    lineIndex: proof.lineIndex,
    pathBase64: toBase64(proof.file.path),
    faults: codesOf([...checked.faults, ...verdict.faults]),
    unjudged: codesOf([...checked.unjudged, ...verdict.unjudged]),
  }
}

function anchor(input: Input): Report {
  const policy = parsePolicy(input.bytes('policy'))
  const { steps, faults, unjudged } = checkAnchors(input.bytes('receipt'), input.list('anchors'), policy)
  return {
    steps: steps.map(({ upper: { origin, index } }) => ({ origin, index })),
    faults: codesOf(faults),
    unjudged: codesOf(unjudged),
  }
}

function misbehaviour(input: Input): Report {
  const { kind, code, faults } = checkMisbehaviour(input.bytes('proof'), parsePolicy(input.bytes('policy')))
  return { kind, broken: code, faults: codesOf(faults), unjudged: [] }
}

/** A ledger out of a vector: entries as stored, leaves as sealed. */
function sourceOf(input: Input): LogSource {
  const entries = input
    .value<(string | null)[]>('entriesBase64')
    .map((text) => (text === null ? undefined : fromBase64(text)))
  const leaves = input.has('leafHashesBase64')
    ? input.list('leafHashes')
    : entries.map((bytes) => leafHash(bytes as Uint8Array))
  const disclosures = input.has('disclosures') ? input.value<Record<string, string[]>>('disclosures') : undefined
  return {
    name: 'vector',
    checkpoint: () => Promise.resolve(input.bytes('checkpoint')),
    tile: (level, n, width) => {
      const hashes = level === 0 ? leaves.slice(n * 256, n * 256 + width) : []
      return Promise.resolve(hashes.length < width ? undefined : concatAll(hashes))
    },
    entries: (n, width) => Promise.resolve(Array.from({ length: width }, (_, i) => entries[n * 256 + i])),
    ...(disclosures === undefined
      ? {}
      : { disclosuresIn: (begin, end) => Promise.resolve(within(disclosures, begin, end)) }),
  }
}

function within(disclosures: Readonly<Record<string, string[]>>, begin: number, end: number): Map<number, string[]> {
  const kept = Object.entries(disclosures).map(([index, texts]) => [Number(index), texts] as const)
  return new Map(kept.filter(([index]) => index >= begin && index < end))
}

async function wholeLedger(input: Input): Promise<Report> {
  const kept = input.has('earlier') ? input.value<string[]>('earlier') : []
  const report = await walk({
    source: sourceOf(input),
    policy: parsePolicy(input.bytes('policy')),
    earlier: kept.map((note) => parseSignedCheckpoint(utf8(note))),
  })
  const indices = (list: readonly { readonly index?: number }[]): (number | null)[] => [
    ...new Set(list.map(({ index }) => index ?? null)),
  ]
  const pairs = report.faults.map(({ index, code }) => JSON.stringify([index ?? null, code]))
  return {
    faults: [...new Set(pairs)].map((pair) => JSON.parse(pair) as unknown),
    unjudged: indices(report.unjudged),
    flagged: indices(report.flagged),
    trusted: report.checkpointTrusted,
    size: report.size,
    participants: report.participants,
    disclosures: report.disclosures,
    ordered: report.ordered.map(({ index, by }) => [index, by]),
  }
}

export const reportChecks: Record<string, ReportCheck> = {
  receipt,
  file,
  'file-proof': fileProof,
  anchor,
  misbehaviour,
  walk: wholeLedger,
}
