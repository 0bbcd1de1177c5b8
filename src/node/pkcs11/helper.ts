import { Pkcs11Failure, Pkcs11Module } from './module.ts'
import { findKey, makeKey, slotOf } from './token-key.ts'
import type { Pkcs11Uri } from './uri.ts'

/*
 * A process of its own for one key in hardware: a library that blocks or crashes takes nothing else with it, and the PIN is in no
 * other memory for long. It ends when its parent does.
 */
export type HelperRequest =
  | { readonly open: Pkcs11Uri; readonly pin: string; readonly generate: boolean }
  | { readonly sign: Uint8Array; readonly id: number }
export type HelperAnswer =
  | { readonly publicKey: Uint8Array }
  | { readonly id: number; readonly signature: Uint8Array }
  | { readonly id?: number; readonly failure: string }

let signer: ((message: Uint8Array) => Uint8Array) | undefined

function open({ open: uri, pin, generate }: Extract<HelperRequest, { open: unknown }>): HelperAnswer {
  const module = new Pkcs11Module(uri.module)
  process.on('disconnect', () => {
    module.finalize()
    process.exit(0)
  })
  const session = module.login(slotOf(module, uri), pin, generate)
  if (generate) makeKey(module, session, uri)
  const { key, publicKey } = findKey(module, session, uri)
  signer = (message) => module.signEd25519(session, key, message)
  return { publicKey }
}

function answer(request: HelperRequest): HelperAnswer {
  try {
    if ('open' in request) return open(request)
    if (signer === undefined) throw new Pkcs11Failure('no key is open')
    return { id: request.id, signature: signer(request.sign) }
  } catch (error) {
    // Messages of ours name functions and objects, never the PIN.
    const failure = error instanceof Pkcs11Failure ? error.message : 'the library could not be called'
    return 'id' in request ? { id: request.id, failure } : { failure }
  }
}

// Signals of a terminal go to the parent, which still signs while it stops.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
process.on('disconnect', () => process.exit(0))
process.on('message', (request: HelperRequest) => process.send?.(answer(request)))
