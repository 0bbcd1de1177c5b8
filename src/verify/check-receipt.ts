import { keepingRefusals } from '../core/attempt.ts'
import { toBase64 } from '../core/base64.ts'
import type { Disclosure } from '../core/disclosure.ts'
import { verifyEd25519 } from '../core/ed25519.ts'
import { leafHash, type ParsedEntry } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import { publicKeyOf, thumbprint } from '../core/jwk.ts'
import { isKnownAlgorithm } from '../core/jws.ts'
import type { KeyTransition } from '../core/key-transition.ts'
import { verifyInclusion } from '../core/merkle/verify.ts'
import type { Policy } from '../core/policy.ts'
import { parseReceipt, type Receipt } from '../core/receipt.ts'
import { readBody } from '../statements/body.ts'
import { misfitOf } from '../statements/disclosures.ts'
import type { StatementBody } from '../statements/kinds.ts'
import { type EventSubject, subjectIn } from '../statements/later-events.ts'
import { openStatement } from '../statements/open.ts'
import { sealedDigestsOf } from '../statements/said.ts'
import type { Statement } from '../statements/statement.ts'
import { judgeLedger } from './receipt-ledger.ts'
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
  /** Whether the statement's signature was verified, by the key that it names: else it names a signer, and nobody is shown to have signed. */
  readonly isSigned: boolean
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
  readonly witnesses: readonly { readonly name: string; readonly timestamp: number | undefined }[]
}

/** The origin of the ledger that a receipt is from. */
export function ledgerOf({ receipt }: CheckedReceipt): string {
  return receipt.proof.checkpoint.origin
}

/** By what later entries name the entry of a receipt: index and leaf hash, signer and key. */
export function subjectOf({ receipt, statement }: CheckedReceipt): EventSubject {
  const { index } = receipt.entry
  const hash = toBase64(leafHash(receipt.entryBytes))
  return statement === undefined
    ? { index, leafHash: hash, iss: '', kid: '', within: [] }
    : subjectIn(statement, index, hash)
}

/** What a receipt alone can never show. */
export const receiptLimits: readonly string[] = [
  'That the signer’s key was admitted to the ledger, and not revoked, when it signed: ask "evidence verify" or the ledger.',
  'Who stands behind the key: the ledger’s administrators admitted it under the name that they vouch for.',
  'That what was deposited is true, or was untouched before it was deposited.',
]

/**
 * Checks a receipt against a policy, offline (docs/spec/06-receipt.md): checkpoint, inclusion, statement signature, `aud`,
 * index, and each disclosure's digest. With a key transition the checkpoint is shown to be of the tree that the policy's key
 * signs, instead of being judged by the policy itself. Never throws for what the receipt holds: a receipt that cannot be read at all gives
 * one fault and no receipt.
 */
export function checkReceipt(
  bytes: Uint8Array,
  policy: Policy,
  transition?: KeyTransition,
): CheckedReceipt | { readonly receipt: undefined; readonly faults: Finding[]; readonly unjudged: Finding[] } {
  const faults: Finding[] = []
  const unjudged: Finding[] = []
  const guard = keepingRefusals(faults, unjudged, (refusal) => findingOf(refusal))
  const receipt = guard(() => parseReceipt(bytes))
  if (receipt === undefined) return { receipt, faults, unjudged }
  const { proof, entry, entryBytes } = receipt
  const { origin, size, root } = proof.checkpoint
  const witnesses = judgeLedger(policy, receipt, transition, guard)
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
  const statement = guard(() => knownStatement(entry))
  const isSigned = statement !== undefined && guard(() => isSignatureKnown(statement, receipt, unjudged)) === true
  if (statement !== undefined) guard(() => requireAudience(statement, origin))
  const body = statement === undefined ? undefined : guard(() => knownBody(statement))
  const shown =
    body === undefined ? { disclosures: [], withheld: 0 } : guard(() => requireFitting(body, receipt.disclosures))
  return {
    receipt,
    statement,
    body,
    disclosures: shown?.disclosures ?? [],
    withheld: shown?.withheld ?? 0,
    isSigned,
    faults,
    unjudged,
    witnesses,
  }
}

/** True where the signature verifies; false where its algorithm is unknown, and so not judged. Throws where it does not verify. */
function isSignatureKnown({ header, jws }: Statement, { signer }: Receipt, unjudged: Finding[]): boolean {
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
    return false
  }
  if (verifyEd25519(publicKeyOf(signer), jws.signingInput, jws.signature)) return true
  throw new EvidenceError('signature-invalid', 'the statement’s signature does not verify')
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
  if (entry.known) return openStatement(entry.statement)
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

/**
 * The disclosures, and how many sealed claims are withheld. Each must be sealed by the statement, and no digest and no claim may come twice:
 * the holder could choose between two values. Throws `disclosure-foreign`, `disclosure-repeated`.
 */
function requireFitting(
  body: StatementBody,
  disclosures: readonly Disclosure[],
): { disclosures: readonly Disclosure[]; withheld: number } {
  const digests = sealedDigestsOf(body)
  const misfit = misfitOf(digests, disclosures)
  if (misfit === undefined) return { disclosures, withheld: digests.length - disclosures.length }
  const claim = misfit.disclosure.claim.slice(0, 40)
  if (misfit.why === 'repeated')
    throw new EvidenceError('disclosure-repeated', `the claim "${claim}" is disclosed twice`)
  throw new EvidenceError('disclosure-foreign', `the disclosed claim "${claim}" was not sealed with the statement`)
}
