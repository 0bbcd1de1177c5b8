import { append } from '../core/arrays.ts'
import { attempt } from '../core/attempt.ts'
import { equalBytes } from '../core/bytes.ts'
import type { Checkpoint } from '../core/checkpoint-text.ts'
import { parseSignedCheckpoint } from '../core/checkpoint.ts'
import { parseDisclosure } from '../core/disclosure.ts'
import { verifyEd25519 } from '../core/ed25519.ts'
import { leafHash } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import { tileWidth } from '../core/merkle/layout.ts'
import { rootFromTiles, tilesNeeded } from '../core/merkle/tiles.ts'
import { parseVerifierKey, type VerifierKey, verifyNote } from '../core/note.ts'
import { sealedHandling } from '../statements/handling.ts'
import { replayedKinds, type StatementBody } from '../statements/kinds.ts'
import { currentLedgerKeys, type Registry, signsAt } from '../statements/registry.ts'
import { judge } from '../statements/rulebook.ts'
import type { History, RuleContext, TargetFacts } from '../statements/rules.ts'
import { sealedDigestsOf, statesTerms } from '../statements/said.ts'
import { accessAfter } from './access/after.ts'
import { ownSealMs, stateOwnSeal } from './access/terms.ts'
import { type ChainState, emptyChain } from './chain-state.ts'
import { type KnownCheckpoint, type KnownSize, requireKnown, requireKnownSizes } from './copy/known.ts'
import type { DataFolder } from './data-folder.ts'
import {
  EarlierEntry,
  extendChecksum,
  readStored,
  referencedIndices,
  requireLeaf,
  requireSealedHere,
  sealedReferences,
} from './entry-facts.ts'
import { type ErasedDigests, erasedByIndex, readErasures } from './erasures.ts'
import { readHead } from './head-file.ts'
import { checkDatabase } from './leveldb/database-check.ts'
import { makeShadow } from './leveldb/shadow.ts'
import { kindLists } from './lookup-scope.ts'
import { LevelStorage, writeBufferSize } from './leveldb/level-storage.ts'
import { readLookupCodec } from './lookup-secret.ts'
import { readOrders } from './orders.ts'
import type { Published } from './sequencer.ts'
import { readStateSnapshot, type StateSnapshot } from './state-snapshot.ts'
import type { LedgerStorage } from './storage.ts'
import { LedgerTree } from './tree.ts'

/**
 * How much of the end is read entry by entry on open: more than LevelDB's two logs can hold, a last group past the buffer
 * included, so that a lost log shows. Only entries are counted, and logs hold other things besides.
 */
const examinedBytes = 2 * writeBufferSize + 16 * 1024 * 1024

/** What was found in a folder: what is published, and of how many entries that keep state a snapshot spared the judging. */
export interface Examined extends Published {
  readonly saved: number
}

/** What of a folder lies beside its database. */
interface Beside {
  readonly snapshot?: StateSnapshot | undefined
  /** The list of erasures. */
  readonly erased?: () => readonly ErasedDigests[]
}

/**
 * Examines a database before anything is signed on it, and rebuilds what the writer goes on from (docs/design/recovery.md).
 * `guard` is the head: the database must be it, or go on from it. The keys, of which one must have signed and sign at this
 * size, are one but while the ledger's key is being rotated.
 *
 * Throws `checkpoint-missing`, `checkpoint-untrusted`, `database-behind-head`, `database-not-extension`,
 * `database-thinned`, `entry-missing`, `entry-unexpected`, `tile-missing`, `root-mismatch`, `storage-damaged`, `ledger-key-retired`.
 */
export async function examine(
  storage: LedgerStorage,
  guard: Checkpoint,
  keys: readonly VerifierKey[],
  { snapshot, erased = () => [] }: Beside = {},
): Promise<Examined> {
  const note = await storage.checkpoint()
  if (note === undefined) throw new EvidenceError('checkpoint-missing', 'the database holds no checkpoint')
  const checkpoint = readOwnCheckpoint(note, ...keys)
  const { size } = checkpoint
  if (size < guard.size) {
    throw new EvidenceError(
      'database-behind-head',
      `the database has ${size} entries, and the ledger has answered for ${guard.size}`,
      { expected: String(guard.size), found: String(size) },
    )
  }
  const [unexpected] = await storage.entryIndices(size, 1)
  if (unexpected !== undefined) {
    throw new EvidenceError(
      'entry-unexpected',
      `the database holds an entry ${unexpected}, past its checkpoint of ${size}`,
      { index: unexpected },
    )
  }
  const tree = await LedgerTree.rebuild(storage, size)
  if (!equalBytes(rootFromTiles(size, tree.read), checkpoint.root)) {
    throw new EvidenceError(
      'root-mismatch',
      'the entries and tiles of the database do not make the root that its checkpoint signs',
    )
  }
  await requireExtends(tree, guard)
  const last = await examineTail(storage, tree, size)
  const { timeMs } = readStored(last, size - 1).entry
  const judge = (from: ChainState): Promise<Examined> =>
    judgeState({ storage, tree, keys, size, end: { timeMs, leafHash: leafHash(last) }, note, erased }, from)
  const empty = emptyChain(checkpoint.origin)
  const from = await stateToGoOnFrom(tree, size, empty, snapshot)
  if (from === empty) return judge(empty)
  try {
    return await judge(from)
  } catch {
    // Whatever it is, it may be the snapshot's, as one of a build that kept its state otherwise: the entries say all of it.
    return judge(empty)
  }
}

/** What a state is judged on, from the one that it goes on from. */
interface Judged {
  readonly storage: LedgerStorage
  readonly tree: LedgerTree
  readonly keys: readonly VerifierKey[]
  readonly size: number
  /** The last entry. */
  readonly end: Pick<ChainState, 'timeMs' | 'leafHash'> & { readonly timeMs: number }
  readonly note: string
  readonly erased: NonNullable<Beside['erased']>
}

/** Judges every entry that keeps state, from a state on. Throws `ledger-key-retired`, `database-thinned`, `storage-damaged`. */
async function judgeState(
  { storage, tree, keys, size, end, note, erased }: Judged,
  from: ChainState,
): Promise<Examined> {
  const ownSealed = await sealedThemselves(storage, tree, { from: from.size, size, timeMs: end.timeMs })
  const { registry, checksum, access, withoutTerms } = await rebuildRegistry(storage, tree, from, ownSealed)
  const orders = withoutTerms.length === 0 ? [] : await readOrders(storage, tree)
  const lacking = notErased(withoutTerms, [...orders.flatMap(({ of }) => of), ...erased()])
  if (!keys.some(({ text }) => signsAt(registry, text, size))) {
    throw new EvidenceError('ledger-key-retired', `the key does not sign this ledger’s checkpoint of ${size}`, {
      expected: currentLedgerKeys(registry).join(', '),
    })
  }
  const stored = await storage.registryChecksum()
  if (stored?.count !== checksum.count || stored.hash !== checksum.hash) {
    throw new EvidenceError(
      'database-thinned',
      'the look-up keys do not lead to every participant entry that was sequenced',
      {
        expected: String(stored?.count),
        found: String(checksum.count),
      },
    )
  }
  const standing = lacking.length === 0 ? access : { ...access, lacking }
  const state: ChainState = { size, ...end, registry, checksum, access: standing }
  return { state, note, saved: from.checksum.count }
}

/** The checkpoint that this ledger signed. Throws `checkpoint-untrusted`, `genesis-missing`. */
export function readOwnCheckpoint(note: string, ...keys: readonly VerifierKey[]): Checkpoint {
  const signed = parseSignedCheckpoint(new TextEncoder().encode(note))
  if (signed.checkpoint.origin !== keys[0]?.name || verifyNote(signed.note, keys).length === 0) {
    throw new EvidenceError('checkpoint-untrusted', 'the stored checkpoint is not signed by this ledger’s key', {
      expected: keys.map(({ text }) => text).join(', '),
    })
  }
  if (signed.checkpoint.size === 0)
    throw new EvidenceError('genesis-missing', 'the database has no entry, not even a genesis')
  return signed.checkpoint
}

async function requireExtends(tree: LedgerTree, guard: Checkpoint): Promise<void> {
  if (guard.size === 0) return
  const read = await tree.load(tilesNeeded([{ begin: 0, end: guard.size }]))
  if (!equalBytes(rootFromTiles(guard.size, read), guard.root)) {
    throw new EvidenceError(
      'database-not-extension',
      `the database holds another history than the checkpoint of ${guard.size} that was signed`,
    )
  }
}

/** Reads the end of the ledger, newest first, as far as LevelDB's logs may reach; gives the last entry. */
async function examineTail(storage: LedgerStorage, tree: LedgerTree, size: number): Promise<Uint8Array> {
  let bytesSeen = 0
  let last: Uint8Array | undefined
  for (let n = Math.ceil(size / tileWidth) - 1; n >= 0 && bytesSeen < examinedBytes; n--) {
    const begin = n * tileWidth
    const entries = await storage.entries(begin, Math.min(size, begin + tileWidth))
    const tile = (await tree.load([{ level: 0, n }]))(0, n)
    entries.forEach((bytes, i) => {
      const index = begin + i
      if (bytes === undefined) {
        throw new EvidenceError('database-thinned', `entry ${index} is missing from the database`, { index })
      }
      bytesSeen += requireLeaf(bytes, tile?.node(0, i), index).length
      if (index === size - 1) last = bytes
    })
  }
  return last as Uint8Array
}

/** The state before the first entry that is judged again: that of the snapshot where it is of this very tree, else of no entry. */
async function stateToGoOnFrom(
  tree: LedgerTree,
  size: number,
  empty: ChainState,
  snapshot: StateSnapshot | undefined,
): Promise<ChainState> {
  if (snapshot === undefined || snapshot.size > size || snapshot.size < 1) return empty
  const read = await tree.load(tilesNeeded([{ begin: 0, end: snapshot.size }]))
  return equalBytes(rootFromTiles(snapshot.size, read), snapshot.root) ? { ...empty, ...snapshot } : empty
}

/** Who may sign what, from the entries at and after the size of a state that say so; each is judged again by the rulebook. */
async function rebuildRegistry(
  storage: LedgerStorage,
  tree: LedgerTree,
  from: ChainState,
  ownSealed: readonly number[],
): Promise<Pick<ChainState, 'registry' | 'checksum' | 'access'> & { readonly withoutTerms: readonly ErasedDigests[] }> {
  // Which key signs is asked of the whole registry, below: a rotation may have brought it.
  let { registry, checksum, access } = from
  const context: RuleContext = { origin: registry.origin, ledgerKeys: [], verifies: verifyEd25519 }
  const indices: number[] = [...ownSealed]
  const sealing = new Set(ownSealed)
  const withoutTerms: ErasedDigests[] = []
  for (const list of replayedKinds().flatMap(kindLists)) {
    for (let after = from.size - 1; ; ) {
      const page = await storage.lookupList(list, after, 1000)
      append(indices, page)
      if (page.length < 1000) break
      after = page[page.length - 1] as number
    }
  }
  for (const index of indices.sort((a, b) => a - b)) {
    const bytes = await tree.entry(index)
    const { entry, statement } = readStored(bytes, index)
    if (sealing.has(index)) {
      access = stateOwnSeal(access, { index, by: statement.common.iss, timeMs: entry.timeMs })
      continue
    }
    const targets = new Map<number, TargetFacts>()
    for (const at of referencedIndices(statement))
      if (at < index) targets.set(at, new EarlierEntry(await tree.entry(at), at).facts)
    const history: History = { findStatement: () => undefined, target: (at) => targets.get(at) }
    const judgement = judge(registry, { index, time: entry.time, timeMs: entry.timeMs, statement }, history, context)
    const [fault] = judgement.violations
    if (fault !== undefined) {
      throw new EvidenceError(
        'storage-damaged',
        `entry ${index} breaks the rulebook: ${fault.message}`,
        { index },
        { cause: fault },
      )
    }
    registry = judgement.next
    checksum = extendChecksum(checksum, leafHash(bytes))
    const { body } = judgement
    const disclosures = body === undefined || !statesTerms(body) ? [] : await keptDisclosures(storage, index, body)
    if (body !== undefined && statesTerms(body) && disclosures.length === 0)
      withoutTerms.push({ index, digests: sealedDigestsOf(body) })
    for (const at of sealedReferences(statement, disclosures))
      if (at < index) targets.set(at, new EarlierEntry(await tree.entry(at), at).facts)
    const { timeMs } = entry
    const said = {
      body,
      disclosures: disclosures.map(parseDisclosure),
      timeMs,
      by: statement.common.iss,
    }
    const after = attempt(() =>
      accessAfter({ size: index, access }, registry, { ...said, history, mayRefer: () => true, isAgain: true }),
    )
    if (after instanceof EvidenceError) {
      const message = `the terms of entry ${index} cannot be applied again: ${after.message}`
      throw new EvidenceError('storage-damaged', message, { index }, { cause: after })
    }
    access = after
  }
  return { registry, checksum, access, withoutTerms }
}

/** Which rules of access lack terms that nothing erased, neither an order nor the operator: a seal or a hold may have been lost with them. */
function notErased(withoutTerms: readonly ErasedDigests[], erased: readonly ErasedDigests[]): number[] {
  const known = erasedByIndex(erased)
  return withoutTerms
    .filter(({ index, digests }) => !digests.every((digest) => known.get(index)?.has(digest) === true))
    .map(({ index }) => index)
}

/** The disclosures that are kept for an entry, each compared with its digest. Throws `storage-damaged`. */
async function keptDisclosures(
  storage: Pick<LedgerStorage, 'disclosures'>,
  index: number,
  body: StatementBody,
): Promise<string[]> {
  const kept = await storage.disclosures(index)
  requireSealedHere(kept, sealedDigestsOf(body), index)
  return kept
}

/** Deposits, from `from` on, that sealed themselves in the last days before the end of the ledger, ascending. */
async function sealedThemselves(
  storage: LedgerStorage,
  tree: LedgerTree,
  end: { readonly from: number; readonly size: number; readonly timeMs: number },
): Promise<number[]> {
  const key = { by: 'handling', number: sealedHandling } as const
  const found: number[] = []
  const [any] = await storage.lookup(key, -1, 1)
  if (any === undefined) return found
  for (let after = Math.max(end.from, await firstSince(tree, end.size, end.timeMs - ownSealMs)) - 1; ; ) {
    const page = await storage.lookup(key, after, 1000)
    append(
      found,
      page.filter((index) => index < end.size),
    )
    if (page.length < 1000) return found
    after = page[page.length - 1] as number
  }
}

/** Index of the first entry at or after a time; times never go back in a ledger. */
async function firstSince(tree: LedgerTree, size: number, timeMs: number): Promise<number> {
  let [low, high] = [0, size]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (readStored(await tree.entry(middle), middle).entry.timeMs < timeMs) low = middle + 1
    else high = middle
  }
  return low
}

/** The ledger's keys that sign at a size. */
function keysAt(registry: Registry, size: number): VerifierKey[] {
  return registry.ledgerKeys.filter((vkey) => signsAt(registry, vkey, size)).map((vkey) => parseVerifierKey(vkey))
}

/** All that may refuse to open, on a stand-in for the database: what is refused is left as it was found. */
export async function examineStandIn(
  folder: DataFolder,
  keys: readonly VerifierKey[],
  known: readonly KnownCheckpoint[] = [],
  knownSizes: readonly KnownSize[] = [],
): Promise<Examined> {
  const [fault] = checkDatabase(folder.database).faults
  if (fault !== undefined) throw fault
  const { checkpoint } = readHead(folder.head, ...keys)
  const shadow = makeShadow(folder.database)
  try {
    const storage = await LevelStorage.open(shadow.folder, readLookupCodec(folder))
    try {
      const published = await examine(storage, checkpoint, keys, {
        snapshot: readStateSnapshot(folder.state, keys),
        erased: () => readErasures(folder.erased),
      })
      // Database and head may have gone back together: only what is kept elsewhere can tell.
      if (known.length > 0)
        await requireKnown(
          await LedgerTree.rebuild(storage, published.state.size),
          known,
          keys[0] as VerifierKey,
          (size) => keysAt(published.state.registry, size),
        )
      requireKnownSizes(published.state.size, knownSizes)
      return published
    } finally {
      await storage.close()
    }
  } finally {
    shadow.dispose()
  }
}
