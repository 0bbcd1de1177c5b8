import { createHash } from 'node:crypto'
import * as crypto from 'node:crypto'

/**
 * SHA-256 by the runtime, 32 bytes. One-shot hashing (Node 20.12) spares a hash object, and taking its result as characters spares a Buffer, which costs more
 * than the hash of a tree node: half the time of any other way (docs/performance.md).
 */
export function nodeSha256(data: Uint8Array): Uint8Array {
  if (!('hash' in crypto)) return createHash('sha256').update(data).digest()
  const text = crypto.hash('sha256', data, 'binary')
  const out = new Uint8Array(32)
  for (let i = 0; i < 32; i++) out[i] = text.charCodeAt(i)
  return out
}
