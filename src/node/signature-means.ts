import type { SignatureBatch } from '../core/ed25519.ts'
import { builtModule } from './built-module.ts'

/** How a re-walk verifies signatures: by tables of their keys where those may serve (docs/design/accelerator.md), or by libsodium alone. */
export const signatureMeans = ['tables', 'libsodium'] as const
export type SignatureMeans = (typeof signatureMeans)[number]

const accelerator = new URL('../accelerator/signature-tables.ts', import.meta.url)

/**
 * The tables of src/accelerator. They are named by their place, and not imported, so that everything works without that folder, slower.
 * Undefined where it is not there, or the runtime cannot run it. Throws what else keeps it from being loaded.
 * @param source where it is, for tests.
 */
export async function loadSignatureTables(source: URL = accelerator): Promise<SignatureBatch | undefined> {
  try {
    const { openSignatureTables } = (await import(builtModule(source).href)) as {
      readonly openSignatureTables: () => { readonly accepts: SignatureBatch } | undefined
    }
    return openSignatureTables()?.accepts
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'ENOENT') return undefined
    throw error
  }
}
