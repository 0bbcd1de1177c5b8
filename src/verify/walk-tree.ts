import {
  CompactRange,
  equalBytes,
  isEvidenceError,
  leafHash,
  parseSignedCheckpoint,
  type SignedCheckpoint,
  tileLevels,
  tilesAt,
  tileWidth,
  tileWidthAt,
  toBase64,
  type Checkpoint,
} from '../core/index.ts'
import { type FindingList, findingOf } from './report.ts'
import type { LogSource } from './source.ts'
import type { WalkHistory } from './walk-history.ts'

/** What the tiles showed before an entry was read. */
export interface TreeFacts {
  /** True where the leaf hashes of the tiles make the signed root: then each of them is what was sealed. */
  readonly authentic: boolean
  /** Leaves that the tiles gave; entries past them are held to their own hashes. */
  readonly leaves: number
}

/** Reads a tile; a missing or malformed one is a fault. */
async function readTile(
  source: LogSource,
  level: number,
  n: number,
  width: number,
  faults: FindingList,
): Promise<Uint8Array | undefined> {
  const bytes = await source.tile(level, n, width)
  if (bytes !== undefined && bytes.length % 32 === 0 && bytes.length >= width * 32 && bytes.length <= tileWidth * 32) {
    return bytes.subarray(0, width * 32)
  }
  const what = `tile ${n} of level ${level}`
  faults.add(
    bytes === undefined
      ? { code: 'tile-missing', message: `The ${what} is missing.`, where: what }
      : { code: 'tile-malformed', message: `The ${what} has ${bytes.length} bytes, not ${width * 32}.`, where: what },
  )
  return undefined
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
): Promise<TreeFacts> {
  const { size, root } = checkpoint
  const levels = tileLevels(size)
  /** Roots of the full tiles of level 0, and the leaves after them. */
  const full = new CompactRange()
  const edge = new CompactRange()
  let leaves = 0
  /** Per level, how many hashes the tiles below have given it. */
  const higher: number[] = []
  let whole = true
  // Per level, the hashes of full tiles below that wait for the tile that must hold them.
  const waiting: Uint8Array[][] = Array.from({ length: levels + 1 }, () => [])
  const settle = async (level: number, n: number, width: number): Promise<void> => {
    const expected = waiting[level]?.splice(0, width) ?? []
    const bytes = await readTile(source, level, n, width, faults)
    if (bytes !== undefined) {
      expected.forEach((hash, i) => {
        const found = bytes.subarray(i * 32, i * 32 + 32)
        if (equalBytes(found, hash)) return
        const where = `tile ${n} of level ${level}, hash ${i}`
        const message = 'A stored tile does not hold the hash of the tiles below it.'
        faults.add({ code: 'tile-altered', message, where, expected: toBase64(hash), found: toBase64(found) })
      })
    }
    if (width === tileWidth) await lift(level, expected)
  }
  const lift = async (level: number, hashes: readonly Uint8Array[]): Promise<Uint8Array> => {
    const tile = new CompactRange()
    for (const hash of hashes) tile.append(hash)
    const root = tile.root()
    waiting[level + 1]?.push(root)
    const above = (higher[level + 1] ?? 0) + 1
    higher[level + 1] = above
    if (level + 1 < levels && above % tileWidth === 0) await settle(level + 1, above / tileWidth - 1, tileWidth)
    return root
  }
  for (let n = 0; n < tilesAt(0, size); n++) {
    const width = tileWidthAt(0, n, size)
    const bytes = await readTile(source, 0, n, width, faults)
    if (bytes === undefined) {
      whole = false
      break
    }
    const hashes = Array.from({ length: width }, (_, i) => bytes.subarray(i * 32, i * 32 + 32))
    hashes.forEach((hash, i) => {
      if (width < tileWidth) edge.append(hash)
      history.addLeaf(n * tileWidth + i, hash)
    })
    leaves += width
    if (width === tileWidth) full.append(await lift(0, hashes))
  }
  for (let level = 1; whole && level < levels; level++) {
    const width = tileWidthAt(level, tilesAt(level, size) - 1, size)
    if (width < tileWidth) await settle(level, tilesAt(level, size) - 1, width)
  }
  const found = full.rootWith(edge)
  if (whole && equalBytes(found, root)) return { authentic: true, leaves: size }
  if (await entriesMakeRoot(source, checkpoint, history, leaves, faults)) return { authentic: true, leaves: size }
  if (whole) {
    faults.add({
      code: 'root-mismatch',
      message: 'The tree that is stored is not the tree whose root the checkpoint signs.',
      expected: toBase64(root),
      found: toBase64(found),
    })
  }
  return { authentic: false, leaves }
}

/**
 * Where the tiles do not make the signed root, perhaps the entries do: then the entries are what was sealed, and each leaf
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
      faults.add({
        code: 'tile-altered',
        index,
        message,
        where,
        expected: toBase64(hash),
        found: toBase64(history.leaf(index)),
      })
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
