import { toBase64 } from '../core/base64.ts'
import { settled } from '../core/attempt.ts'
import { concatAll, equalBytes } from '../core/bytes.ts'
import type { Checkpoint } from '../core/checkpoint-text.ts'
import { parseSignedCheckpoint, type SignedCheckpoint } from '../core/checkpoint.ts'
import { leafHash } from '../core/entry.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import { emptyRoot } from '../core/merkle/hashing.ts'
import { tileLevels, tilesAt, tileWidth, tileWidthAt } from '../core/merkle/layout.ts'
import { CompactRange } from '../core/merkle/range.ts'
import { fullTileRoots } from '../core/merkle/tile.ts'
import { defined } from '../core/objects.ts'
import type { Appraiser } from './appraiser.ts'
import { type Finding, type FindingList, findingOf } from './report.ts'
import { AuthenticTiles } from '../log/authentic-tiles.ts'
import type { LogSource } from '../log/log.ts'
import type { WalkHistory } from './walk-history.ts'

const tileBytes = tileWidth * 32

/** What the tiles showed before an entry was read. */
export interface TreeFacts {
  /** True where the leaf hashes of the tiles make the signed root: then each of them is what was sequenced. */
  readonly authentic: boolean
  /** Leaves that the tiles gave; entries past them are held to their own hashes. */
  readonly leaves: number
  /** Root of the first `size` leaves, of those that the tiles gave. */
  readonly rootAt: (size: number) => Uint8Array
  /** True where the tree is too large to be walked on: nothing of it shows that it is there. */
  readonly isEnded?: boolean
}

type TileRead = { readonly bytes: Uint8Array } | { readonly fault: Finding }

/** Reads a tile; a missing or malformed one is a fault. */
async function readTile(source: LogSource, level: number, n: number, width: number): Promise<TileRead> {
  const bytes = await source.tile(level, n, width)
  if (bytes !== undefined && bytes.length % 32 === 0 && bytes.length >= width * 32 && bytes.length <= tileWidth * 32) {
    return { bytes: bytes.subarray(0, width * 32) }
  }
  const where = `tile ${n} of level ${level}`
  const fault: Finding =
    bytes === undefined
      ? { code: 'tile-missing', message: `The ${where} is missing.`, where }
      : { code: 'tile-malformed', message: `The ${where} has ${bytes.length} bytes, not ${width * 32}.`, where }
  return { fault }
}

/** Tiles that are read and hashed in one go, and such goes that are under way at once. */
/** Leaves of a tree that is walked whole whatever its root shows, so that every fault of it is told. Of a larger one nothing is held that the root does not show. */
const mostUnshown = 2 ** 20

const tilesPerStep = 32
const lookahead = 4

/** The tiles of level 0, in order, the full ones with their roots. */
async function* leafTiles(
  source: LogSource,
  size: number,
  appraiser: Appraiser | undefined,
): AsyncGenerator<readonly { readonly read: TileRead; readonly root: Uint8Array | undefined }[]> {
  const count = tilesAt(0, size)
  const step = async (begin: number) => {
    const numbers = Array.from({ length: Math.min(tilesPerStep, count - begin) }, (_, i) => begin + i)
    const reads = await Promise.all(numbers.map((n) => readTile(source, 0, n, tileWidthAt(0, n, size))))
    const full = reads.flatMap((read) => ('bytes' in read && read.bytes.length === tileBytes ? [read.bytes] : []))
    const tiles = concatAll(full)
    const roots = await (appraiser?.tileRoots(tiles) ?? fullTileRoots(tiles))
    let at = 0
    return reads.map((read) => {
      const isFull = 'bytes' in read && read.bytes.length === tileBytes
      return { read, root: isFull ? roots.subarray(at, (at += 32)) : undefined }
    })
  }
  const pending: ReturnType<typeof step>[] = []
  for (let next = 0; next < count || pending.length > 0; ) {
    while (pending.length < lookahead && next < count) {
      const ahead = step(next)
      // Awaited in its turn; until then a failure must not count as unhandled.
      ahead.catch(() => {})
      pending.push(ahead)
      next += tilesPerStep
    }
    yield await (pending.shift() as ReturnType<typeof step>)
  }
}

/**
 * Walks the tiles alone: leaf hashes into the history, their root against the checkpoint, and every higher tile against
 * the tiles below it.
 */
export async function walkTree(
  source: LogSource,
  checkpoint: Checkpoint,
  history: WalkHistory,
  faults: FindingList,
  appraiser?: Appraiser,
): Promise<TreeFacts> {
  const { size, root } = checkpoint
  const levels = tileLevels(size)
  /** Roots of the full tiles of level 0. */
  const roots: Uint8Array[] = []
  let leaves = 0
  /** Per level, how many hashes the tiles below have given it. */
  const higher: number[] = []
  let whole = true
  // Per level, the hashes of full tiles below that wait for the tile that must hold them.
  const waiting: Uint8Array[][] = Array.from({ length: levels + 1 }, () => [])
  const settle = async (level: number, n: number, width: number): Promise<void> => {
    const expected = waiting[level]?.splice(0, width) ?? []
    const read = await readTile(source, level, n, width)
    if ('fault' in read) faults.add(read.fault)
    else {
      expected.forEach((hash, i) => {
        const found = read.bytes.subarray(i * 32, i * 32 + 32)
        if (equalBytes(found, hash)) return
        const where = `tile ${n} of level ${level}, hash ${i}`
        const message = 'A stored tile does not hold the hash of the tiles below it.'
        faults.add({ code: 'tile-altered', message, where, expected: toBase64(hash), found: toBase64(found) })
      })
    }
    if (width === tileWidth) await lift(level, fullTileRoots(concatAll(expected)))
  }
  /** A full tile of `level` has this root: a hash of the level above. */
  const lift = async (level: number, root: Uint8Array): Promise<void> => {
    waiting[level + 1]?.push(root)
    const above = (higher[level + 1] ?? 0) + 1
    higher[level + 1] = above
    if (level + 1 < levels && above % tileWidth === 0) await settle(level + 1, above / tileWidth - 1, tileWidth)
  }
  const isLarge = size > mostUnshown
  const authentic = new AuthenticTiles(source.name, checkpoint, async (level, n) => {
    const read = await readTile(source, level, n, tileWidthAt(level, n, size))
    if ('bytes' in read) return read.bytes
    const { code, message, where } = read.fault
    throw new EvidenceError(code, message, defined({ where }))
  })
  /** Whether a full tile of level 0 with this root belongs to the signed root, as far as that is asked; a fault where not. */
  const isShown = async (n: number, root: Uint8Array): Promise<boolean> => {
    const above = isLarge ? await settled(authentic.rootOf(0, n)) : root
    if (above instanceof EvidenceError) faults.add(findingOf(above))
    else if (equalBytes(above, root)) return true
    else {
      const message = 'A stored tile does not have the root that stands in the tile above it.'
      faults.add({ code: 'tile-altered', message, where: `tile ${n} of level 0` })
    }
    return false
  }
  // Before a tile is asked for that no root shows to be there.
  const edge = isLarge ? await settled(authentic.requireRoot()) : undefined
  if (edge instanceof EvidenceError) {
    faults.add(findingOf(edge))
    return { authentic: false, leaves: 0, rootAt: () => emptyRoot(), isEnded: true }
  }
  tiles: for await (const step of leafTiles(source, size, appraiser)) {
    for (const { read, root } of step) {
      if ('fault' in read) {
        faults.add(read.fault)
        whole = false
        break tiles
      }
      if (root !== undefined && !(await isShown(leaves / tileWidth, root)))
        return { authentic: false, leaves, rootAt: (upTo) => rootOf(history, roots, upTo), isEnded: true }
      history.addLeaves(leaves, read.bytes)
      leaves += read.bytes.length / 32
      if (root === undefined) continue
      roots.push(root)
      await lift(0, root)
    }
  }
  for (let level = 1; whole && level < levels; level++) {
    const width = tileWidthAt(level, tilesAt(level, size) - 1, size)
    if (width < tileWidth) await settle(level, tilesAt(level, size) - 1, width)
  }
  const rootAt = (upTo: number): Uint8Array => rootOf(history, roots, upTo)
  const found = rootAt(leaves)
  if (whole && equalBytes(found, root)) return { authentic: true, leaves: size, rootAt }
  if (await entriesMakeRoot(source, checkpoint, history, leaves, faults)) {
    return { authentic: true, leaves: size, rootAt: (upTo) => rootOf(history, [], upTo) }
  }
  if (whole) {
    const message = 'The tree that is stored is not the tree whose root the checkpoint signs.'
    faults.add({ code: 'root-mismatch', message, expected: toBase64(root), found: toBase64(found) })
  }
  return { authentic: false, leaves, rootAt }
}

/** Root of the first `size` leaves: from the roots of tiles as far as there are any, and from leaves after them. */
function rootOf(history: WalkHistory, roots: readonly Uint8Array[], size: number): Uint8Array {
  const full = new CompactRange()
  const edge = new CompactRange()
  const tiles = Math.min(roots.length, Math.floor(size / tileWidth))
  for (let n = 0; n < tiles; n++) full.append(roots[n] as Uint8Array)
  for (let index = tiles * tileWidth; index < size; index++) edge.append(history.leaf(index))
  return tiles === 0 ? edge.root() : full.rootWith(edge)
}

/**
 * Where the tiles do not make the signed root, perhaps the entries do: then the entries are what was sequenced, and each leaf
 * that a tile gave otherwise is the tile's fault.
 */
async function entriesMakeRoot(
  source: LogSource,
  { size, root }: Checkpoint,
  history: WalkHistory,
  leaves: number,
  faults: FindingList,
): Promise<boolean> {
  const range = new CompactRange()
  const hashes: Uint8Array[] = []
  for (let n = 0; n < tilesAt(0, size); n++) {
    const entries = await source.entries(n, tileWidthAt(0, n, size))
    for (const bytes of entries) {
      if (bytes === undefined) return false
      const hash = leafHash(bytes)
      hashes.push(hash)
      range.append(hash)
    }
  }
  if (!equalBytes(range.root(), root)) return false
  hashes.forEach((hash, index) => {
    if (index < leaves && !equalBytes(history.leaf(index), hash)) {
      const where = `tile ${Math.floor(index / tileWidth)} of level 0, hash ${index % tileWidth}`
      const message = `A stored tile does not hold the leaf hash of entry ${index}.`
      const found = toBase64(history.leaf(index))
      faults.add({ code: 'tile-altered', index, message, where, expected: toBase64(hash), found })
    }
    history.addLeaf(index, hash)
  })
  return true
}

/** Reads and splits the checkpoint; undefined where there is none that can be read. */
export async function readCheckpoint(
  source: LogSource,
  faults: FindingList,
): Promise<(SignedCheckpoint & { readonly bytes: Uint8Array }) | undefined> {
  try {
    const bytes = await source.checkpoint()
    return { ...parseSignedCheckpoint(bytes), bytes }
  } catch (error) {
    if (!isEvidenceError(error) || error.kind.exit === 3) throw error
    faults.add(findingOf(error))
    return undefined
  }
}
