import {
  applyPolicy,
  formatTime,
  type Disclosure,
  EvidenceError,
  isEvidenceError,
  isKnownAlgorithm,
  leafHash,
  type ParsedEntry,
  type Policy,
  parseReceipt,
  publicKeyOf,
  type Receipt,
  thumbprint,
  tryTime,
  verifyEd25519,
  verifyInclusion,
} from '../core/index.ts'
import {
  readBody,
  readEnvelope,
  readStatement,
  sealedDigestsOf,
  type Statement,
  type StatementBody,
} from '../evidence/index.ts'
import { type Finding, findingOf } from './report.ts'

/** A receipt that was read; what is wrong with it stands in `faults`. */
export interface CheckedReceipt {
  readonly receipt: Receipt
  readonly statement: Statement | undefined
  readonly body: StatementBody | undefined
  /** The disclosures whose digest the statement seals. */
  readonly disclosures: readonly Disclosure[]
  /** Sealed claims that this receipt does not show. */
  readonly withheld: number
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
  readonly witnesses: readonly { readonly name: string; readonly timestamp: number | undefined }[]
}

/** What a receipt alone can never show. */
export const receiptLimits: readonly string[] = [
  'That the signer’s key was admitted to the ledger, and not revoked, when it signed: ask "evidence verify" or the ledger.',
  'Who stands behind the key: the ledger’s administrators admitted it under the name that they vouch for.',
  'That what was deposited is true, or was untouched before it was deposited.',
]

/**
 * Checks a receipt against a policy, offline (docs/spec/06-receipt.md): checkpoint, inclusion, statement signature, `aud`,
 * index, and each disclosure's digest. Never throws for what the receipt holds: a receipt that cannot be read at all gives
 * one fault and no receipt.
 */
export function checkReceipt(
  bytes: Uint8Array,
  policy: Policy,
): CheckedReceipt | { readonly receipt: undefined; readonly faults: Finding[]; readonly unjudged: Finding[] } {
  const faults: Finding[] = []
  const unjudged: Finding[] = []
  const guard = <T>(step: () => T): T | undefined => {
    try {
      return step()
    } catch (error) {
      if (!isEvidenceError(error)) throw error
      ;(error.kind.exit === 4 ? unjudged : faults).push(findingOf(error))
      return undefined
    }
  }
  const receipt = guard(() => parseReceipt(bytes))
  if (receipt === undefined) return { receipt, faults, unjudged }
  const { proof, entry, entryBytes } = receipt
  const { origin, size, root } = proof.checkpoint
  const trusted = guard(() => requireKnownLedger(policy, origin) ?? applyPolicy(policy, proof.note, origin))
  guard(() => {
    if (entry.index !== proof.index) {
      throw new EvidenceError('receipt-index', 'the receipt’s index is not the index of its entry', {
        expected: String(entry.index),
        found: String(proof.index),
      })
    }
    if (!verifyInclusion({ index: entry.index, size, leafHash: leafHash(entryBytes), proof: proof.hashes, root })) {
      throw new EvidenceError(
        'inclusion-invalid',
        'the proof does not lead from the entry to the root that the checkpoint signs',
      )
    }
  })
  guard(() => requireLaterCosignatures(trusted?.witnesses ?? [], entry))
  const statement = guard(() => knownStatement(entry))
  if (statement !== undefined) guard(() => requireSignature(statement, receipt, unjudged))
  if (statement !== undefined) guard(() => requireAudience(statement, origin))
  const body = statement === undefined ? undefined : guard(() => knownBody(statement))
  const shown =
    body === undefined ? { disclosures: [], withheld: 0 } : guard(() => requireSealed(body, receipt.disclosures))
  return {
    receipt,
    statement,
    body,
    disclosures: shown?.disclosures ?? [],
    withheld: shown?.withheld ?? 0,
    faults,
    unjudged,
    witnesses: trusted?.witnesses ?? [],
  }
}

/** How far the clocks of a ledger and of a witness may be apart, in milliseconds (docs/spec/13-time-stamps.md). */
const clockSkewMs = 60_000

/** A witness saw the checkpoint after the entry was made: a cosignature that is older says that one of two clocks was wrong. */
function requireLaterCosignatures(witnesses: CheckedReceipt['witnesses'], entry: ParsedEntry): void {
  const entryMs = entry.known ? tryTime(entry.time) : undefined
  if (entryMs === undefined) return
  const early = witnesses.find(({ timestamp }) => timestamp !== undefined && timestamp * 1000 + clockSkewMs < entryMs)
  if (early === undefined) return
  throw new EvidenceError('cosignature-before-entry', `the witness ${early.name} cosigned before the entry was made`, {
    where: early.name,
    expected: `not before ${formatTime(entryMs)}`,
    found: String(early.timestamp),
  })
}

function requireKnownLedger(policy: Policy, origin: string): undefined {
  if (policy.logs.some(({ key }) => key.name === origin)) return undefined
  throw new EvidenceError('receipt-other-ledger', 'the receipt is from another ledger than the policy names', {
    expected: policy.logs.map(({ key }) => key.name).join(', '),
    found: origin,
  })
}

function requireSignature({ header, jws }: Statement, { signer }: Receipt, unjudged: Finding[]): void {
  if (thumbprint(signer) !== header.kid) {
    throw new EvidenceError('key-not-issuers', 'the key in the receipt is not the key that the statement names', {
      expected: header.kid,
      found: thumbprint(signer),
    })
  }
  if (!isKnownAlgorithm(header.alg)) {
    unjudged.push({
      code: 'not-judged',
      message: `The statement is signed with alg ${header.alg.slice(0, 40)}: not judged, needs a newer verifier.`,
    })
  } else if (!verifyEd25519(publicKeyOf(signer), jws.signingInput, jws.signature)) {
    throw new EvidenceError('signature-invalid', 'the statement’s signature does not verify')
  }
}

function requireAudience({ common }: Statement, origin: string): void {
  if (common.aud !== origin) {
    throw new EvidenceError('audience-wrong', 'the statement was made for another ledger', {
      expected: origin,
      found: common.aud,
    })
  }
}

function knownStatement(entry: ParsedEntry): Statement {
  if (entry.known) return readStatement(readEnvelope(entry.statement))
  throw new EvidenceError(
    'not-judged',
    `the entry has the version ${entry.version}: what it says needs a newer verifier`,
  )
}

function knownBody(statement: Statement): StatementBody {
  const body = readBody(statement)
  if (body === undefined) {
    const kind = JSON.stringify(statement.common.kind.slice(0, 80))
    throw new EvidenceError('not-judged', `the kind ${kind} is not judged: it needs a newer verifier`)
  }
  return body
}

function requireSealed(
  body: StatementBody,
  disclosures: readonly Disclosure[],
): { disclosures: readonly Disclosure[]; withheld: number } {
  const digests = sealedDigestsOf(body)
  const seen = new Set<string>()
  for (const { digest, claim } of disclosures) {
    if (!digests.includes(digest)) {
      throw new EvidenceError(
        'disclosure-foreign',
        `the disclosed claim "${claim.slice(0, 40)}" was not sealed with the statement`,
      )
    }
    if (seen.has(digest))
      throw new EvidenceError('disclosure-repeated', `the claim "${claim.slice(0, 40)}" is disclosed twice`)
    seen.add(digest)
  }
  return { disclosures, withheld: digests.length - seen.size }
}
