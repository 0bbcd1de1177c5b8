import { randomBytes } from 'node:crypto'
import { EvidenceError } from '../core/errors.ts'
import { fileBounds, readBoundedText } from '../node/bounded-file.ts'
import type { DataFolder } from './data-folder.ts'
import { writeDurably } from '../node/durable-file.ts'
import { LookupCodec } from './lookup-codec.ts'

/*
 * The secret of a ledger's look-up keys: 64 lower-case hexadecimal digits and a line feed, beside the database, for its owner
 * alone. It is in no copy: whatever builds a database anew in another folder makes a secret for it.
 */
const secretText = /^[0-9a-f]{64}\n$/

/** Reads the secret. Throws `lookups-damaged` where it is missing or none. */
export function readLookupCodec({ lookupSecret: path }: DataFolder): LookupCodec {
  let text: string
  try {
    text = readBoundedText(path, fileBounds.small, 'latin1')
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'is missing' : 'cannot be read'
    throw unusable(path, why, cause)
  }
  if (!secretText.test(text)) throw unusable(path, 'is not 64 hexadecimal digits')
  return new LookupCodec(Buffer.from(text.trim(), 'hex'))
}

/** Makes a secret, durable when this returns: before the database whose look-up keys are under it. */
export function createLookupCodec({ lookupSecret: path }: DataFolder): LookupCodec {
  const secret = randomBytes(32)
  writeDurably(path, `${secret.toString('hex')}\n`)
  return new LookupCodec(secret)
}

function unusable(path: string, why: string, cause?: unknown): EvidenceError {
  const message = `the secret of the look-up keys, ${path}, ${why}`
  return new EvidenceError('lookups-damaged', message, { where: path }, { cause })
}
