import { fileURLToPath } from 'node:url'
import { EvidenceError } from '../../core/errors.ts'

/** A key in a token, as an RFC 7512 URI names it: `pkcs11:token=ledger;object=court?module-path=/usr/lib/…`. */
export interface Pkcs11Uri {
  /** Path of the PKCS#11 library. */
  readonly module: string
  readonly token: string | undefined
  readonly serial: string | undefined
  readonly slot: number | undefined
  /** CKA_LABEL of the key. */
  readonly object: string | undefined
  /** CKA_ID of the key. */
  readonly id: Uint8Array | undefined
  /** File that holds the PIN. */
  readonly pinFile: string | undefined
}

const pathAttributes = ['token', 'serial', 'manufacturer', 'model', 'slot-id', 'object', 'id', 'type'] as const
const queryAttributes = ['module-path', 'pin-source'] as const

export function isPkcs11Uri(text: string): boolean {
  return text.startsWith('pkcs11:')
}

function refuse(why: string): EvidenceError {
  return new EvidenceError('pkcs11-uri', `the pkcs11: URI ${why}`)
}

function attributes(text: string, separator: string, known: readonly string[]): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>()
  for (const part of text.split(separator)) {
    if (part === '') continue
    const at = part.indexOf('=')
    const name = part.slice(0, Math.max(at, 0))
    // A PIN in a URI stands in arguments and listings of processes.
    if (name === 'pin-value') throw refuse('holds a PIN; name a file by pin-source=file:… or by --passphrase-file')
    if (!known.includes(name))
      throw refuse(`has the attribute ${JSON.stringify(name.slice(0, 40))}, which is not understood`)
    if (found.has(name)) throw refuse(`names ${name} twice`)
    found.set(name, percentDecoded(part.slice(at + 1)))
  }
  return found
}

/** Octets of a value; an id may be any. */
function percentDecoded(text: string): Uint8Array {
  if (!/^(?:[A-Za-z0-9\-._~:[\]@!$'()*+,=&/?]|%[0-9A-Fa-f]{2})*$/.test(text))
    throw refuse('is not written as RFC 7512 asks')
  const octets: number[] = []
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '%') {
      octets.push(Number.parseInt(text.slice(i + 1, i + 3), 16))
      i += 2
    } else octets.push(text.charCodeAt(i))
  }
  return Uint8Array.from(octets)
}

/** Reads a URI. Throws `pkcs11-uri` where it names no library or no key, or holds what is not understood. */
export function parsePkcs11Uri(text: string): Pkcs11Uri {
  if (!isPkcs11Uri(text) || text.length > 4096) throw refuse('does not begin with pkcs11:, or is too long')
  const [path = '', query = ''] = text.slice('pkcs11:'.length).split('?', 2)
  const inPath = attributes(path, ';', pathAttributes)
  const inQuery = attributes(query, '&', queryAttributes)
  const textOf = (octets: Uint8Array | undefined): string | undefined =>
    octets === undefined ? undefined : Buffer.from(octets).toString('utf8')
  const module = textOf(inQuery.get('module-path'))
  if (module === undefined) throw refuse('names no library: add ?module-path=/usr/lib/….so')
  const [object, id] = [textOf(inPath.get('object')), inPath.get('id')]
  if (object === undefined && id === undefined) throw refuse('names no key: add object=LABEL or id=%01')
  const type = textOf(inPath.get('type'))
  if (type !== undefined && type !== 'private') throw refuse('names something that is no private key')
  const slotText = textOf(inPath.get('slot-id'))
  const slot = slotText === undefined ? undefined : Number(slotText)
  if (slot !== undefined && !Number.isSafeInteger(slot)) throw refuse('has a slot-id that is no number')
  return {
    module,
    token: textOf(inPath.get('token')),
    serial: textOf(inPath.get('serial')),
    slot,
    object,
    id,
    pinFile: pinFileOf(textOf(inQuery.get('pin-source'))),
  }
}

function pinFileOf(source: string | undefined): string | undefined {
  if (source === undefined) return undefined
  if (source.startsWith('/')) return source
  if (source.startsWith('file:/'))
    return fileURLToPath(source.startsWith('file://') ? source : `file://${source.slice(5)}`)
  throw refuse('has a pin-source that is no file')
}
