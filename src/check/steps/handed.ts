import type { DigestAlgorithm } from '../../core/hash.ts'
import type { KeyTransition } from '../../core/key-transition.ts'
import type { Manifest } from '../../core/manifest.ts'
import type { MeasuredFile } from '../../verify/check-file.ts'

/** What stands between a file and the ledger: names of what was handed over. */
export type Evidence =
  | { readonly kind: 'receipt'; readonly receipt: string }
  | { readonly kind: 'file-proof'; readonly proof: string }
  | ManifestEvidence

/** A folder's deposit: the manifest lists paths relative to the folder. */
export interface ManifestEvidence {
  readonly kind: 'manifest'
  readonly receipt: string
  readonly manifest: string
  readonly folder: string
}

/** The name of what holds a receipt: the receipt, or a file proof. */
export function artefactOf(evidence: Evidence): string {
  return evidence.kind === 'file-proof' ? evidence.proof : evidence.receipt
}

/**
 * Whatever was handed over to be checked, by name: files of a disk, or what was dropped on a page. Names are those of
 * {@link Evidence}; each method throws `file-unreadable`, and `receipt-malformed` or `manifest-malformed` for what is too long.
 */
export interface Handed {
  /** The bytes of a receipt, proof or other small artefact. */
  readonly artefact: (name: string) => Uint8Array
  readonly manifest: (name: string) => Manifest
  /**
   * The bytes of a manifest, or of a file that a deposit says is one, whatever its name; nothing of them is judged. Throws `file-changed`, and
   * `manifest-malformed` for what is too long.
   */
  readonly manifestBytes: (name: string) => Promise<Uint8Array>
  /** A file's digests, read once; `onBytes` is called with the length of each piece. Throws `file-changed`. */
  readonly digests: (
    name: string,
    algorithms: readonly DigestAlgorithm[],
    onBytes?: (count: number) => void,
  ) => Promise<MeasuredFile>
  /** The digests of bytes that are at hand. */
  readonly digestsOf: (bytes: Uint8Array, algorithms: readonly DigestAlgorithm[]) => MeasuredFile
  /** True for a digest that can be made here. */
  readonly canDigest: (algorithm: DigestAlgorithm) => boolean
  /** The key transition that was handed over beside a receipt, if any. Throws `transition-malformed`. */
  readonly transitionBeside: (evidence: Evidence) => KeyTransition | undefined
  /** A file's own name, without folders. */
  readonly baseName: (name: string) => string
  /** A file's path relative to a folder. */
  readonly pathWithin: (folder: string, name: string) => string
}
