import { verifyEd25519 } from '../../src/core/ed25519.ts'
import { type ErrorCode, EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import { encodeMisbehaviour, type SequencedEntry } from '../../src/core/misbehaviour.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { emptyChain } from '../../src/ledger/chain-state.ts'
import { Replay } from '../../src/ledger/copy/replay.ts'
import { LedgerTree } from '../../src/ledger/tree.ts'
import { Admissions } from '../../src/package/admissions.ts'
import { openEntry, type OpenedEntry } from '../../src/statements/open.ts'
import { emptyRegistry, type Registry } from '../../src/statements/registry.ts'
import { judge, type Judgement } from '../../src/statements/rulebook.ts'
import type { History, Soundness } from '../../src/statements/rules.ts'
import { soundnessOf, targetFactsOf } from '../../src/statements/said.ts'
import { appraise } from '../../src/verify/appraise.ts'
import { checkMisbehaviour } from '../../src/verify/check-misbehaviour.ts'
import { type CheckedReceipt, checkReceipt } from '../../src/verify/check-receipt.ts'
import { rotationOf } from '../../src/verify/ledger-keys.ts'
import { pack } from '../../src/verify/packed.ts'
import { PlainTurns } from '../../src/verify/plain-turns.ts'
import type { Finding } from '../../src/verify/report.ts'
import { rotatedPolicy } from '../../src/verify/rotated-policy.ts'
import { walk } from '../../src/verify/walk.ts'
import { mth, path } from '../reference/rfc6962.ts'
import { type SealedLedger, sourceOf } from './partial-cases.ts'
import type { Random } from './random.ts'

/** What full knowledge says: of each entry the faults, and whether something of it, or of the whole, is not judged. */
export interface Whole {
  readonly faults: ReadonlyMap<number, readonly Finding[]>
  readonly unjudged: ReadonlySet<number>
  readonly isSound: boolean
  readonly isJudged: boolean
}

export async function wholeOf(ledger: SealedLedger): Promise<Whole> {
  const report = await walk({ source: sourceOf(ledger), policy: ledger.policy })
  const faults = new Map<number, Finding[]>()
  for (const one of report.faults) faults.set(one.index ?? -1, [...(faults.get(one.index ?? -1) ?? []), one])
  const unjudged = new Set(report.unjudged.map(({ index }) => index ?? -1))
  return { faults, unjudged, isSound: report.faultCount === 0, isJudged: unjudged.size === 0 }
}

/**
 * Violations that an entry which is not at hand brings about: a partial registry cannot know of them (docs/spec/18-package.md, "What it
 * shows, and what it does not").
 */
const byAbsence: readonly ErrorCode[] = [
  'ledger-closed',
  'intake-ended',
  'participant-revoked',
  'key-revoked',
  'key-rotated',
  'jti-reused',
  'participant-exists',
  'key-exists',
  'key-is-ledgers',
  'already-revoked',
  'approvals-needed',
  'approvals-missing',
  'approval-unknown',
  'proposal-repeated',
  'last-administrator',
  'threshold-impossible',
  'ledger-key-retired',
  'ledger-key-invalid',
  'release-key',
  'release-used',
  'reference-unsound',
  'disposal-order',
  'custody-not-holder',
  'custody-ended',
  'custody-held',
  'custody-stale',
]
/** Violations of who may sign: what the receipt of a rotation does not show (docs/spec/14-ledger-keys.md). */
const ofAuthority: readonly ErrorCode[] = [
  ...byAbsence,
  'key-unknown',
  'key-not-issuers',
  'role-missing',
  'approval-invalid',
]
/** What a package says nothing of, since entries that are not here may explain it (docs/spec/18-package.md). */
const unsaid: readonly ErrorCode[] = [
  'participant-unknown',
  'last-administrator',
  'threshold-impossible',
  'ledger-key-retired',
  'release-key',
  'in-lieu-authority',
  'disposal-order',
  'custody-not-holder',
  'custody-ended',
  'custody-held',
  'custody-stale',
]
/** Of a reference only what is at hand is judged. */
const ofReference: readonly ErrorCode[] = [
  'reference-not-found',
  'reference-hash',
  'reference-kind',
  'reference-item',
  'retract-not-own',
  'erasure-digest',
  'erasure-held',
  'erasure-origin',
  'erasure-own',
]
/** Of a receipt's place in the chain only its index is judged. */
const ofChain: readonly ErrorCode[] = ['link-broken', 'time-reversed']

/** Roots of earlier sizes are known to a walk alone. */
const isOfRoot = ({ code, message }: { readonly code: ErrorCode; readonly message: string }): boolean =>
  code === 'ledger-possession' && message.includes('another root')

/** Entries one after the other, as somebody judges them who has only some: registry, ids and targets of those alone. */
class Knowledge implements History {
  registry: Registry
  private readonly origin: string
  private readonly ids = new Map<string, number>()
  private readonly entries = new Map<number, OpenedEntry>()
  private readonly soundness = new Map<number, Soundness>()
  readonly rootAt?: (size: number) => Uint8Array

  constructor(origin: string, isPartial: boolean, whole?: readonly Buffer[]) {
    this.origin = origin
    this.registry = { ...emptyRegistry(origin), ...(isPartial ? { isPartial } : {}) }
    if (whole !== undefined) this.rootAt = (size) => mth(whole.slice(0, size))
  }

  findStatement(iss: string, jti: string): number | undefined {
    return this.ids.get(`${iss} ${jti}`)
  }

  target(index: number): ReturnType<History['target']> {
    const known = this.entries.get(index)
    if (known === undefined) return { leafHash: undefined, kind: undefined, iss: '', items: undefined }
    return targetFactsOf(known.statement, known.hash, this.soundness.get(index))
  }

  judge(opened: OpenedEntry): Judgement {
    const { entry, statement } = opened
    const under = { index: entry.index, time: entry.time, timeMs: entry.timeMs, statement }
    return judge(this.registry, under, this, { origin: this.origin, ledgerKeys: [], verifies: verifyEd25519 })
  }

  take(opened: OpenedEntry, judgement: Judgement): void {
    const { next, usesStatementId } = judgement
    const soundness = soundnessOf(judgement)
    if (soundness !== undefined) this.soundness.set(opened.entry.index, soundness)
    const { iss, jti } = opened.statement.common
    this.registry = next
    this.entries.set(opened.entry.index, opened)
    if (usesStatementId && !this.ids.has(`${iss} ${jti}`)) this.ids.set(`${iss} ${jti}`, opened.entry.index)
  }
}

function isFine({ violations, unjudged, unshown, isAuthorityOpen }: Judgement): boolean {
  return violations.length + unjudged.length + unshown.length === 0 && !isAuthorityOpen
}

const nameOf = ({ code, facts }: EvidenceError): string => `${code} ${facts.where ?? ''}`
const codesOf = (list: readonly { readonly code: ErrorCode }[]): string => list.map(({ code }) => code).join(' ')

/** Tallies of what was compared, so that a run which compares nothing does not pass for one that agrees. */
export type Tally = (what: string) => void

/** The rulebook itself: on all entries and on some, up to the first that full knowledge refuses. */
function judgedByRulebook({ entries, policy }: SealedLedger, random: Random, tally: Tally): string[] {
  const wrong: string[] = []
  const origin = policy.logs[0]?.key.name ?? ''
  const whole = new Knowledge(origin, false, entries)
  const all = new Knowledge(origin, true)
  const some = new Knowledge(origin, true)
  for (const [index, bytes] of entries.entries()) {
    const opened = tryOpen(bytes)
    if (opened?.entry.index !== index) break
    const full = whole.judge(opened)
    const [most, few] = [all.judge(opened), some.judge(opened)]
    const say = (why: string): unknown => wrong.push(`entry ${index}: ${why}`)
    const decided = whole.registry.uncertainSince === undefined
    for (const [name, one] of [
      ['all', most],
      ['some', few],
    ] as const) {
      if (one.isAuthorityOpen && !(one.next === (name === 'all' ? all : some).registry))
        say(`${name}: whether its signer was entitled is open, and it changes the registry`)
      if (one.violations.length > 0 && full.violations.length === 0 && decided)
        say(`refused by ${name} (${codesOf(one.violations)}), and by full knowledge not`)
    }
    const held = full.violations.filter((one) => !isOfRoot(one))
    if (isFine(most) && (held.length > 0 || full.unjudged.length > 0))
      say(`fine by all entries, and by full knowledge ${codesOf([...held, ...full.unjudged])}`)
    const said = new Set([...most.violations, ...most.unshown].map(nameOf))
    for (const one of decided ? held : [])
      if (!said.has(nameOf(one))) say(`${nameOf(one)} is not said by the rulebook on a partial registry`)
    const unknown = held.filter(({ code }) => !byAbsence.includes(code))
    if (isFine(few) && unknown.length > 0) say(`fine by some entries, and by full knowledge ${codesOf(unknown)}`)
    for (const [name, one] of [
      ['all', most],
      ['some', few],
    ] as const)
      tally(
        `rulebook, ${name}: ${isFine(one) ? 'fine' : one.violations.length > 0 ? 'refused' : 'undecided'}, full: ${isFine(full) ? 'fine' : full.violations.length > 0 ? 'refused' : 'undecided'}`,
      )
    if (full.violations.length > 0) break
    whole.take(opened, full)
    all.take(opened, most)
    if (random.below(4) > 0) some.take(opened, few)
  }
  return wrong
}

function tryOpen(bytes: Uint8Array): OpenedEntry | undefined {
  try {
    return openEntry(bytes)
  } catch (error) {
    if (isEvidenceError(error)) return undefined
    throw error
  }
}

/** What a thread judges with nothing but the registry of the moment: a plain entry is one that the walk passes. */
function judgedByThread({ entries, policy }: SealedLedger, whole: Whole, tally: Tally): string[] {
  const origin = policy.logs[0]?.key.name ?? ''
  const knowledge = new Knowledge(origin, false, entries)
  const wrong: string[] = []
  for (const [index, bytes] of entries.entries()) {
    const opened = tryOpen(bytes)
    if (opened?.entry.index !== index) break
    const chunk = { begin: index, entries: pack([bytes]), disclosures: undefined }
    const { registry } = knowledge
    const appraisal = appraise(chunk, registry, { origin, ledgerKeys: [] })
    // What it refers to, and what was done before, is the walk's to ask, before it takes the entry.
    const isPlain = new PlainTurns(appraisal, registry, knowledge).after(0, index, registry) !== undefined
    const faults = (whole.faults.get(index) ?? []).filter(
      ({ code }) => code !== 'jti-reused' && !ofChain.includes(code) && code !== 'genesis-ledger-keys',
    )
    if (isPlain && (faults.length > 0 || whole.unjudged.has(index)))
      wrong.push(`entry ${index}: plain to a thread, and to the walk ${codesOf(faults)}`)
    tally(`thread: ${isPlain ? 'plain' : 'left to the walk'}`)
    const judgement = knowledge.judge(opened)
    if (judgement.violations.length > 0) break
    knowledge.take(opened, judgement)
  }
  return wrong
}

/** The receipts of a package: of those that hold, what it says of their signers. */
function judgedByPackage(ledger: SealedLedger, whole: Whole, random: Random, tally: Tally): string[] {
  const wrong: string[] = []
  const checked = ledger
    .receipts()
    .map((bytes) => (bytes === undefined ? undefined : checkReceipt(bytes, ledger.policy)))
  const all = checked.flatMap((one): CheckedReceipt[] => (one?.receipt === undefined ? [] : [one]))
  for (const [index, one] of checked.entries()) {
    if (one === undefined || one.faults.length === 0) continue
    if (whole.isSound && whole.isJudged)
      wrong.push(`entry ${index}: its receipt has ${codesOf(one.faults)}, the ledger no fault`)
  }
  const isWhole = all.length === checked.length && all.every(({ faults }) => faults.length === 0)
  for (const shown of [all, all.filter(() => random.below(4) > 0)]) {
    const admissions = new Admissions(shown)
    const isAll = isWhole && shown.length === all.length
    if (admissions.faults.length > 0 && whole.isSound && whole.isJudged)
      wrong.push(`the package has ${codesOf(admissions.faults)}, the ledger no fault`)
    const open = new Set(admissions.unjudged.map(({ index }) => index))
    for (const one of shown) {
      const { index } = one.receipt.entry
      const { state } = admissions.verdict(one)
      tally(`package: ${state}`)
      if (one.faults.length > 0 && state !== 'not-shown')
        wrong.push(`entry ${index}: its receipt has a fault, and its admission is ${state}`)
      if (state !== 'shown' || one.unjudged.length > 0 || open.has(index)) continue
      // What the entries before broke is told of them: what rests on such an entry stands and falls with it.
      if ([...whole.faults.keys()].some((at) => at < index)) continue
      const allowed = [...unsaid, ...(isAll ? [] : byAbsence), ...ofReference, ...ofChain, 'genesis-ledger-keys']
      const held = (whole.faults.get(index) ?? []).filter((fault) => !allowed.includes(fault.code) && !isOfRoot(fault))
      if (held.length > 0) wrong.push(`entry ${index}: shown in a package, and by full knowledge ${codesOf(held)}`)
    }
    const isOpen = open.size > 0 || shown.some(({ unjudged }) => unjudged.length > 0)
    if (isAll && !whole.isJudged && !isOpen)
      wrong.push(`nothing is open in a package of all entries, and ${[...whole.unjudged].join(' ')} by full knowledge`)
  }
  return wrong
}

/** Proofs out of one entry and of two: what one accuses the ledger of, full knowledge finds. */
function judgedByProof(ledger: SealedLedger, whole: Whole, random: Random, tally: Tally): string[] {
  const wrong: string[] = []
  const { entries, note, policy } = ledger
  const signers = ledger.receipts().map((bytes) => {
    try {
      return bytes === undefined ? undefined : parseReceipt(bytes).signer
    } catch (error) {
      if (isEvidenceError(error)) return undefined
      throw error
    }
  })
  const provenAt = (index: number): SequencedEntry => {
    const signer = signers[index]
    const proof = path(index, entries)
    return { index, bytes: entries[index] as Buffer, proof, ...(signer === undefined ? {} : { signer }) }
  }
  for (const index of entries.keys()) {
    const other = index === 0 || random.below(3) === 0 ? undefined : random.below(index)
    const proven = other === undefined ? [provenAt(index)] : [provenAt(other), provenAt(index)]
    const file = encodeMisbehaviour({ kind: 'entry', notes: [Buffer.from(note)], entries: proven })
    const { faults, code, says } = checkMisbehaviour(file, policy)
    const found = proven.flatMap(({ index: at }) => whole.faults.get(at) ?? [])
    const isOpen = proven.some(({ index: at }) => whole.unjudged.has(at))
    tally(`misbehaviour: ${faults.length === 0 ? 'proven' : 'unproven'}`)
    if (faults.length === 0 && found.length === 0 && !isOpen)
      wrong.push(
        `entries ${other ?? ''} ${index}: a proof of ${code ?? ''}, and no fault by full knowledge: ${says.join(' ')}`,
      )
    const alone = found.some(({ code: one }) =>
      ['audience-wrong', 'issued-in-future', 'genesis-misplaced', 'genesis-missing', 'index-wrong'].includes(one),
    )
    if (faults.length > 0 && alone && faults[0]?.code === 'misbehaviour-unproven' && isSigned(faults))
      wrong.push(
        `entries ${other ?? ''} ${index}: ${codesOf(found)} by full knowledge, and no proof: ${faults[0].message}`,
      )
  }
  return wrong
}

/** False where it is the checkpoint's signature that proves nothing. */
function isSigned([fault]: readonly Finding[]): boolean {
  return fault?.message.includes('they alone can show') === true
}

/** Receipts of rotations: a key that a policy takes over is one that full knowledge takes over, but for who may sign. */
function judgedByRotation(ledger: SealedLedger, whole: Whole, tally: Tally): string[] {
  const wrong: string[] = []
  for (const [index, receipt] of ledger.receipts().entries()) {
    const opened = tryOpen(ledger.entries[index] as Buffer)
    if (receipt === undefined || opened === undefined || rotationOf(opened.statement) === undefined) continue
    try {
      rotatedPolicy(ledger.policy, [receipt])
    } catch (error) {
      if (!isEvidenceError(error)) throw error
      tally(`rotation: refused, ${error.code}`)
      continue
    }
    tally('rotation: taken')
    if ([...whole.faults.keys()].some((at) => at < index && at >= 0)) continue
    const allowed = [...ofAuthority, ...ofChain]
    const held = (whole.faults.get(index) ?? []).filter((fault) => !allowed.includes(fault.code) && !isOfRoot(fault))
    if (held.length > 0) wrong.push(`entry ${index}: a policy takes the key, and full knowledge says ${codesOf(held)}`)
  }
  return wrong
}

/** A copy takes all entries, or stops at the first that full knowledge refuses or does not judge. */
async function judgedByCopy({ entries, policy }: SealedLedger, whole: Whole, tally: Tally): Promise<string[]> {
  const key = policy.logs[0]?.key
  if (key === undefined) return []
  const ids: { iss: string; jti: string; index: number }[] = []
  const storage = {
    entries: (begin: number, end: number) => Promise.resolve(entries.slice(begin, end)),
    findStatements: (asked: readonly { iss: string; jti: string }[]) =>
      Promise.resolve(asked.map(({ iss, jti }) => ids.find((one) => one.iss === iss && one.jti === jti))),
  }
  const tree = new LedgerTree({ tile: () => Promise.resolve(undefined) } as never)
  const replay = new Replay(emptyChain(key.name), tree, storage as never, key)
  for (const [index, bytes] of entries.entries()) {
    const faults = (whole.faults.get(index) ?? []).filter(
      (fault) => fault.code !== 'genesis-ledger-keys' && !isOfRoot(fault),
    )
    const isOpen = whole.unjudged.has(index)
    try {
      const { entries: stored } = await replay.take([{ bytes, disclosures: [] }])
      for (const { iss, jti } of stored) ids.push({ iss, jti, index })
      tally('copy: taken')
      if (faults.length > 0 || isOpen)
        return [`entry ${index}: a copy takes it, full knowledge says ${codesOf(faults)}`]
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error
      tally(`copy: ${error.code === 'not-judged' ? 'undecided' : 'refused'}`)
      if (faults.length === 0 && !isOpen && (whole.faults.get(index) ?? []).length === 0)
        return [`entry ${index}: a copy refuses it (${error.code}), full knowledge does not`]
      return []
    }
  }
  return []
}

/** Where what somebody says who has a part of a ledger contradicts full knowledge of it; empty where nothing does. */
export async function contradictions(ledger: SealedLedger, random: Random, tally: Tally): Promise<string[]> {
  const whole = await wholeOf(ledger)
  tally(`ledger: ${whole.isSound ? (whole.isJudged ? 'fine' : 'undecided') : 'refused'}`)
  return [
    ...judgedByRulebook(ledger, random, tally),
    ...judgedByThread(ledger, whole, tally),
    ...judgedByPackage(ledger, whole, random, tally),
    ...judgedByProof(ledger, whole, random, tally),
    ...judgedByRotation(ledger, whole, tally),
    ...(await judgedByCopy(ledger, whole, tally)),
  ]
}
