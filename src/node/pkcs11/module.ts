import koffi from 'koffi'

/*
 * The functions of a PKCS#11 library (OASIS PKCS#11 3.0) that a ledger's key needs, called through its function list.
 * CK_ULONG is 8 bytes, structures are aligned: Linux and macOS on 64 bits.
 */

/** Places in CK_FUNCTION_LIST. */
const places = {
  C_Initialize: 0,
  C_Finalize: 1,
  C_GetSlotList: 4,
  C_GetTokenInfo: 6,
  C_OpenSession: 12,
  C_Login: 18,
  C_GetAttributeValue: 24,
  C_FindObjectsInit: 26,
  C_FindObjects: 27,
  C_FindObjectsFinal: 28,
  C_SignInit: 42,
  C_Sign: 43,
  C_GenerateKeyPair: 59,
} as const

koffi.struct('CK_ATTRIBUTE', { type: 'unsigned long', value: 'void *', length: 'unsigned long' })
koffi.struct('CK_MECHANISM', { mechanism: 'unsigned long', parameter: 'void *', length: 'unsigned long' })

const prototypes: Readonly<Record<keyof typeof places, string>> = {
  C_Initialize: 'void *args',
  C_Finalize: 'void *reserved',
  C_GetSlotList: 'uint8_t present, void *list, _Inout_ unsigned long *count',
  C_GetTokenInfo: 'unsigned long slot, void *info',
  C_OpenSession:
    'unsigned long slot, unsigned long flags, void *application, void *notify, _Out_ unsigned long *session',
  C_Login: 'unsigned long session, unsigned long user, void *pin, unsigned long length',
  C_GetAttributeValue:
    'unsigned long session, unsigned long object, _Inout_ CK_ATTRIBUTE *template, unsigned long count',
  C_FindObjectsInit: 'unsigned long session, CK_ATTRIBUTE *template, unsigned long count',
  C_FindObjects: 'unsigned long session, void *objects, unsigned long most, _Out_ unsigned long *count',
  C_FindObjectsFinal: 'unsigned long session',
  C_SignInit: 'unsigned long session, CK_MECHANISM *mechanism, unsigned long key',
  C_Sign: 'unsigned long session, void *data, unsigned long length, void *signature, _Inout_ unsigned long *signed',
  C_GenerateKeyPair:
    'unsigned long session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *publicTemplate, unsigned long publicCount, CK_ATTRIBUTE *privateTemplate, unsigned long privateCount, _Out_ unsigned long *publicKey, _Out_ unsigned long *privateKey',
}

/** An attribute of an object. */
export interface Attribute {
  readonly type: number
  readonly value: Uint8Array
}

/** What a library answers that is not CKR_OK. */
export class Pkcs11Failure extends Error {}

const returned: Readonly<Record<number, string>> = {
  0x03: 'CKR_SLOT_ID_INVALID',
  0x05: 'CKR_GENERAL_ERROR',
  0x30: 'CKR_DEVICE_ERROR',
  0x32: 'CKR_DEVICE_REMOVED',
  0x70: 'CKR_MECHANISM_INVALID',
  0xa0: 'CKR_PIN_INCORRECT',
  0xa4: 'CKR_PIN_LOCKED',
  0xe0: 'CKR_TOKEN_NOT_PRESENT',
  0xe1: 'CKR_TOKEN_NOT_RECOGNIZED',
  0x101: 'CKR_USER_NOT_LOGGED_IN',
}

function numbered(count: number): Buffer {
  return Buffer.alloc(8 * count)
}

const template = (attributes: readonly Attribute[]): object[] =>
  attributes.map(({ type, value }) => ({ type, value, length: value.length }))

/** A PKCS#11 library that was loaded and initialised. Every method throws {@link Pkcs11Failure}. */
export class Pkcs11Module {
  private readonly call: (name: keyof typeof places, ...args: unknown[]) => void

  constructor(path: string) {
    let library: ReturnType<typeof koffi.load>
    try {
      library = koffi.load(path)
    } catch {
      throw new Pkcs11Failure(`the library ${path} cannot be loaded`)
    }
    const list: unknown[] = [null]
    const rv = library.func('unsigned long C_GetFunctionList(_Out_ void **list)')(list) as number
    if (rv !== 0) throw new Pkcs11Failure(`${path} gives no functions`)
    const functions = new Map(
      Object.entries(places).map(([name, place]) => {
        const prototype = koffi.proto(`unsigned long ${name}(${prototypes[name as keyof typeof places]})`)
        return [name, { prototype, pointer: koffi.decode(list[0], 8 + 8 * place, 'void *') as unknown }] as const
      }),
    )
    this.call = (name, ...args) => {
      const found = functions.get(name)
      if (found?.pointer === null || found === undefined) throw new Pkcs11Failure(`the library has no ${name}`)
      const code = Number(koffi.call(found.pointer, found.prototype, ...args))
      if (code !== 0) throw new Pkcs11Failure(`${name}: ${returned[code] ?? `0x${code.toString(16)}`}`)
    }
    this.call('C_Initialize', null)
  }

  /** Slots that hold a token. */
  slots(): number[] {
    const count = [0]
    this.call('C_GetSlotList', 1, null, count)
    const list = numbered(count[0] as number)
    this.call('C_GetSlotList', 1, list, count)
    return Array.from({ length: count[0] as number }, (_, i) => Number(list.readBigUInt64LE(8 * i)))
  }

  /** Label and serial number of the token in a slot. */
  token(slot: number): { label: string; serial: string } {
    const info = Buffer.alloc(512)
    this.call('C_GetTokenInfo', slot, info)
    const text = (from: number, to: number): string => info.toString('utf8', from, to).trimEnd()
    return { label: text(0, 32), serial: text(80, 96) }
  }

  /** Opens a session, for writing where a key is to be made, and logs in. */
  login(slot: number, pin: string, write = false): number {
    const session = [0]
    this.call('C_OpenSession', slot, write ? 0x06 : 0x04, null, null, session)
    const bytes = Buffer.from(pin, 'utf8')
    try {
      this.call('C_Login', session[0], 1, bytes, bytes.length)
    } finally {
      bytes.fill(0)
    }
    return session[0] as number
  }

  /** Objects that have these attributes, at most `most`. */
  find(session: number, attributes: readonly Attribute[], most = 2): number[] {
    this.call('C_FindObjectsInit', session, template(attributes), attributes.length)
    const list = numbered(most)
    const count = [0]
    try {
      this.call('C_FindObjects', session, list, most, count)
    } finally {
      this.call('C_FindObjectsFinal', session)
    }
    return Array.from({ length: count[0] as number }, (_, i) => Number(list.readBigUInt64LE(8 * i)))
  }

  /** The value of one attribute, of at most 1,024 bytes. */
  attribute(session: number, object: number, type: number): Uint8Array {
    const value = Buffer.alloc(1024)
    const asked = { type, value, length: value.length }
    this.call('C_GetAttributeValue', session, object, asked, 1)
    return value.subarray(0, Number(asked.length))
  }

  /** An Ed25519 signature by a private key: CKM_EDDSA without parameters. */
  signEd25519(session: number, key: number, message: Uint8Array): Uint8Array {
    this.call('C_SignInit', session, { mechanism: 0x1057, parameter: null, length: 0 }, key)
    const signature = Buffer.alloc(128)
    const length = [signature.length]
    this.call('C_Sign', session, Buffer.from(message), message.length, signature, length)
    return new Uint8Array(signature.subarray(0, length[0]))
  }

  /** Makes an Ed25519 key pair in the token. */
  generateEd25519(session: number, publicTemplate: readonly Attribute[], privateTemplate: readonly Attribute[]): void {
    const mechanism = { mechanism: 0x1055, parameter: null, length: 0 }
    const [made, secret] = [[0], [0]]
    const [one, two] = [template(publicTemplate), template(privateTemplate)]
    this.call('C_GenerateKeyPair', session, mechanism, one, one.length, two, two.length, made, secret)
  }

  finalize(): void {
    this.call('C_Finalize', null)
  }
}
