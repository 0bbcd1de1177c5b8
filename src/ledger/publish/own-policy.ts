import { signatureTypes } from '../../core/cosignature.ts'
import { EvidenceError } from '../../core/errors.ts'
import type { VerifierKey } from '../../core/note.ts'
import { isQuorumMet, type Policy, type PolicyWitness } from '../../core/policy.ts'
import type { MlDsaSigner } from '../../node/mldsa-signer.ts'
import { witnessUrl } from './witness-http.ts'
import type { WitnessAddress } from './witness-peer.ts'

/*
 * What a ledger's own policy says of publishing: whom to send checkpoints to, and which second key signs them.
 */

/** The witnesses of a policy that have an address, those of one address together. Throws `config-invalid`. */
export function addressesOf(policy: Policy): WitnessAddress[] {
  const byUrl = new Map<string, PolicyWitness[]>()
  for (const witness of policy.witnesses) {
    if (witness.url === undefined) continue
    const url = witnessUrl(witness.url, witness.name)
    byUrl.set(url, [...(byUrl.get(url) ?? []), witness])
  }
  return [...byUrl].map(([url, witnesses]) => ({ url, witnesses }))
}

/** Refuses a quorum that can never hold: else nothing would ever be published. Throws `config-invalid`. */
export function requireReachable(
  policy: Policy,
  key: VerifierKey,
  ownKey: VerifierKey | undefined,
  reached: ReadonlySet<string>,
): void {
  if (isQuorumMet(policy, (witness) => reached.has(witness.name) || witness.key === ownKey)) return
  const isOwn = ({ key: one }: PolicyWitness): boolean => one.name === key.name && one.type === signatureTypes.mlDsa44
  const where = policy.quorum
  if (isQuorumMet(policy, (witness) => reached.has(witness.name) || isOwn(witness))) {
    throw new EvidenceError(
      'config-invalid',
      `the quorum ${where} of the policy needs the ledger’s ML-DSA-44 signature, and the folder has no key for it`,
      { where },
    )
  }
  throw new EvidenceError(
    'config-invalid',
    `the quorum ${where} of the policy needs a witness that it gives no address: it can never hold`,
    { where },
  )
}

/**
 * The ledger's second key as its policy lists it: a witness of type 0x06 whose key name is the origin. Without such a line nobody
 * could verify the signature, and none is made. Throws `config-invalid` where the policy lists another key.
 */
export function ownWitness(policy: Policy, key: VerifierKey, mlDsa: MlDsaSigner | undefined): VerifierKey | undefined {
  const listed = policy.witnesses.filter((one) => one.key.name === key.name && one.key.type === signatureTypes.mlDsa44)
  if (mlDsa === undefined || listed.length === 0) return undefined
  const mine = listed.find((one) => Buffer.from(one.key.publicKey).equals(mlDsa.publicKey))
  if (mine !== undefined) return mine.key
  throw new EvidenceError(
    'config-invalid',
    'the policy lists another ML-DSA-44 key of this ledger than the folder has',
    {
      where: 'policy',
    },
  )
}
