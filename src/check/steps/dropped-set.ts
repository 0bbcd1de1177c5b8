import { manifestOf, receiptOf, transitionPath } from '../../core/artefact-names.ts'
import { attempt } from '../../core/attempt.ts'
import { EvidenceError } from '../../core/errors.ts'
import { parseFileProof } from '../../core/file-proof.ts'
import { type DigestAlgorithm, isDigestAlgorithm } from '../../core/hash.ts'
import { parseKeyTransition } from '../../core/key-transition.ts'
import { Manifest } from '../../core/manifest.ts'
import { parseReceipt } from '../../core/receipt.ts'
import { readBody } from '../../statements/body.ts'
import { itemsOf } from '../../statements/said.ts'
import { readEnvelope, readStatement } from '../../statements/statement.ts'
import type { MeasuredFile } from '../../verify/check-file.ts'
import { type Dropped, type DroppedKind, kindOf, mostBytesOf } from './dropped.ts'
import { artefactOf, type Handed } from './handed.ts'

/** How files are hashed where they were dropped. */
export interface Hashing {
  /** Digests of a file, in little memory whatever its size; `onBytes` is called with the length of each piece. */
  readonly digests: (
    dropped: Dropped,
    algorithms: readonly DigestAlgorithm[],
    onBytes?: (count: number) => void,
  ) => Promise<MeasuredFile>
  readonly digestsOf: (bytes: Uint8Array, algorithms: readonly DigestAlgorithm[]) => MeasuredFile
  readonly canDigest: (algorithm: DigestAlgorithm) => boolean
}

/** The digests that a receipt's deposit names: by item, lower-case hex by algorithm; undefined where the receipt cannot be read. */
export type NamedDigests = readonly Readonly<Partial<Record<string, string>>>[] | undefined

/**
 * All that was dropped, read once: artefacts in memory, bounded; files by their pieces, each hashed once with every algorithm that any of the
 * receipts names.
 */
export class DroppedSet {
  readonly all: readonly Dropped[]
  private readonly kinds = new Map<string, DroppedKind>()
  private readonly artefacts = new Map<string, Uint8Array | EvidenceError>()
  private readonly manifests = new Map<string, Manifest>()
  private readonly measured = new Map<string, Promise<MeasuredFile>>()
  private readonly named = new Map<string, NamedDigests>()
  private readonly byPath: ReadonlyMap<string, Dropped>
  private readonly hashing: Hashing
  private algorithms: readonly DigestAlgorithm[] = ['sha256']

  private constructor(all: readonly Dropped[], hashing: Hashing) {
    this.all = all
    this.hashing = hashing
    this.byPath = new Map(all.map((dropped) => [dropped.path, dropped]))
  }

  /** Tells what each file is and reads the artefacts. What cannot be read is refused when it is asked for. */
  static async read(all: readonly Dropped[], hashing: Hashing): Promise<DroppedSet> {
    const set = new DroppedSet(all, hashing)
    for (const dropped of all) await set.take(dropped)
    const named = set.paths('receipt', 'file-proof').flatMap((path) => set.namedDigests(path) ?? [])
    const algorithms = new Set(named.flatMap((digest) => Object.keys(digest)).filter(isDigestAlgorithm))
    set.algorithms = [...algorithms.add('sha256')].filter(hashing.canDigest)
    return set
  }

  private async take(dropped: Dropped): Promise<void> {
    const { path, size } = dropped
    try {
      const kind = await kindOf(dropped)
      this.kinds.set(path, kind)
      if (kind === 'file' || kind === 'zip' || kind === 'certificate') return
      if (size > mostBytesOf[kind]) throw tooLong(path, kind, size)
      this.artefacts.set(path, await dropped.readAt(0, size))
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error
      this.artefacts.set(path, error)
      if (!this.kinds.has(path)) this.kinds.set(path, 'file')
    }
  }

  /** Paths of some kinds, in the order in which they were dropped. */
  paths(...kinds: readonly DroppedKind[]): string[] {
    return this.all.map(({ path }) => path).filter((path) => kinds.includes(this.kind(path)))
  }

  kind(path: string): DroppedKind {
    return this.kinds.get(path) ?? 'file'
  }

  has(path: string): boolean {
    return this.byPath.has(path)
  }

  /** Throws `file-unreadable` for a path that was not dropped. */
  file(path: string): Dropped {
    const dropped = this.byPath.get(path)
    if (dropped !== undefined) return dropped
    throw new EvidenceError('file-unreadable', `${path} is not among what was handed over`, { where: path })
  }

  /** The bytes of an artefact. Throws `file-unreadable`, `receipt-malformed`, `manifest-malformed`. */
  artefact(path: string): Uint8Array {
    const bytes = this.artefacts.get(path)
    if (bytes instanceof Uint8Array) return bytes
    if (bytes !== undefined) throw bytes
    throw new EvidenceError('file-unreadable', `${path} is no receipt or proof that was handed over`, { where: path })
  }

  manifest(path: string): Manifest {
    const known = this.manifests.get(path)
    if (known !== undefined) return known
    const manifest = new Manifest(this.artefact(path))
    this.manifests.set(path, manifest)
    return manifest
  }

  /** The bytes of a manifest, whatever its file is called. Throws as {@link artefact}, and what reading the file throws. */
  private async manifestBytes(path: string): Promise<Uint8Array> {
    if (this.artefacts.has(path)) return this.artefact(path)
    const { size, readAt } = this.file(path)
    if (size > mostBytesOf.manifest) throw tooLong(path, 'manifest', size)
    const [bytes, { digest }] = [await readAt(0, size), await this.measure(path)]
    // What is read is what was hashed.
    if (this.hashing.digestsOf(bytes, ['sha256']).digest.sha256 === digest.sha256) return bytes
    throw new EvidenceError('file-changed', `${path} was changed while it was read`, { where: path })
  }

  /** A file's digests by all algorithms that may be asked for; hashed once. */
  measure(path: string, onBytes?: (count: number) => void): Promise<MeasuredFile> {
    const known = this.measured.get(path)
    if (known !== undefined) return known
    const artefact = this.artefacts.get(path)
    const measured =
      artefact instanceof Uint8Array
        ? Promise.resolve(this.hashing.digestsOf(artefact, this.algorithms))
        : this.hashing.digests(this.file(path), this.algorithms, onBytes)
    this.measured.set(path, measured)
    // A file that could not be read may be there at the next try.
    measured.catch(() => this.measured.delete(path))
    return measured
  }

  /** The digests that the deposit of a receipt, or of a file proof, names. */
  namedDigests(path: string): NamedDigests {
    if (!this.named.has(path)) this.named.set(path, this.readDigests(path))
    return this.named.get(path)
  }

  private readDigests(path: string): NamedDigests {
    const read = attempt(() => {
      const bytes = this.artefact(path)
      const proof = this.kinds.get(path) === 'file-proof' ? parseFileProof(bytes) : undefined
      if (proof !== undefined) return [{ sha256: proof.file.sha256 }]
      const { entry } = parseReceipt(bytes)
      if (!entry.known) return undefined
      return itemsOf(readBody(readStatement(readEnvelope(entry.statement)))).map(({ digest }) => digest)
    })
    return read instanceof EvidenceError ? undefined : read
  }

  /** What the steps of a check are given. */
  readonly handed: Handed = {
    artefact: (path) => this.artefact(path),
    manifest: (path) => this.manifest(path),
    manifestBytes: (path) => this.manifestBytes(path),
    digests: async (path, _algorithms, onBytes) => this.measure(path, onBytes),
    digestsOf: (bytes, algorithms) => this.hashing.digestsOf(bytes, algorithms),
    canDigest: (algorithm) => this.hashing.canDigest(algorithm),
    transitionBeside: (evidence) => {
      const path = transitionPath(artefactOf(evidence))
      return this.has(path) ? parseKeyTransition(this.artefact(path)) : undefined
    },
    baseName,
    pathWithin: (folder, path) =>
      folder === '' ? path : path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : baseName(path),
  }

  /** The manifest of a receipt, by its name; undefined where it was not dropped. */
  manifestBeside(receipt: string): string | undefined {
    const path = manifestOf(receipt)
    return path !== undefined && this.has(path) ? path : undefined
  }

  /** The receipt of a manifest, by its name, or else the one that names its digest; undefined where neither was dropped. */
  async receiptOfManifest(manifest: string): Promise<string | undefined> {
    const own = receiptOf(manifest)
    if (this.has(own)) return own
    const { digest } = await this.measure(manifest)
    return this.paths('receipt').find((path) => isAmong(this.namedDigests(path), digest.sha256))
  }
}

/** A file's own name, without folders. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Whether one of the items has this SHA-256. */
export function isAmong(named: NamedDigests, sha256: string | undefined): boolean {
  return sha256 !== undefined && (named ?? []).some((digest) => digest['sha256'] === sha256)
}

function tooLong(
  path: string,
  kind: Exclude<DroppedKind, 'file' | 'zip' | 'certificate'>,
  size: number,
): EvidenceError {
  const code = kind === 'manifest' ? 'manifest-malformed' : kind === 'policy' ? 'policy-malformed' : 'receipt-malformed'
  return new EvidenceError(code, `${path} has ${size} bytes; the most is ${mostBytesOf[kind]}`, { where: path })
}
