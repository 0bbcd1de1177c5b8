import { asUnanswered, ServerRefusal } from '../../client/http.ts'
import type { LedgerClient } from '../../client/ledger-client.ts'
import { pagesOf } from '../../client/pages.ts'
import { toBase64 } from '../../core/base64.ts'
import { equalBytes } from '../../core/bytes.ts'
import type { Checkpoint } from '../../core/checkpoint-text.ts'
import { parseSignedCheckpoint, type SignedCheckpoint } from '../../core/checkpoint.ts'
import { EvidenceError, isEvidenceError } from '../../core/errors.ts'
import { applyPolicy, type Policy } from '../../core/policy.ts'
import { answersTo } from '../../statements/later-events.ts'
import { type CheckedReceipt, subjectOf } from '../../verify/check-receipt.ts'
import {
  type CheckedEvent,
  type CheckedStatus,
  checkStatus,
  type ProvenEvent,
  type ShownEntry,
  twoTrees,
} from '../../verify/check-status.ts'
import { type Finding, findingOf } from '../../verify/report.ts'
import { askAdmission } from './admission.ts'
import type { OnlineStatus } from './later.ts'
import { inTurns, type LaterBounds, laterBounds, LaterRoom } from './later-room.ts'

/* Asks a ledger what happened to an entry later, page by page, within bounds. What the answers come to is on later.ts. */

/**
 * What is said of an answer that does not hold. Nobody signs an answer: whatever else is wrong with it says that the ledger could not be
 * asked, and nothing of the evidence.
 */
export function faultOfAnswer(fault: Finding): Finding {
  if (isFork(fault)) return fault
  return findingOf(asUnanswered(new EvidenceError(fault.code, fault.message, fault)))
}

/** Whether a finding is that the ledger signed two trees of one size, which its signatures prove. */
function isFork({ code, where }: Finding): boolean {
  return code === 'consistency-invalid' && where === twoTrees
}

/** What pages of later events come to, as they are asked. */
interface Asked {
  size: number | undefined
  flagged: boolean
  readonly events: CheckedEvent[]
  readonly shown: Map<number, ShownEntry>
}

/** Whom a status is asked of, by which policy it is judged, and what is held of it. */
interface Asking {
  readonly client: LedgerClient
  readonly policy: Policy
  readonly bounds: LaterBounds
  readonly room: LaterRoom
}

/** Challenges that are asked of at the same time. */
const atOnce = 8

/**
 * Asks the ledger what happened to an entry later, what was found on challenges of it, and who admitted its signer. Where it cannot be asked, or answers nothing that
 * can be read, that is a finding of exit code 3, beside the verdict on the evidence and never instead of it; what was proven before that
 * stays. So does what is within the bounds, where there is more than they allow: then `leftOut` says so. Throws `usage` where it is another
 * ledger, which has proven nothing of the receipt.
 */
export async function askStatus(
  client: LedgerClient,
  checked: CheckedReceipt,
  policy: Policy,
  bounds: LaterBounds = laterBounds,
): Promise<OnlineStatus> {
  const asked: Asked = { size: undefined, flagged: false, events: [], shown: new Map() }
  const asking = { client, policy, bounds, room: new LaterRoom(bounds) }
  const given = ({ faults, unjudged }: Findings): OnlineStatus => {
    const leftOut = asking.room.leftOut()
    const events = asked.events.sort((a, b) => a.index - b.index)
    return { url: client.url, ...asked, events, faults: [...faults, ...leftOut.findings], unjudged, leftOut }
  }
  try {
    const found = await askPages(asking, checked, asked)
    if (found.faults.length > 0 || found.unjudged.length > 0) return given(found)
    const answers = await askAnswers(asking, checked, asked)
    if (answers.faults.length > 0 || answers.unjudged.length > 0) return given(answers)
    const admission = await askAdmission(checked, policy, client)
    return { ...given(found), signer: checked.statement?.common.iss ?? '', admission }
  } catch (error) {
    if (!isEvidenceError(error)) throw error
    if (error.code === 'usage' && !(error instanceof ServerRefusal) && asked.size === undefined) throw error
    return given({ faults: [findingOf(asUnanswered(error))], unjudged: [] })
  }
}

type Findings = Pick<OnlineStatus, 'faults' | 'unjudged'>

/**
 * Asks page by page, and adds to `asked` what each of them proves, as far as there is room; of a challenge what was found on it alone. A fork is given at once, and nothing more is asked; and who has proven something
 * of the receipt is its ledger, whatever it shows later. Throws as {@link requireLedger}, and what asking throws.
 */
async function askPages(
  { client, policy, bounds, room }: Asking,
  checked: CheckedReceipt,
  asked: Asked,
  { isChallenge = false }: { readonly isChallenge?: boolean } = {},
): Promise<Findings> {
  const { proof, entryBytes } = checked.receipt
  const ask = async (after: number | undefined): Promise<{ page: CheckedStatus; next: number | undefined }> => {
    const answer = await client.status(proof.index, entryBytes, { from: proof.checkpoint.size, after })
    const page = checkStatus(answer, checked, policy, after)
    return { page, next: page.next }
  }
  let last: CheckedStatus | undefined
  let [pages, told] = [0, 0]
  try {
    const what = `the later events of entry ${proof.index}`
    for await (const found of pagesOf(ask, { most: bounds.pages + 1, what })) {
      last = found
      if (found.size === undefined) break
      hold(isChallenge ? onlyFound(found) : found, asked, room)
      asked.size ??= found.size
      asked.flagged ||= found.flagged
      told += found.events.length
      if (++pages < bounds.pages || found.next === undefined) continue
      room.cut(proof.index, told, found.next, { decides: !isChallenge })
      break
    }
  } catch (error) {
    if (!isEvidenceError(error, 'entry-not-found')) throw error
    return { faults: [await denial(client, proof.checkpoint, policy)], unjudged: [] }
  }
  const { faults = [], unjudged = [] } = last ?? {}
  if (asked.size === undefined && !faults.some(isFork)) await requireLedger(client, proof.checkpoint.origin)
  return { faults: faults.map(faultOfAnswer), unjudged }
}

/** Adds what a page proves, as far as there is room for it. */
function hold({ events, shown }: Pick<CheckedStatus, 'events' | 'shown'>, asked: Asked, room: LaterRoom): void {
  for (const event of events) {
    const entry = shown.get(event.index)
    const isNew = entry !== undefined && !asked.shown.has(event.index)
    if (!room.holds(event.what, isNew ? entry.receipt.length : 0)) continue
    asked.events.push(event)
    if (isNew) asked.shown.set(event.index, entry)
  }
}

/** What a page of a challenge's own later events tells of findings. */
function onlyFound({ events, shown }: CheckedStatus): Pick<CheckedStatus, 'events' | 'shown'> {
  return { events: events.filter(({ what }) => what === 'found'), shown }
}

/**
 * Asks what happened to each challenge among the events, by its own entry, and adds what was found on it to `asked`. Where there are more
 * than is asked, everybody who challenged has a turn, who deposited or held it first. Throws what asking throws.
 */
async function askAnswers(asking: Asking, deposit: CheckedReceipt, asked: Asked): Promise<Findings> {
  const told = asked.events.filter((event): event is ProvenEvent => event.proven && event.what === 'challenged')
  const all = [...new Set(told.map(({ index }) => index))]
  const holders = new Set(asked.events.flatMap((event) => (event.proven ? [event.giver, event.receiver] : [])))
  const challenges = inTurns(all, {
    by: (index) => asked.shown.get(index)?.checked.statement?.common.iss ?? '',
    isFirst: (iss) => iss === deposit.statement?.common.iss || holders.has(iss),
    most: asking.bounds.challenges,
  })
  if (challenges.length < all.length) asking.room.skip(all.length - challenges.length, deposit.receipt.proof.index)
  for (let at = 0; at < challenges.length; at += atOnce) {
    const group = challenges.slice(at, at + atOnce).map(async (on) =>
      askFindings(
        asking,
        told.filter(({ index }) => index === on),
        asked,
      ),
    )
    // All of them end before the first that failed is told.
    for (const one of await Promise.allSettled(group)) {
      if (one.status === 'rejected') throw one.reason
      if (one.value.faults.length > 0 || one.value.unjudged.length > 0) return one.value
    }
  }
  return { faults: [], unjudged: [] }
}

/** Asks what was found on one challenge, `told` by these events, and adds it to `asked`. Throws what asking throws. */
async function askFindings(asking: Asking, told: readonly ProvenEvent[], asked: Asked): Promise<Findings> {
  const { checked } = asked.shown.get(told[0]?.index ?? -1) as ShownEntry
  const later: Asked = { size: undefined, flagged: false, events: [], shown: new Map() }
  const found = await askPages(asking, checked, later, { isChallenge: true })
  if (found.faults.length > 0 || found.unjudged.length > 0) return found
  for (const [index, one] of later.shown) {
    const { statement, receipt } = one.checked
    if (statement === undefined) continue
    const { kind } = statement.common
    const { time } = receipt.entry
    const said = answersTo(told, subjectOf(checked), statement)
    for (const event of said) asked.events.push({ proven: true, index, time, kind, ...event })
    if (said.length > 0) asked.shown.set(index, one)
  }
  return found
}

/** The checkpoint that the asked ledger shows. Throws `usage` where it is another ledger: its answer says nothing of this receipt. */
async function requireLedger(client: LedgerClient, origin: string): Promise<SignedCheckpoint> {
  const signed = parseSignedCheckpoint((await client.fetchBytes('/checkpoint')) ?? new Uint8Array())
  if (signed.checkpoint.origin === origin) return signed
  throw new EvidenceError('usage', `${client.url} is another ledger than the receipt’s; name that one by --url`, {
    where: client.url,
    expected: origin,
    found: signed.checkpoint.origin,
  })
}

/**
 * The receipt proves that the ledger has the entry, and somebody answers that it has none. That is a fault only where the ledger signed another
 * tree of the receipt's size; else the ledger could not be asked. Throws `server-answer`, and as {@link requireLedger}.
 */
async function denial(client: LedgerClient, from: Checkpoint, policy: Policy): Promise<Finding> {
  const { checkpoint, note } = await requireLedger(client, from.origin)
  const { size } = checkpoint
  applyPolicy(policy, note, from.origin)
  if (size === from.size && !equalBytes(from.root, checkpoint.root)) {
    const message =
      'The ledger says that it has no such entry, and signed another tree of the size that the receipt has.'
    const expected = `root ${toBase64(from.root)} of ${size} entries`
    return {
      code: 'consistency-invalid',
      message,
      where: twoTrees,
      expected,
      found: `root ${toBase64(checkpoint.root)}`,
    }
  }
  throw new EvidenceError(
    'server-answer',
    `${client.url} says that it has no such entry, which the receipt’s signature says that it had, and shows a checkpoint of ${size} entries; keep both, and ask again`,
  )
}
