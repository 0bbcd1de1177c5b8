import { EvidenceError, maxEntryBytes, splitPresentation } from '../core/index.ts'
import { type Envelope, readEnvelope, readStatement, type Registry, type Statement } from '../evidence/index.ts'

/** A statement handed in, its signature verified, waiting to be sequenced. */
export interface Submission {
  readonly statement: Statement
  /** The text of each disclosure, not read yet. */
  readonly disclosures: readonly string[]
  /** The key that the signature was verified under on arrival; undefined where the rulebook still has to. */
  readonly verifiedUnder?: Uint8Array
  /** The owner of that key: whose quota and whose share of the queue this is, whatever `iss` says. */
  readonly participant?: string
  /** Bytes that it holds in the queue. */
  readonly weight: number
}

/** Splits what was handed in, as far as the signer's name. Throws the codes of its parts, `statement-too-large`, `jws-alg`. */
export function openSubmission(text: string): { envelope: Envelope; disclosures: readonly string[] } {
  const { jws, disclosures } = splitPresentation(text)
  if (jws.length >= maxEntryBytes) {
    throw new EvidenceError(
      'statement-too-large',
      `the statement has ${jws.length} bytes; an entry holds at most ${maxEntryBytes}`,
    )
  }
  const envelope = readEnvelope(jws)
  if (!envelope.knownAlgorithm) {
    throw new EvidenceError(
      'jws-alg',
      `the alg ${JSON.stringify(envelope.header.alg.slice(0, 40))} is not Ed25519 or EdDSA`,
      { where: 'header.alg' },
    )
  }
  return { envelope, disclosures }
}

/** Whether a signature verifies: here or on another thread. */
export type VerifySignature = (job: {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}) => Promise<boolean>

/**
 * The first check on arrival: the signature, by a key that was ever admitted (a retry succeeds even after revocation).
 * Throws `key-unknown`, `signature-invalid`, and the codes of readStatement.
 */
export async function authenticate(
  registry: Registry,
  { envelope, disclosures }: ReturnType<typeof openSubmission>,
  verify: VerifySignature,
): Promise<Submission> {
  const { jws, header } = envelope
  const key = registry.keys.get(header.kid)
  if (key === undefined) {
    throw new EvidenceError('key-unknown', 'the key was never admitted to this ledger', { where: 'header.kid' })
  }
  if (!(await verify({ publicKey: key.publicKey, message: jws.signingInput, signature: jws.signature }))) {
    throw new EvidenceError('signature-invalid', 'the statement’s signature does not verify', { where: 'signature' })
  }
  return { ...submissionOf(envelope, disclosures), verifiedUnder: key.publicKey, participant: key.participant }
}

/** A submission whose signature the rulebook judges: the genesis. */
export function submissionOf(envelope: Envelope, disclosures: readonly string[]): Submission {
  const weight = envelope.jws.text.length * 2 + disclosures.reduce((sum, text) => sum + text.length, 0)
  return { statement: readStatement(envelope), disclosures, weight }
}
