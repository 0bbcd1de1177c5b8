/** Bounds on a package, docs/spec/18-package.md ("Paths and bounds"): all of it was written by others. */
export const maxFiles = 100_000
/** A component of a path, and a whole path, in bytes of UTF-8. */
export const maxComponentBytes = 255
export const maxPathBytes = 1024
/** bag manifests, bag-info.txt, policy and the like. */
export const maxTagFileBytes = 32 * 1024 * 1024
/** A manifest of a folder. */
export const maxManifestBytes = 256 * 1024 * 1024
/** A receipt, a file proof, and what lies beside a receipt. */
export const maxArtefactBytes = 2 * 1024 * 1024
/** A time proof (docs/spec/13-time-stamps.md): the record, and a path before it. */
export const maxTimeProofBytes = 8 * 1024 * 1024 + 4096
/** How much more an entry of a zip may unpack to than it takes: this many times, and {@link zipSlackBytes} besides. */
export const maxZipRatio = 200
export const zipSlackBytes = 1024 * 1024
/** All receipts, file proofs and what lies beside receipts together: most are held in memory, parsed. */
export const maxReceiptBytes = 512 * 1024 * 1024
