/** How a re-walk verifies signatures: by tables of their keys where those may serve (docs/design/accelerator.md), or by libsodium alone. */
export const signatureMeans = ['tables', 'libsodium'] as const
export type SignatureMeans = (typeof signatureMeans)[number]
