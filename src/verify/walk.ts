import { toBase64 } from '../core/base64.ts'
import { fromUtf8 } from '../core/bytes.ts'
import type { SignedCheckpoint } from '../core/checkpoint.ts'
import { defined } from '../core/objects.ts'
import type { Policy } from '../core/policy.ts'
import { timeText, tryTime } from '../core/time.ts'
import { emptyRegistry, type Registry } from '../statements/registry.ts'
import { contradictionsOf, judgeCheckpoint, judgeDoubted, judgeEarlier, trustedBelow } from './judge-checkpoints.ts'
import type { EntryObserver } from './judge-entry.ts'
import { judgeLedgerKeys } from './ledger-keys.ts'
import type { Flag, OrderBefore, OrderedErasure } from './ordered-erasures.ts'
import { type Finding, FindingList, joining } from './report.ts'
import type { LogSource } from '../log/log.ts'
import type { Appraiser } from './appraiser.ts'
import { EntryWalk } from './walk-entries.ts'
import { WalkHistory } from './walk-history.ts'
import { walkTrusted } from './walk-trusted.ts'
import { readCheckpoint, type TreeFacts, walkTree } from './walk-tree.ts'

export interface WalkOptions {
  readonly source: LogSource
  readonly policy: Policy
  /** Checkpoints that were kept before, whose histories this ledger must go on from. */
  readonly earlier?: readonly SignedCheckpoint[]
  /** A checkpoint whose ledger was verified before: entries below it are hashed again, and not judged again. */
  readonly trusted?: SignedCheckpoint
  /** Other threads to judge on; all is done in this one without. */
  readonly appraiser?: Appraiser
  readonly observer?: EntryObserver
  readonly onProgress?: (done: number, total: number) => void
}

/** What a re-walk found (docs/spec/10-verification.md). */
export interface WalkReport {
  readonly source: string
  readonly origin: string | undefined
  readonly environment: 'trial' | 'production' | undefined
  readonly size: number
  /** base64 */
  readonly root: string | undefined
  /** The signed checkpoint, as it was read. */
  readonly checkpoint: string | undefined
  /** True where the policy accepts the checkpoint's signatures. */
  readonly checkpointTrusted: boolean
  readonly witnesses: readonly { readonly name: string; readonly timestamp: number | undefined }[]
  readonly faults: readonly Finding[]
  /** All faults, those past the kept ones included. */
  readonly faultCount: number
  /** Code `not-judged`. */
  readonly unjudged: readonly Finding[]
  /**
   * Entries that stand: by keys that were later said to have been compromised at their time, with claims that should be erased by now, or with
   * something else to be said for ever.
   */
  readonly flagged: readonly Flag[]
  /** Sealed claims that are withheld because their erasure was ordered. */
  readonly ordered: readonly OrderedErasure[]
  /** Orders for the ledger that this one continues, in which nothing was found: its operator executes them. */
  readonly orderedBefore: readonly OrderBefore[]
  readonly disclosures: { readonly present: number; readonly withheld: number; readonly foreign: number } | undefined
  readonly kinds: Readonly<Record<string, number>>
  readonly participants: number
  /** Index of the entry that closed the ledger. */
  readonly closedAt?: number
  /** Index of the entry that ended the intake of deposits. */
  readonly intakeEndedAt?: number
  /** Origin of the ledger that goes on from one that was closed, or whose intake ended. */
  readonly successor?: string
  readonly firstTime: string | undefined
  readonly lastTime: string | undefined
  /** What this walk did not look at. */
  readonly notChecked: readonly string[]
}

/**
 * Re-walks a ledger: checkpoint against the policy, tiles against the checkpoint, each entry against its leaf, and the
 * whole rulebook at each index. Does not stop at a fault. Throws only what reading the source throws with exit code 3, and not even that
 * once there is a fault in a tree that the ledger signed: then it is a finding beside that, and the report of what was read until then.
 */
export async function walk(options: WalkOptions): Promise<WalkReport> {
  const { source, policy } = options
  const faults = new FindingList()
  const unjudged = new FindingList()
  const signed = await readCheckpoint(source, faults)
  if (signed === undefined) return emptyReport(source, faults)
  const { checkpoint } = signed
  const found = { policy, faults, unjudged }
  const trust = judgeCheckpoint(found, signed)
  const history = new WalkHistory()
  const appraiser = options.appraiser?.isWorth?.(checkpoint.size) === false ? undefined : options.appraiser
  let tree: TreeFacts
  try {
    tree = await walkTree(source, checkpoint, history, faults, appraiser)
  } catch (error) {
    // A ledger that shows another history than one that was kept need give no tile: both checkpoints are signed.
    const contradictions = trust.trusted ? contradictionsOf(found, options.earlier ?? [], signed) : []
    for (const one of contradictions) faults.add(one)
    faults.add(joining(error, contradictions))
    return unreadReport(emptyReport(source, faults), signed, trust)
  }
  let isCutOff = tree.isEnded === true
  const guarded = async <T>(step: () => Promise<T>): Promise<T | undefined> => {
    try {
      return isCutOff ? undefined : await step()
    } catch (error) {
      // Where the tiles do not make the signed root, nobody signed what contradicts it.
      faults.add(joining(error, tree.authentic ? faults.kept : []))
      isCutOff = true
      return undefined
    }
  }
  if (tree.authentic) history.rootAt = tree.rootAt
  const doubted = judgeEarlier(found, options.earlier ?? [], signed, tree)
  const trustedSize = trustedBelow(found, options.trusted, signed, tree)
  // Which keys sign is asked after the last entry: a rotation may have brought one that the genesis does not name.
  const context = { origin: trust.origin, ledgerKeys: [] }
  const { size } = checkpoint
  if (size === 0) faults.add({ code: 'genesis-missing', message: 'The ledger is empty: it has no genesis.' })
  const registry = emptyRegistry(trust.origin)
  const erased = await guarded(async () => source.erased?.())
  const { appraiser: _offered, ...others } = options
  const parts = {
    ...others,
    ...defined({ appraiser }),
    size,
    trustedSize,
    tree,
    history,
    context,
    registry,
    faults,
    unjudged,
  }
  const entryWalk = new EntryWalk({ ...parts, ...defined({ erased }) })
  await guarded(async () => {
    if (trustedSize > 0) await walkTrusted(parts, entryWalk)
    await entryWalk.run()
    await entryWalk.compareErasures()
  })
  const { judge } = entryWalk
  const { erasures } = judge
  for (const lost of erasures.lost()) faults.add(lost)
  const { environment, participants, closedAt, intakeEndedAt, successor } = judge.registry
  // Which keys sign is told by all entries together.
  if (!isCutOff) {
    judgeLedgerKeys(judge.registry, trust.verified, size, faults, unjudged)
    judgeDoubted(found, judge.registry, doubted)
  }
  return {
    source: source.name,
    origin: trust.origin,
    environment,
    size,
    root: toBase64(checkpoint.root),
    checkpoint: fromUtf8(signed.bytes),
    checkpointTrusted: trust.trusted,
    witnesses: trust.witnesses,
    faults: faults.kept,
    faultCount: faults.total,
    unjudged: unjudged.kept,
    flagged: [...compromised(judge.registry, history), ...judge.flagged.slice(0, mostFlagged), ...erasures.flags],
    ordered: erasures.ordered,
    orderedBefore: erasures.before,
    disclosures: source.disclosuresIn === undefined ? undefined : judge.disclosures,
    kinds: judge.kinds,
    participants: participants.size,
    ...defined({ closedAt, intakeEndedAt, successor: successor?.origin }),
    firstTime: asTime(judge.firstMs),
    lastTime: asTime(judge.lastMs),
    notChecked: [...(isCutOff ? [cutOff] : []), ...notChecked(options, size, trustedSize)],
  }
}

const cutOff = 'Entries that could not be read, and which keys sign: the ledger, or its copy, gave no more.'

function asTime(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : timeText(ms)
}

/** Most entries that are flagged of one sort. */
const mostFlagged = 10_000

/** Entries by keys (or all keys of participants) with `compromisedSince` at or before their time: flagged, not faulted. */
function compromised(registry: Registry, history: WalkHistory): Flag[] {
  const byKey = compromiseTimes(registry.keys)
  const byParticipant = compromiseTimes(registry.participants)
  if (byKey.size === 0 && byParticipant.size === 0) return []
  const isFlagged = (iss: string, kid: string, timeMs: number): boolean =>
    timeMs >= Math.min(byKey.get(kid) ?? Infinity, byParticipant.get(iss) ?? Infinity)
  const flagged: Flag[] = []
  for (const index of history.matching(isFlagged)) {
    const message = `Entry ${index} was signed by a key that was later said to have been compromised at that time.`
    flagged.push({ index, message })
    if (flagged.length === mostFlagged) break
  }
  return flagged
}

/** When each was compromised, of those that are said to have been. */
function compromiseTimes(
  records: ReadonlyMap<string, { readonly compromisedSince?: string }>,
): ReadonlyMap<string, number> {
  const times = new Map<string, number>()
  for (const [name, { compromisedSince }] of records)
    if (compromisedSince !== undefined) times.set(name, tryTime(compromisedSince) ?? 0)
  return times
}

function notChecked({ source, policy, observer }: WalkOptions, size: number, trustedSize: number): string[] {
  const out = [
    `Later events: this is the ledger as of size ${size}.`,
    'Whether what was deposited is true, or was untouched before it was deposited.',
  ]
  if (trustedSize > 0) {
    out.push(
      `The ${trustedSize} entries below the trusted checkpoint, but for their bytes and who may sign what: ` +
        'they were not judged again, nor their disclosures and look-up keys; nor, of the others, keys that lead astray.',
    )
  }
  if (source.disclosuresIn === undefined) out.push('Disclosures: this source keeps none.')
  if (observer === undefined) {
    out.push('Look-up keys: that a search, or an answer about later events, leaves nothing out is the ledger’s word.')
  }
  if (policy.quorum === 'none') {
    out.push('Whether others were shown the same history: the policy asks for no witness.')
  }
  return out
}

function emptyReport(source: LogSource, faults: FindingList): WalkReport {
  return {
    source: source.name,
    origin: undefined,
    environment: undefined,
    size: 0,
    root: undefined,
    checkpoint: undefined,
    checkpointTrusted: false,
    witnesses: [],
    faults: faults.kept,
    faultCount: faults.total,
    unjudged: [],
    flagged: [],
    ordered: [],
    orderedBefore: [],
    disclosures: undefined,
    kinds: {},
    participants: 0,
    firstTime: undefined,
    lastTime: undefined,
    notChecked: ['Any entry: without a checkpoint nothing says how many there are.'],
  }
}

/** The report of a ledger that gave its checkpoint, and then could not be read. */
function unreadReport(empty: WalkReport, signed: WalkedCheckpoint, trust: Trust): WalkReport {
  const { checkpoint, bytes } = signed
  return {
    ...empty,
    origin: trust.origin,
    size: checkpoint.size,
    root: toBase64(checkpoint.root),
    checkpoint: fromUtf8(bytes),
    checkpointTrusted: trust.trusted,
    witnesses: trust.witnesses,
    notChecked: ['Any tile or entry: the ledger did not give them.'],
  }
}

type WalkedCheckpoint = NonNullable<Awaited<ReturnType<typeof readCheckpoint>>>
type Trust = ReturnType<typeof judgeCheckpoint>
