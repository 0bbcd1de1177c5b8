import { concat, utf8 } from '../../src/core/bytes.ts'
import { signatureTypes } from '../../src/core/cosignature.ts'
import { type NoteSignature, type VerifierKey, verifierKey } from '../../src/core/note.ts'
import { signerNamed } from '../support/signers.ts'

/** A witness that cosigns as tlog-cosignature has it. */
export interface Cosigner {
  readonly key: VerifierKey
  readonly cosign: (text: string, seconds: bigint) => NoteSignature
}

function bigEndian(seconds: bigint): Uint8Array {
  return Uint8Array.from({ length: 8 }, (_, i) => Number((seconds >> BigInt(8 * (7 - i))) & 255n))
}

export function cosignerNamed(name: string): Cosigner {
  const signer = signerNamed(`witness ${name}`)
  const key = verifierKey(`${name}.example/w`, signer.publicKey, signatureTypes.cosignature)
  return {
    key,
    cosign: (text, seconds) => {
      const signature = signer.sign(utf8(`cosignature/v1\ntime ${seconds}\n${text}`))
      return { name: key.name, id: key.id, signature: concat(bigEndian(seconds), signature) }
    },
  }
}
