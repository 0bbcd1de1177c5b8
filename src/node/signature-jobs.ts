import type { SignatureJob } from '../core/ed25519.ts'

export type { SignatureJob }

/** Packs jobs into one buffer, so that a thread is handed one transfer and not a thousand clones. */
export function packJobs(jobs: readonly SignatureJob[]): Uint8Array<ArrayBuffer> {
  let length = 0
  for (const job of jobs) length += 100 + job.message.length
  const packed = new Uint8Array(length)
  const view = new DataView(packed.buffer)
  let at = 0
  for (const { publicKey, message, signature } of jobs) {
    view.setUint32(at, message.length)
    packed.set(publicKey, at + 4)
    packed.set(signature, at + 36)
    packed.set(message, at + 100)
    at += 100 + message.length
  }
  return packed
}

export function unpackJobs(packed: Uint8Array): SignatureJob[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  const jobs: SignatureJob[] = []
  for (let at = 0; at < packed.length; ) {
    const end = at + 100 + view.getUint32(at)
    jobs.push({
      publicKey: packed.subarray(at + 4, at + 36),
      signature: packed.subarray(at + 36, at + 100),
      message: packed.subarray(at + 100, end),
    })
    at = end
  }
  return jobs
}
