import { createHash } from 'node:crypto'
import { cosignatureMessage, encodeCosignature, signatureTypes } from '../../src/core/cosignature.ts'
import { mlDsa44PublicKey, signMlDsa44 } from '../../src/core/mldsa.ts'
import { type NoteSignature, type VerifierKey, verifierKey } from '../../src/core/note.ts'

export interface MlDsaCosigner {
  readonly key: VerifierKey
  readonly seed: Uint8Array
  readonly cosign: (text: string, seconds: number) => NoteSignature
}

/** A witness with an ML-DSA-44 key that is the same in every run. */
export function mlDsaCosigner(name: string): MlDsaCosigner {
  const seed = new Uint8Array(createHash('sha256').update(`ml-dsa test key ${name}`).digest())
  const key = verifierKey(name, mlDsa44PublicKey(seed), signatureTypes.mlDsa44)
  return {
    key,
    seed,
    cosign: (text, seconds) => {
      const message = cosignatureMessage(signatureTypes.mlDsa44, name, seconds, text)
      if (message === undefined) throw new Error('there is nothing to cosign')
      return { name, id: key.id, signature: encodeCosignature(seconds, signMlDsa44(seed, message)) }
    },
  }
}
