import { toBase64 } from '../core/base64.ts'
import { equalBytes, fromUtf8 } from '../core/bytes.ts'
import type { Checkpoint } from '../core/checkpoint-text.ts'
import type { SignedCheckpoint } from '../core/checkpoint.ts'
import { isEvidenceError } from '../core/errors.ts'
import type { SignedNote } from '../core/note.ts'
import { type Policy, readSigners, requireQuorum } from '../core/policy.ts'
import { tryTime } from '../core/time.ts'
import { emptyRegistry, type Registry } from '../statements/registry.ts'
import { isSignedByLedger, judgeLedgerKeys } from './ledger-keys.ts'
import { type Finding, FindingList, findingOf } from './report.ts'
import type { LogSource } from '../log/log.ts'
import type { Appraiser } from './appraiser.ts'
import { type EntryObserver, EntryWalk, type EntryWalkResult } from './walk-entries.ts'
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
  /** Entries that stand, by keys that were later said to have been compromised at their time. */
  readonly flagged: readonly { readonly index: number; readonly message: string }[]
  readonly disclosures: EntryWalkResult['disclosures'] | undefined
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
 * whole rulebook at each index. Does not stop at a fault. Throws only what reading the source throws with exit code 3.
 */
export async function walk(options: WalkOptions): Promise<WalkReport> {
  const { source, policy } = options
  const faults = new FindingList()
  const unjudged = new FindingList()
  const signed = await readCheckpoint(source, faults)
  if (signed === undefined) return emptyReport(source, faults)
  const { checkpoint, note } = signed
  const trust = judgeCheckpoint(policy, note, checkpoint, faults, unjudged)
  const history = new WalkHistory()
  const tree = await walkTree(source, checkpoint, history, faults, options.appraiser)
  if (tree.authentic) history.rootAt = tree.rootAt
  const doubted = judgeEarlier(options, options.earlier ?? [], checkpoint, tree, faults, unjudged)
  const trustedSize = trustedBelow(options, checkpoint, tree, faults, unjudged)
  // Which keys sign is asked after the last entry: a rotation may have brought one that the genesis does not name.
  const context = { origin: trust.origin, ledgerKeys: [] }
  const { size } = checkpoint
  if (size === 0) faults.add({ code: 'genesis-missing', message: 'The ledger is empty: it has no genesis.' })
  const registry = emptyRegistry(trust.origin)
  const parts = { ...options, size, trustedSize, tree, history, context, registry, faults, unjudged }
  const erased = await source.erased?.()
  const entryWalk = new EntryWalk(erased === undefined ? parts : { ...parts, erased })
  if (trustedSize > 0) await walkTrusted(parts, entryWalk)
  const result = await entryWalk.run()
  judgeLedgerKeys(result.registry, trust.verified, size, faults, unjudged)
  judgeDoubted(result.registry, doubted, faults, unjudged)
  return {
    source: source.name,
    origin: trust.origin,
    environment: result.registry.environment,
    size,
    root: toBase64(checkpoint.root),
    checkpoint: fromUtf8(signed.bytes),
    checkpointTrusted: trust.trusted,
    witnesses: trust.witnesses,
    faults: faults.kept,
    faultCount: faults.total,
    unjudged: unjudged.kept,
    flagged: compromised(result.registry, history),
    disclosures: source.disclosuresIn === undefined ? undefined : result.disclosures,
    kinds: result.kinds,
    participants: result.registry.participants.size,
    ...(result.registry.closedAt === undefined ? {} : { closedAt: result.registry.closedAt }),
    ...(result.registry.intakeEndedAt === undefined ? {} : { intakeEndedAt: result.registry.intakeEndedAt }),
    ...(result.registry.successor === undefined ? {} : { successor: result.registry.successor.origin }),
    firstTime: result.firstTime,
    lastTime: result.lastTime,
    notChecked: notChecked(options, size, trustedSize),
  }
}

interface Trust {
  readonly trusted: boolean
  readonly origin: string
  /** vkeys of the policy, of the checkpoint's origin, that verified the checkpoint; whether or not the quorum is met. */
  readonly verified: readonly string[]
  readonly witnesses: WalkReport['witnesses']
}

function judgeCheckpoint(
  policy: Policy,
  note: SignedNote,
  checkpoint: Checkpoint,
  faults: FindingList,
  unjudged: FindingList,
): Trust {
  let verified: readonly string[] = []
  try {
    const signers = readSigners(policy, note, checkpoint.origin)
    verified = signers.logs.map(({ text }) => text)
    requireQuorum(policy, note, signers)
    return { trusted: true, origin: checkpoint.origin, verified, witnesses: signers.witnesses }
  } catch (error) {
    if (!isEvidenceError(error)) throw error
    ;(error.kind.exit === 4 ? unjudged : faults).add(findingOf(error))
    // Go on under the name that the policy expects, so that entries are judged as this ledger's.
    const [only, ...others] = policy.logs
    const origin = only !== undefined && others.length === 0 ? only.key.name : checkpoint.origin
    return { trusted: false, origin, verified, witnesses: [] }
  }
}

/** A kept checkpoint that the policy does not trust, of a history that this ledger goes on from: a retired key may have signed it. */
interface Doubted {
  readonly kept: SignedCheckpoint
  readonly finding: Finding
}

/** Each kept checkpoint, signed as the policy asks, must be of a history that this one goes on from. */
function judgeEarlier(
  { policy }: WalkOptions,
  earlier: readonly SignedCheckpoint[],
  { origin, size }: Checkpoint,
  tree: TreeFacts,
  faults: FindingList,
  unjudged: FindingList,
): Doubted[] {
  const doubted: Doubted[] = []
  for (const kept of earlier) {
    const { checkpoint } = kept
    const own = new FindingList()
    judgeCheckpoint(policy, kept.note, checkpoint, own, unjudged)
    const [finding] = own.kept
    const where = `kept checkpoint of size ${checkpoint.size}`
    if (checkpoint.origin !== origin || checkpoint.size > size || checkpoint.size > tree.leaves) {
      if (finding !== undefined) faults.add(finding)
      faults.add(unreached(kept.checkpoint, { origin, size: Math.min(size, tree.leaves) }))
      continue
    }
    const root = tree.rootAt(checkpoint.size)
    if (equalBytes(root, checkpoint.root)) {
      if (finding?.code === 'checkpoint-untrusted') doubted.push({ kept, finding })
      else if (finding !== undefined) faults.add(finding)
      continue
    }
    if (finding !== undefined) faults.add(finding)
    const message = 'The ledger is not the history that a kept checkpoint signs: both are signed, and they differ.'
    faults.add({
      code: 'consistency-invalid',
      message,
      where,
      expected: toBase64(checkpoint.root),
      found: toBase64(root),
    })
  }
  return doubted
}

/** A kept checkpoint of another ledger, or of more entries than this one shows. */
function unreached(kept: Checkpoint, found: { readonly origin: string; readonly size: number }): Finding {
  const where = `kept checkpoint of size ${kept.size}`
  if (kept.origin !== found.origin) {
    const message = 'A checkpoint that was kept is of another ledger.'
    return { code: 'consistency-invalid', message, where, expected: kept.origin, found: found.origin }
  }
  const message = `The ledger does not reach a checkpoint of ${kept.size} entries that was kept.`
  return { code: 'consistency-invalid', message, where, expected: `at least ${kept.size}`, found: `${found.size}` }
}

/**
 * A kept checkpoint that the policy does not trust is in order if a key that signed for the ledger at its size signed it; and
 * whether one did is not judged where an entry could not be read, which may have brought that key.
 */
function judgeDoubted(
  registry: Registry,
  doubted: readonly Doubted[],
  faults: FindingList,
  unjudged: FindingList,
): void {
  for (const { kept, finding } of doubted) {
    if (isSignedByLedger(registry, kept)) continue
    if (registry.uncertainSince === undefined) faults.add(finding)
    else unjudged.add({ ...finding, code: 'not-judged' })
  }
}

/** How many entries need no judging again: none where the trusted checkpoint is not one of this history. */
function trustedBelow(
  options: WalkOptions,
  checkpoint: Checkpoint,
  tree: TreeFacts,
  faults: FindingList,
  unjudged: FindingList,
): number {
  const { trusted } = options
  if (trusted === undefined || !tree.authentic) return 0
  const before = faults.total + unjudged.kept.length
  const doubted = judgeEarlier(options, [trusted], checkpoint, tree, faults, unjudged)
  // Signed by a key that may have been retired: all is judged, for only that tells.
  if (doubted.length > 0) return 0
  return faults.total + unjudged.kept.length === before ? trusted.checkpoint.size : 0
}

/** Entries by keys (or all keys of participants) with `compromisedSince` at or before their time: flagged, not faulted. */
function compromised(registry: Registry, history: WalkHistory): WalkReport['flagged'] {
  const byKey = new Map<string, number>()
  const byParticipant = new Map<string, number>()
  for (const { thumbprint, compromisedSince } of registry.keys.values()) {
    if (compromisedSince !== undefined) byKey.set(thumbprint, tryTime(compromisedSince) ?? 0)
  }
  for (const { id, compromisedSince } of registry.participants.values()) {
    if (compromisedSince !== undefined) byParticipant.set(id, tryTime(compromisedSince) ?? 0)
  }
  if (byKey.size === 0 && byParticipant.size === 0) return []
  const isFlagged = (iss: string, kid: string, timeMs: number): boolean => {
    const since = Math.min(
      byKey.get(kid) ?? Number.POSITIVE_INFINITY,
      byParticipant.get(iss) ?? Number.POSITIVE_INFINITY,
    )
    return timeMs >= since
  }
  const flagged: { index: number; message: string }[] = []
  for (const index of history.matching(isFlagged)) {
    flagged.push({
      index,
      message: `Entry ${index} was signed by a key that was later said to have been compromised at that time.`,
    })
    if (flagged.length === 10_000) break
  }
  return flagged
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
    disclosures: undefined,
    kinds: {},
    participants: 0,
    firstTime: undefined,
    lastTime: undefined,
    notChecked: ['Any entry: without a checkpoint nothing says how many there are.'],
  }
}
