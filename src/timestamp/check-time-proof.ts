import { append } from '../core/arrays.ts'
import { keepingRefusals } from '../core/attempt.ts'
import { equalBytes } from '../core/bytes.ts'
import { parseSignedCheckpoint } from '../core/checkpoint.ts'
import { leafHash } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import { verifyInclusion } from '../core/merkle/verify.ts'
import { applyPolicy, type Policy } from '../core/policy.ts'
import type { Receipt } from '../core/receipt.ts'
import { counted } from '../core/text.ts'
import { parseTime, timeText } from '../core/time.ts'
import type { Certificate } from './certificate.ts'
import { clockSkewMs, judgeRecord, type LayerVerdict } from './judge-record.ts'
import { canVerify } from './signature.ts'
import { parseTimeProof, type TimeProof } from './time-proof.ts'
import type { TokenVerdict } from './judge-token.ts'

/** The latest time by which an entry existed, and who says so. */
export interface TimeStatement {
  /** genTime, and the accuracy that the authority states, added. */
  readonly noLaterThanMs: number
  readonly token: TokenVerdict
}

/** A time proof that was checked against the receipt it belongs to. */
export interface CheckedTimeProof {
  /** Size of the stamped checkpoint. */
  readonly size: number | undefined
  readonly layers: readonly LayerVerdict[]
  /** Undefined where there is a fault. */
  readonly statement: TimeStatement | undefined
  readonly faults: readonly EvidenceError[]
  readonly unjudged: readonly EvidenceError[]
  /** What it cannot tell, in plain sentences. */
  readonly limits: readonly string[]
}

/**
 * Checks a time proof of a receipt's entry, offline (docs/spec/13-time-stamps.md, "Time proof"). Without `anchors` the authority is
 * not verified, and the limits say so. `policy` is undefined for a receipt that was checked with a key transition: the log's key
 * that signed the stamped checkpoint may be retired, and no signature of it counts. Never throws for what the proof holds.
 */
export async function checkTimeProof(
  bytes: Uint8Array,
  receipt: Receipt,
  policy: Policy | undefined,
  anchors: readonly Certificate[] | undefined,
  nowMs: number,
): Promise<CheckedTimeProof> {
  const faults: EvidenceError[] = []
  const unjudged: EvidenceError[] = []
  const guard = keepingRefusals(faults, unjudged, (refusal) => refusal)
  const proof = guard(() => parseTimeProof(bytes))
  if (!canVerify()) unjudged.push(noCrypto())
  if (proof === undefined || unjudged.length > 0)
    return { size: undefined, layers: [], statement: undefined, faults, unjudged, limits: [] }
  const size = guard(() => requireCommitted(proof, receipt, policy))
  const judged = await judgeRecord(proof.record, anchors, nowMs)
  append(faults, judged.faults)
  const first = judged.layers[0]
  guard(() => requireAfterEntry(first?.tokens ?? [], receipt))
  const sound = faults.length === 0 && unjudged.length === 0
  const statement = sound && first !== undefined ? earliest(first.standing) : undefined
  const limits = statement === undefined ? [] : limitsOf(statement, judged.layers, anchors !== undefined)
  return { size, layers: judged.layers, statement, faults, unjudged, limits }
}

function noCrypto(): EvidenceError {
  const message =
    'a time stamp is not judged here: this browser verifies signatures (WebCrypto) on a page that came over https, or from a file, alone'
  return new EvidenceError('not-judged', message)
}

/** The stamped checkpoint is this ledger's, and commits to the receipt's entry. Gives its size. */
function requireCommitted({ record, index, hashes }: TimeProof, receipt: Receipt, policy: Policy | undefined): number {
  const { checkpoint, note } = parseSignedCheckpoint(record.checkpoint)
  const own = receipt.proof.checkpoint
  if (checkpoint.origin !== own.origin || index !== receipt.entry.index) {
    throw new EvidenceError('time-proof-foreign', 'the time proof is of another entry than the receipt', {
      expected: `entry ${receipt.entry.index} of ${own.origin}`,
      found: `entry ${index} of ${checkpoint.origin}`,
    })
  }
  // A stamp does not wait for witnesses, so no quorum is asked for: the log's own signature is.
  if (policy !== undefined) applyPolicy({ ...policy, quorum: 'none' }, note, checkpoint.origin)
  const { size, root } = checkpoint
  if (!verifyInclusion({ index, size, leafHash: leafHash(receipt.entryBytes), proof: hashes, root })) {
    throw new EvidenceError(
      'inclusion-invalid',
      'the time proof does not lead from the entry to the checkpoint that was stamped',
    )
  }
  if (size === own.size && !equalBytes(root, own.root)) {
    throw new EvidenceError(
      'consistency-invalid',
      'the stamped checkpoint and the receipt’s have one size and two roots',
    )
  }
  return size
}

/** No token of the first layer is older than the entry, as far as two clocks agree. */
function requireAfterEntry(tokens: readonly TokenVerdict[], { entry }: Receipt): void {
  const entryMs = entry.known ? parseTime(entry.time) : undefined
  const early = tokens.find(({ token }) => entryMs !== undefined && token.genTimeMs + clockSkewMs < entryMs)
  if (early === undefined) return
  throw new EvidenceError('time-stamp-before-entry', 'a token is older than the entry that it is of', {
    expected: entry.known ? `not before ${entry.time}` : '',
    found: timeText(early.token.genTimeMs),
  })
}

const latestOf = ({ token }: TokenVerdict): number => token.genTimeMs + (token.accuracyMs ?? 0)

function earliest(standing: readonly TokenVerdict[]): TimeStatement | undefined {
  const [token] = [...standing].sort((a, b) => latestOf(a) - latestOf(b))
  return token === undefined ? undefined : { noLaterThanMs: latestOf(token), token }
}

function limitsOf({ token }: TimeStatement, layers: readonly LayerVerdict[], isVerified: boolean): string[] {
  const limits = [
    'That the entry existed any earlier than the ledger’s own clock says, or that the authority’s clock was right.',
  ]
  if (!isVerified) {
    limits.push(
      'Who signed the time stamp: no trust anchor was given (--timestamp-anchors), and anybody can make a token that names anybody.',
    )
  } else if (token.goodAsOfMs === undefined) {
    limits.push('Whether a certificate that the time stamp rests on was revoked: no list of its issuer is with it.')
  } else {
    limits.push(
      `Whether a certificate that the time stamp rests on was revoked after ${timeText(token.goodAsOfMs)}, the date of the list that is with it.`,
    )
  }
  if (token.token.accuracyMs === undefined)
    limits.push('How far the authority’s clock may be off: the token does not say.')
  const passedOver = layers.slice(1).filter(({ standing }) => standing.length === 0).length
  if (passedOver > 0)
    limits.push(
      `${counted(passedOver, 'renewal')} of the time stamp did not verify; nothing here relies on ${passedOver === 1 ? 'it' : 'them'}.`,
    )
  return limits
}
