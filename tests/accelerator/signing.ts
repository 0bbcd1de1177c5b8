import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { publicKeyOfSeed, type SignatureJob } from '../../src/core/ed25519.ts'
import { L, littleEndian, numberOf } from '../core/torsion.ts'
import { Random } from '../support/random.ts'

/* Signatures of several keys that a seed gives again, good and changed. */

export interface MadeJob {
  readonly job: SignatureJob
  /** Whether it is as its signer made it. */
  readonly isGood: boolean
  readonly change: string
}

interface Signer {
  readonly publicKey: Uint8Array
  readonly privateKey: KeyObject
}

const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')

function signerOf(random: Random): Signer {
  const seed = Uint8Array.from({ length: 32 }, () => random.below(256))
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' })
  return { publicKey: publicKeyOfSeed(seed), privateKey }
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
}

/** What may be wrong with a signature; two thirds are left as they are. */
const changes: Record<string, (job: SignatureJob, random: Random, other: Signer) => SignatureJob> = {
  'a bit of R': (job, random) => ({ ...job, signature: flipped(job.signature, random.below(256)) }),
  'a bit of S': (job, random) => ({ ...job, signature: flipped(job.signature, 256 + random.below(256)) }),
  'a bit of the message': (job, random) => ({
    ...job,
    message: flipped(job.message, random.below(8 * job.message.length)),
  }),
  'the key of another': (job, _, { publicKey }) => ({ ...job, publicKey }),
  'S and L': (job) => {
    const s = littleEndian(numberOf(job.signature.subarray(32)) + L)
    return { ...job, signature: Buffer.concat([job.signature.subarray(0, 32), s]) }
  },
  '-S': (job) => {
    const s = littleEndian(L - numberOf(job.signature.subarray(32)))
    return { ...job, signature: Buffer.concat([job.signature.subarray(0, 32), s]) }
  },
}
const names = Object.keys(changes)

/** Makes jobs of so many keys, one after another. */
export class SignedJobs {
  private readonly random: Random
  private readonly signers: readonly Signer[]

  constructor(seed: number, keys: number) {
    this.random = new Random(seed)
    this.signers = Array.from({ length: keys }, () => signerOf(this.random))
  }

  next(): MadeJob {
    const { random } = this
    const { publicKey, privateKey } = random.pick(this.signers)
    const message = Uint8Array.from({ length: 1 + random.below(300) }, () => random.below(256))
    const job = { publicKey, message, signature: new Uint8Array(sign(null, message, privateKey)) }
    if (random.below(3) > 0) return { job, isGood: true, change: 'none' }
    const change = random.pick(names)
    const other = random.pick(this.signers)
    if (other.publicKey === publicKey) return { job, isGood: true, change: 'none' }
    const changed = (changes[change] as (typeof changes)[string])(job, random, other)
    return { job: changed, isGood: false, change }
  }
}
