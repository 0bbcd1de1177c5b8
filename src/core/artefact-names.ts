/*
 * Names of what lies beside a receipt, out of the receipt's own name; paths of any kind, on a disk or dropped on a page.
 */

/** Where the receipt of a manifest lies. */
export function receiptOf(manifest: string): string {
  return manifest.replace(/\.evidence-manifest$/, '.tlog-proof')
}

/** Where the manifest of a folder's receipt lies, by the receipt's name; undefined for another name. */
export function manifestOf(receipt: string): string | undefined {
  return receipt.endsWith('.tlog-proof') ? receipt.replace(/\.tlog-proof$/, '.evidence-manifest') : undefined
}

/** Where the time proof of a receipt, or of a file proof, lies: beside it. */
export function timeProofPath(receipt: string): string {
  return `${withoutProofEnding(receipt)}.time-proof`
}

/** `photo.jpg.tlog-proof` has its transition in `photo.jpg.key-transition`. */
export function transitionPath(receipt: string): string {
  return `${withoutProofEnding(receipt)}.key-transition`
}

function withoutProofEnding(path: string): string {
  return path.replace(/\.(?:tlog-proof|file-proof)$/, '')
}
