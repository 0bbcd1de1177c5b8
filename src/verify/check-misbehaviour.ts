import { toBase64 } from '../core/base64.ts'
import { equalBytes } from '../core/bytes.ts'
import type { SignedCheckpoint } from '../core/checkpoint.ts'
import { verifyEd25519 } from '../core/ed25519.ts'
import { leafHash, parseEntry } from '../core/entry.ts'
import { type ErrorCode, EvidenceError, isEvidenceError } from '../core/errors.ts'
import { publicKeyOf, thumbprint } from '../core/jwk.ts'
import { verifyInclusion } from '../core/merkle/verify.ts'
import {
  type Misbehaviour,
  type ParsedMisbehaviour,
  parseMisbehaviour,
  type SequencedEntry,
} from '../core/misbehaviour.ts'
import { verifyNote } from '../core/note.ts'
import { defined } from '../core/objects.ts'
import type { Policy } from '../core/policy.ts'
import { readBody } from '../statements/body.ts'
import { chainFaults } from '../statements/chain.ts'
import { type OpenedEntry, openEntry } from '../statements/open.ts'
import type { Statement } from '../statements/statement.ts'
import { judgeAlone } from './judge-alone.ts'
import { rootsFromParts } from './prefix-parts.ts'
import { type Finding, findingOf } from './report.ts'

/** What a proof of misbehaviour shows, if anything. */
export interface CheckedMisbehaviour {
  /** Why it proves nothing; empty where it does. */
  readonly faults: readonly Finding[]
  readonly kind: Misbehaviour['kind'] | undefined
  readonly origin: string | undefined
  /** What it proves, a sentence each. */
  readonly says: readonly string[]
  /** Code of the rule that a sequenced entry breaks. */
  readonly code?: ErrorCode
}

/** What no such proof can show. */
export const misbehaviourLimits: readonly string[] = [
  'Who did it, or why: an operator, a thief of the key, a disk that was put back.',
  'Which of two histories is the right one.',
]

/** Checks a proof of misbehaviour against a policy, offline. Never throws for what the file holds. */
export function checkMisbehaviour(bytes: Uint8Array, policy: Policy): CheckedMisbehaviour {
  let kind: Misbehaviour['kind'] | undefined
  let origin: string | undefined
  try {
    const parsed = parseMisbehaviour(bytes)
    kind = parsed.proof.kind
    origin = (parsed.checkpoints[0] as SignedCheckpoint).checkpoint.origin
    requireOneKey(parsed, policy, origin)
    const { says, code } = judgeProof(parsed)
    return { faults: [], kind, origin, says, ...defined({ code }) }
  } catch (error) {
    if (!isEvidenceError(error)) throw error
    return { faults: [findingOf(error)], kind, origin, says: [] }
  }
}

function unproven(why: string): EvidenceError {
  return new EvidenceError('misbehaviour-unproven', `the file does not prove misbehaviour: ${why}`)
}

/** One key of the policy's signed all of them. */
function requireOneKey({ checkpoints }: ParsedMisbehaviour, policy: Policy, origin: string): void {
  if (checkpoints.some(({ checkpoint }) => checkpoint.origin !== origin))
    throw unproven('its checkpoints are of different ledgers')
  const keys = policy.logs.map(({ key }) => key).filter(({ name }) => name === origin)
  const signedAll = keys.some((key) => checkpoints.every(({ note }) => verifyNote(note, [key]).length === 1))
  if (!signedAll) throw unproven('no one key that the policy names for the ledger signed all of it')
}

function judgeProof({ proof, checkpoints }: ParsedMisbehaviour): { says: string[]; code?: ErrorCode } {
  const [first, second] = checkpoints.map(({ checkpoint }) => checkpoint)
  if (first === undefined) throw unproven('it holds no checkpoint')
  const { origin } = first
  if (proof.kind === 'entry') return judgeEntries(proof.entries, first)
  if (second === undefined) throw unproven('it holds one checkpoint alone')
  if (proof.kind === 'split-view') {
    if (first.size !== second.size) throw unproven('its checkpoints are of different sizes')
    if (equalBytes(first.root, second.root)) throw unproven('its checkpoints have the same root')
    return {
      says: [
        `The key of ${origin} signed two different trees of ${first.size} entries: ${toBase64(first.root)} and ${toBase64(second.root)}.`,
        'A reader who was given the one has another history than a reader who was given the other.',
      ],
    }
  }
  if (first.size < 1 || first.size >= second.size) throw unproven('its checkpoints are not of ascending sizes')
  const roots = rootsFromParts(first.size, second.size, proof.hashes)
  if (roots === undefined) throw unproven('it has not as many hashes as the tree has parts')
  if (!equalBytes(roots.root2, second.root)) throw unproven('its hashes do not make the root of the larger checkpoint')
  if (equalBytes(roots.root1, first.root)) throw unproven('the smaller checkpoint is a prefix of the larger')
  return {
    says: [
      `The key of ${origin} signed a tree of ${first.size} entries, and one of ${second.size} that does not go on from it.`,
      `The first ${first.size} entries of the larger have the root ${toBase64(roots.root1)}; the smaller signs ${toBase64(first.root)}.`,
      'Entries were taken away, changed or put in after they had been signed for, or two histories were kept.',
    ],
  }
}

function judgeEntries(
  entries: readonly SequencedEntry[],
  { origin, size, root }: SignedCheckpoint['checkpoint'],
): { says: string[]; code: ErrorCode } {
  for (const { index, bytes, proof } of entries) {
    if (!verifyInclusion({ index, size, leafHash: leafHash(bytes), proof, root }))
      throw unproven(`the checkpoint does not hold its entry ${index}`)
  }
  for (const entry of entries) {
    const broken = ruleBrokenAlone(entry, origin)
    if (broken !== undefined) return saying(origin, size, entry.index, broken)
  }
  const [lower, upper] = entries
  if (lower !== undefined && upper !== undefined && lower.index < upper.index) {
    const broken = ruleBrokenByTwo(lower, upper, origin)
    if (broken !== undefined) return saying(origin, size, upper.index, broken)
  }
  throw unproven('its entries break no rule that they alone can show')
}

function saying(
  origin: string,
  size: number,
  index: number,
  broken: EvidenceError,
): { says: string[]; code: ErrorCode } {
  const says = `The key of ${origin} signed a tree of ${size} entries with an entry ${index} that the rulebook forbids (${broken.code}): ${broken.message}.`
  return { says: [says], code: broken.code }
}

/** Rules of page 04 that one or two entries can show to be broken, whatever the others say (docs/spec/17-misbehaviour.md). */
const provableCodes: readonly ErrorCode[] = [
  'audience-wrong',
  'issued-in-future',
  'genesis-misplaced',
  'genesis-missing',
  'reference-not-found',
  'reference-hash',
  'reference-kind',
  'reference-item',
  'retract-not-own',
  'event-times',
  'event-in-future',
  'jti-reused',
]

/** The rule that an entry breaks whatever stands before it; undefined where that takes more than the entry. */
function ruleBrokenAlone(sequenced: SequencedEntry, origin: string): EvidenceError | undefined {
  try {
    const found = readSequenced(sequenced)
    if (found === undefined) return undefined
    const fault = rulebookFault(found, origin, undefined)
    if (fault !== undefined) return fault
    // Throws where its members are not as page 02 asks.
    readBody(found.statement)
    return signatureFault(found.statement, sequenced.signer)
  } catch (error) {
    if (isEvidenceError(error)) return error
    throw error
  }
}

/** Takes an entry apart; undefined for one of a later version. Throws `index-wrong`, and the codes of entry and statement. */
function readSequenced({ index, bytes }: SequencedEntry): OpenedEntry | undefined {
  const entry = parseEntry(bytes)
  if (entry.index !== index) throw new EvidenceError('index-wrong', `it says that it is entry ${entry.index}`)
  return entry.known ? openEntry(bytes) : undefined
}

/** The first provable rule that the rulebook finds broken, with nothing known of the ledger but perhaps one earlier entry. */
function rulebookFault(
  { entry, statement }: OpenedEntry,
  origin: string,
  lower: OpenedEntry | undefined,
): EvidenceError | undefined {
  const under = { index: entry.index, time: entry.time, timeMs: entry.timeMs, statement }
  const { violations } = judgeAlone(under, origin, lower)
  return violations.find(({ code }) => provableCodes.includes(code))
}

function signatureFault(
  { header, jws, knownAlgorithm }: Statement,
  signer: SequencedEntry['signer'],
): EvidenceError | undefined {
  if (signer === undefined || thumbprint(signer) !== header.kid || !knownAlgorithm) return undefined
  if (verifyEd25519(publicKeyOf(signer), jws.signingInput, jws.signature)) return undefined
  return new EvidenceError('signature-invalid', 'its signature does not verify under the key that it names')
}

function ruleBrokenByTwo(lower: SequencedEntry, upper: SequencedEntry, origin: string): EvidenceError | undefined {
  const [before, after] = [parseEntry(lower.bytes), parseEntry(upper.bytes)]
  const link = lower.index + 1 === upper.index ? leafHash(lower.bytes) : undefined
  const [broken] = chainFaults({ index: upper.index, link, timeMs: before.timeMs }, after)
  if (broken !== undefined) return broken
  const [first, second] = [readSequenced(lower), readSequenced(upper)]
  return first === undefined || second === undefined ? undefined : rulebookFault(second, origin, first)
}
