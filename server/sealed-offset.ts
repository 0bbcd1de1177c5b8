import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { EvidenceError } from '../src/core/errors.ts'

const nonceBytes = 12
const tagBytes = 16

/**
 * Offsets in a file as cursors that tell nothing of it: each is encrypted by a key of this process, for the one reader and file that it was given for. After a restart
 * they are no cursors any more.
 */
export class SealedOffsets {
  private readonly key = randomBytes(32)

  /** The cursor of an offset; `name`: of whom, and in what. */
  seal(offset: number, name: string): string {
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce).setAAD(Buffer.from(name))
    const text = Buffer.alloc(8)
    text.writeBigUInt64BE(BigInt(offset))
    return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString('base64url')
  }

  /** The offset of a cursor. Throws `query-invalid` for what is none of this name, or of another start. */
  open(cursor: string, name: string): number {
    const bytes = Buffer.from(cursor, 'base64url')
    try {
      const tag = bytes.subarray(-tagBytes)
      const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      })
      decipher.setAAD(Buffer.from(name)).setAuthTag(tag)
      const text = Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()])
      return Number(text.readBigUInt64BE())
    } catch (cause) {
      const why =
        'after: is no "next" of a page of this day that the server gave you since it started; begin again without it'
      throw new EvidenceError('query-invalid', why, { where: 'after' }, { cause })
    }
  }
}
