import { attempt, valueOr } from '../core/attempt.ts'
import { splitPresentation } from '../core/disclosure.ts'
import { maxEntryBytes } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import type { ShownEntries } from '../core/shown.ts'
import { readBody } from '../statements/body.ts'
import type { KeyRecord, Registry } from '../statements/registry.ts'
import { referencedIndices, sealedReferences } from './entry-facts.ts'
import { erasedBy } from '../statements/said.ts'
import { type Envelope, readEnvelope, readStatement, type Statement } from '../statements/statement.ts'
import type { SignatureJob } from '../node/signature-jobs.ts'

/** A statement as sent, its signature verified, waiting to be sequenced. */
export interface Submission {
  readonly statement: Statement
  /** The text of each disclosure, not read yet. */
  readonly disclosures: readonly string[]
  /** The key that the signature was verified under on arrival; undefined where the rulebook still has to. */
  readonly verifiedUnder?: Uint8Array
  /** The owner of that key: whose quota and whose share of the queue this is, whatever `iss` says. */
  readonly participant?: string
  /** Entries that the sender showed to have, for references to what the signer may not read; not sequenced. */
  readonly shown?: ShownEntries
  /** Asked of a new statement when all else allows that it is sequenced, in this very step; gives a refusal where it may not be. */
  readonly permit?: () => EvidenceError | undefined
  /** Bytes that it holds in the queue. */
  readonly weight: number
  /** What judging it costs, in bytes: its own, and {@link referenceCost} for each entry that it refers to. */
  readonly cost: number
}

/** What reading, hashing and parsing an entry that is referred to counts for beside a statement's own bytes: half of the largest. */
const referenceCost = 32 * 1024

/** A statement as sent, split; neither its signature nor what it says was looked at. */
interface Opened {
  readonly envelope: Envelope
  readonly disclosures: readonly string[]
}

/** Splits a statement as sent, as far as the signer's name. Throws the codes of its parts, `statement-too-large`, `jws-alg`. */
export function openSubmission(text: string): Opened {
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

/** The key that a statement names, if it was ever admitted (a retry succeeds even after revocation). Throws `key-unknown`. */
function keyOf(registry: Registry, { envelope }: Opened): KeyRecord {
  const key = registry.keys.get(envelope.header.kid)
  if (key === undefined) {
    throw new EvidenceError('key-unknown', 'the key was never admitted to this ledger', { where: 'header.kid' })
  }
  return key
}

function jobOf(key: KeyRecord, { envelope: { jws } }: Opened): SignatureJob {
  return { publicKey: key.publicKey, message: jws.signingInput, signature: jws.signature }
}

/** After the verdict on its signature. Throws `signature-invalid`, and the codes of readStatement. */
function authenticated({ envelope, disclosures }: Opened, key: KeyRecord, isValid: boolean): Submission {
  if (!isValid) {
    throw new EvidenceError('signature-invalid', 'the statement’s signature does not verify', { where: 'signature' })
  }
  return { ...submissionOf(envelope, disclosures), verifiedUnder: key.publicKey, participant: key.participant }
}

/**
 * The first check on arrival. Opens statements as they were sent in and verifies their signatures, by one call of `verify`, which says of
 * each whether it is valid. Gives, in their order, a submission or the refusal of each: the codes of {@link openSubmission} and of
 * readStatement, `key-unknown`, `signature-invalid`.
 */
export async function authenticateMany(
  registry: Registry,
  texts: readonly string[],
  verify: (jobs: readonly SignatureJob[]) => Promise<boolean[]>,
): Promise<(Submission | EvidenceError)[]> {
  const opened = texts.map((text) =>
    attempt(() => {
      const one = openSubmission(text)
      const key = keyOf(registry, one)
      return { one, key, job: jobOf(key, one) }
    }),
  )
  const verdicts = await verify(opened.flatMap((one) => (one instanceof EvidenceError ? [] : [one.job])))
  let next = 0
  return opened.map((one) => {
    if (one instanceof EvidenceError) return one
    const isValid = verdicts[next++] === true
    return attempt(() => authenticated(one.one, one.key, isValid))
  })
}

/** A submission whose signature the rulebook judges: the genesis. */
export function submissionOf(envelope: Envelope, disclosures: readonly string[]): Submission {
  const weight = envelope.jws.text.length * 2 + disclosures.reduce((sum, text) => sum + text.length, 0)
  const statement = readStatement(envelope)
  // What is to be erased is read, and so is what that is about.
  const around = erasedBy(valueOr(() => readBody(statement), undefined)).length
  const references = referencedIndices(statement).length + sealedReferences(statement, disclosures).length + around
  const cost = weight + references * referenceCost
  return { statement, disclosures, weight, cost }
}
