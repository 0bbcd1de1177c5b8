import {
  cosignatureMessage,
  encodeCosignature,
  signatureTypes,
  subtreeMessage,
  type SubtreeStatement,
} from '../core/cosignature.ts'
import { type NoteSignature, type VerifierKey, verifierKey } from '../core/note.ts'
import { readKeyFile, type SigningKey } from '../node/key-file.ts'
import { readMlDsaKeyFile } from '../node/mldsa-key-file.ts'
import { MlDsaSigner } from '../node/mldsa-signer.ts'
import { readWitnessConfig, type WitnessFolder } from './folder.ts'

/** The two keys of a witness, under one name: cosignature/v1 for those who know only that, ML-DSA-44 for the decades. */
export class Cosigners {
  readonly name: string
  readonly ed25519: VerifierKey
  readonly mlDsa: VerifierKey
  private readonly signer: SigningKey
  private readonly mlDsaSigner: MlDsaSigner

  constructor(name: string, signer: SigningKey, mlDsaSigner: MlDsaSigner) {
    this.name = name
    this.signer = signer
    this.mlDsaSigner = mlDsaSigner
    this.ed25519 = verifierKey(name, signer.publicKey, signatureTypes.cosignature)
    this.mlDsa = verifierKey(name, mlDsaSigner.publicKey, signatureTypes.mlDsa44)
  }

  /** Reads both key files. Throws the codes of readKeyFile and readWitnessConfig. */
  static read(folder: WitnessFolder, passphrase?: string): Cosigners {
    const { name } = readWitnessConfig(folder)
    const signer = readKeyFile(folder.ed25519Key, passphrase)
    return new Cosigners(name, signer, new MlDsaSigner(readMlDsaKeyFile(folder.mlDsaKey, passphrase)))
  }

  get keys(): readonly [VerifierKey, VerifierKey] {
    return [this.ed25519, this.mlDsa]
  }

  /** Cosigns a checkpoint's text. ML-DSA-44 leaves out a log whose origin has more than 255 bytes: its message has no room. */
  async cosign(text: string, timestamp: number): Promise<NoteSignature[]> {
    const { name, signer } = this
    const message = cosignatureMessage(signatureTypes.cosignature, name, timestamp, text) as Uint8Array
    const lines = [this.line(this.ed25519, timestamp, signer.sign(message))]
    const struct = cosignatureMessage(signatureTypes.mlDsa44, name, timestamp, text)
    if (struct !== undefined) lines.push(this.line(this.mlDsa, timestamp, await this.mlDsaSigner.sign(struct)))
    return lines
  }

  /** Signs a subtree, without a time. Undefined where the origin is too long. */
  async signSubtree(subtree: Omit<SubtreeStatement, 'cosigner' | 'timestamp'>): Promise<NoteSignature | undefined> {
    const message = subtreeMessage({ ...subtree, cosigner: this.name, timestamp: 0 })
    return message === undefined ? undefined : this.line(this.mlDsa, 0, await this.mlDsaSigner.sign(message))
  }

  private line({ name, id }: VerifierKey, timestamp: number, signature: Uint8Array): NoteSignature {
    return { name, id, signature: encodeCosignature(timestamp, signature) }
  }

  close(): Promise<void> {
    return this.mlDsaSigner.close()
  }
}
