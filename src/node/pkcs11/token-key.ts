import type { Attribute, Pkcs11Module } from './module.ts'
import { Pkcs11Failure } from './module.ts'
import type { Pkcs11Uri } from './uri.ts'

const attributeTypes = {
  class: 0x00,
  token: 0x01,
  private: 0x02,
  label: 0x03,
  keyType: 0x100,
  id: 0x102,
  sensitive: 0x103,
  sign: 0x108,
  verify: 0x10a,
  extractable: 0x162,
  ecParams: 0x180,
  ecPoint: 0x181,
} as const

function number(type: keyof typeof attributeTypes, value: number): Attribute {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return { type: attributeTypes[type], value: bytes }
}
const flag = (type: keyof typeof attributeTypes, value: boolean): Attribute => ({
  type: attributeTypes[type],
  value: Uint8Array.of(value ? 1 : 0),
})
const bytes = (type: keyof typeof attributeTypes, value: Uint8Array): Attribute => ({
  type: attributeTypes[type],
  value,
})

const [publicKeyClass, privateKeyClass, edwards] = [2, 3, 0x40]

function named({ object, id }: Pkcs11Uri): Attribute[] {
  return [
    ...(object === undefined ? [] : [bytes('label', Buffer.from(object, 'utf8'))]),
    ...(id === undefined ? [] : [bytes('id', id)]),
  ]
}

/** The one slot whose token the URI names. */
export function slotOf(module: Pkcs11Module, uri: Pkcs11Uri): number {
  const found = module.slots().filter((slot) => {
    const { label, serial } = module.token(slot)
    return (
      (uri.slot === undefined || uri.slot === slot) &&
      (uri.token === undefined || uri.token === label) &&
      (uri.serial === undefined || uri.serial === serial)
    )
  })
  const [slot] = found
  if (slot === undefined) throw new Pkcs11Failure('no token is what the URI names')
  if (found.length > 1) throw new Pkcs11Failure('several tokens are what the URI names: add token= or serial=')
  return slot
}

/** The private key that the URI names, and its public key: 32 bytes. */
export function findKey(module: Pkcs11Module, session: number, uri: Pkcs11Uri): { key: number; publicKey: Uint8Array } {
  const one = (keyClass: number, what: string, extra: readonly Attribute[]): number => {
    const found = module.find(session, [number('class', keyClass), number('keyType', edwards), ...extra])
    const [object] = found
    if (object === undefined) throw new Pkcs11Failure(`the token has no Ed25519 ${what} of this name`)
    if (found.length > 1) throw new Pkcs11Failure(`the token has several Ed25519 ${what}s of this name: add id=`)
    return object
  }
  const key = one(privateKeyClass, 'private key', named(uri))
  const id = module.attribute(session, key, attributeTypes.id)
  const pair = id.length > 0 ? [bytes('id', id)] : named(uri)
  const point = module.attribute(session, one(publicKeyClass, 'public key', pair), attributeTypes.ecPoint)
  // PKCS#11 2.40 wraps the point in an OCTET STRING, 3.0 need not.
  const raw = point.length === 34 && point[0] === 0x04 && point[1] === 0x20 ? point.subarray(2) : point
  if (raw.length !== 32) throw new Pkcs11Failure('the token’s public key is no Ed25519 key')
  return { key, publicKey: new Uint8Array(raw) }
}

/** Makes a key under the URI's label and id, which never leaves the token. */
export function makeKey(module: Pkcs11Module, session: number, uri: Pkcs11Uri): void {
  if (module.find(session, [number('class', privateKeyClass), ...named(uri)]).length > 0)
    throw new Pkcs11Failure('the token has a key of this name already')
  // The object identifier of Ed25519 (RFC 8410).
  const curve = bytes('ecParams', Uint8Array.of(0x06, 0x03, 0x2b, 0x65, 0x70))
  const both = [number('keyType', edwards), flag('token', true), ...named(uri)]
  const id = uri.id === undefined ? [bytes('id', Buffer.from((uri.object as string).slice(0, 32), 'utf8'))] : []
  module.generateEd25519(
    session,
    [number('class', publicKeyClass), ...both, ...id, curve, flag('verify', true)],
    [
      number('class', privateKeyClass),
      ...both,
      ...id,
      flag('private', true),
      flag('sensitive', true),
      flag('extractable', false),
      flag('sign', true),
    ],
  )
}
