import { createHash } from 'node:crypto'
import { parseSignedCheckpoint, type SignedCheckpoint } from '../../core/checkpoint.ts'
import { EvidenceError, isEvidenceError } from '../../core/errors.ts'
import { encodeNote, type VerifierKey, verifyNote } from '../../core/note.ts'
import { isQuorumMet, type Policy } from '../../core/policy.ts'
import { encodeAddCheckpoint } from '../../core/witness-request.ts'
import type { KnownCheckpoint, KnownSize } from '../copy/known.ts'
import { addressesOf } from './own-policy.ts'
import { latestCheckpoint, submitCheckpoint } from './witness-http.ts'

/** What the witnesses say before a ledger is opened: it must hold all of it. */
export interface WitnessView {
  /** Checkpoints that this ledger signed, as witnesses show them. */
  readonly known: readonly KnownCheckpoint[]
  /** Sizes that witnesses name without showing a checkpoint. */
  readonly sizes: readonly KnownSize[]
  /** Witnesses that did not answer, and why. */
  readonly silent: readonly EvidenceError[]
}

/**
 * Asks every witness that the policy gives an address what it cosigned last: a database and a head that went back together are
 * noticed by nobody else. Where a witness shows no checkpoint of ours it is offered `own`, from its own size: it can
 * cosign nothing but what it cosigned before, and else names its size. What is offered gets out: `own` must be published; where it
 * is undefined, such a witness is not asked.
 *
 * Throws `consistency-invalid` where a witness has cosigned another history, `witness-unreachable` where those who are silent could make a quorum: what they cosigned may be ahead of this folder.
 * With `acceptSilent`, and where the policy asks for no witness, they are only told.
 */
export async function askWitnesses(
  policy: Policy,
  key: VerifierKey,
  own: SignedCheckpoint | undefined,
  { timeoutMs, acceptSilent }: { readonly timeoutMs: number; readonly acceptSilent: boolean },
): Promise<WitnessView> {
  const addresses = addressesOf(policy)
  const answers = await Promise.all(
    addresses.map(({ url }) =>
      ask(url, key, own, timeoutMs).catch((error: unknown) => {
        if (isEvidenceError(error) && error.code !== 'consistency-invalid') return error
        throw error
      }),
    ),
  )
  const silentUrls = new Set(addresses.filter((_, i) => answers[i] instanceof EvidenceError).map(({ url }) => url))
  const silentNames = new Set(
    addresses.filter(({ url }) => silentUrls.has(url)).flatMap(({ witnesses }) => witnesses.map(({ name }) => name)),
  )
  const silent = answers.filter((answer) => answer instanceof EvidenceError)
  const [first] = silent
  // The ledger's own second key is always at hand: the others that the quorum needs may be among the silent.
  const couldHold = isQuorumMet(policy, (witness) => silentNames.has(witness.name) || witness.key.name === key.name)
  if (first !== undefined && policy.quorum !== 'none' && couldHold && !acceptSilent) {
    throw new EvidenceError(
      'witness-unreachable',
      `so many witnesses are silent that they alone may have cosigned more than this folder holds (${first.message})`,
      first.facts,
      { cause: first },
    )
  }
  return {
    known: answers.flatMap((answer) => (answer instanceof EvidenceError ? [] : (answer.known ?? []))),
    sizes: answers.flatMap((answer) => (answer instanceof EvidenceError ? [] : (answer.size ?? []))),
    silent,
  }
}

interface Answer {
  readonly known?: KnownCheckpoint
  readonly size?: KnownSize
}

async function ask(
  url: string,
  key: VerifierKey,
  own: SignedCheckpoint | undefined,
  timeoutMs: number,
): Promise<Answer> {
  const hash = createHash('sha256').update(key.name).digest('hex')
  const shown = readOurs(await latestCheckpoint(url, hash, timeoutMs), key)
  if (shown !== undefined) return { known: { ...shown, where: url } }
  if (own === undefined) return {}
  const { size } = own.checkpoint
  try {
    const answer = await submitCheckpoint(url, encodeAddCheckpoint(size, [], encodeNote(own.note)), timeoutMs)
    return answer.kind === 'conflict' ? { size: { where: url, size: answer.size } } : {}
  } catch (error) {
    // It does not know this log: then it has cosigned nothing of it.
    if (isEvidenceError(error, 'witness-refused') && error.facts.found === '404') return {}
    // The same size and another root.
    if (isEvidenceError(error, 'witness-refused') && error.facts.found === '422') {
      throw new EvidenceError(
        'consistency-invalid',
        `the witness at ${url} has cosigned another history of ${size} entries than this folder holds`,
        { where: url },
      )
    }
    throw error
  }
}

/** A checkpoint that this ledger's key signed; anything else shows nothing. */
function readOurs(bytes: Uint8Array | undefined, key: VerifierKey): SignedCheckpoint | undefined {
  if (bytes === undefined) return undefined
  try {
    const signed = parseSignedCheckpoint(bytes)
    return signed.checkpoint.origin === key.name && verifyNote(signed.note, [key]).length === 1 ? signed : undefined
  } catch {
    return undefined
  }
}
