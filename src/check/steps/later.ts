import { asUnanswered, ServerRefusal } from '../../client/http.ts'
import type { LedgerClient } from '../../client/ledger-client.ts'
import { pagesOf } from '../../client/pages.ts'
import { toBase64 } from '../../core/base64.ts'
import { equalBytes } from '../../core/bytes.ts'
import type { Checkpoint } from '../../core/checkpoint-text.ts'
import { parseSignedCheckpoint, type SignedCheckpoint } from '../../core/checkpoint.ts'
import { EvidenceError, isEvidenceError } from '../../core/errors.ts'
import { answersTo } from '../../statements/later-events.ts'
import { applyPolicy, type Policy } from '../../core/policy.ts'
import type { Standing } from '../../package/package-events.ts'
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
import { type Admission, askAdmission } from './admission.ts'

/** What the ledger answered about an entry, all pages together. */
export interface OnlineStatus {
  readonly url: string
  /** Undefined where no answer could be trusted. */
  readonly size: number | undefined
  readonly events: readonly CheckedEvent[]
  /** The later entries that were shown, by index. */
  readonly shown: ReadonlyMap<number, ShownEntry>
  readonly flagged: boolean
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
  readonly signer?: string
  readonly admission?: Admission | undefined
}

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

/** Pages of later events that are asked for at most, each of some hundred events, or fewer of large entries. */
export const statusPages = 50

/** Most challenges of one deposit whose own later events are asked for. */
export const mostChallenges = 200

/**
 * Asks the ledger what happened to an entry later, what was found on challenges of it, and who admitted its signer. Where it cannot be asked, or answers nothing that
 * can be read, that is a finding of exit code 3, beside the verdict on the evidence and never instead of it; what was proven before that
 * stays. Throws `usage` where it is another ledger, which has proven nothing of the receipt.
 */
export async function askStatus(client: LedgerClient, checked: CheckedReceipt, policy: Policy): Promise<OnlineStatus> {
  const asked = {
    url: client.url,
    size: undefined as number | undefined,
    flagged: false,
    events: [] as CheckedEvent[],
    shown: new Map<number, ShownEntry>(),
  }
  const none = { faults: [], unjudged: [] }
  try {
    const found = await askPages(client, checked, policy, asked)
    if (found.faults.length > 0 || found.unjudged.length > 0) return { ...asked, ...found }
    const answers = await askAnswers(client, policy, asked)
    if (answers.faults.length > 0 || answers.unjudged.length > 0) return { ...asked, ...answers }
    const admission = await askAdmission(checked, policy, client)
    return { ...asked, ...found, signer: checked.statement?.common.iss ?? '', admission }
  } catch (error) {
    if (!isEvidenceError(error)) throw error
    if (error.code === 'usage' && !(error instanceof ServerRefusal) && asked.size === undefined) throw error
    return { ...asked, ...none, faults: [findingOf(asUnanswered(error))] }
  }
}

/**
 * Asks page by page, and adds to `asked` what each of them proves. A fork is given at once, and nothing more is asked; and who has proven something
 * of the receipt is its ledger, whatever it shows later. Throws as {@link requireLedger}, and what asking throws.
 */
async function askPages(
  client: LedgerClient,
  checked: CheckedReceipt,
  policy: Policy,
  asked: {
    size: number | undefined
    flagged: boolean
    readonly events: CheckedEvent[]
    readonly shown: Map<number, ShownEntry>
  },
): Promise<Pick<OnlineStatus, 'faults' | 'unjudged'>> {
  const { proof, entryBytes } = checked.receipt
  const ask = async (after: number | undefined): Promise<{ page: CheckedStatus; next: number | undefined }> => {
    const answer = await client.status(proof.index, entryBytes, { from: proof.checkpoint.size, after })
    const page = checkStatus(answer, checked, policy, after)
    return { page, next: page.next }
  }
  let last: CheckedStatus | undefined
  try {
    const what = `the later events of entry ${proof.index}`
    for await (const found of pagesOf(ask, { most: statusPages, what })) {
      last = found
      if (found.size === undefined) break
      for (const event of found.events) asked.events.push(event)
      for (const [index, one] of found.shown) asked.shown.set(index, one)
      asked.size ??= found.size
      asked.flagged ||= found.flagged
    }
  } catch (error) {
    if (!isEvidenceError(error, 'entry-not-found')) throw error
    return { faults: [await denial(client, proof.checkpoint, policy)], unjudged: [] }
  }
  const { faults = [], unjudged = [] } = last ?? {}
  if (asked.size === undefined && !faults.some(isFork)) await requireLedger(client, proof.checkpoint.origin)
  return { faults: faults.map(faultOfAnswer), unjudged }
}

/**
 * Asks what happened to each challenge among the events, by its own entry, and adds what was found on it to `asked`, in the order of entries.
 * Throws what asking throws.
 */
async function askAnswers(
  client: LedgerClient,
  policy: Policy,
  asked: { events: CheckedEvent[]; readonly shown: Map<number, ShownEntry> },
): Promise<Pick<OnlineStatus, 'faults' | 'unjudged'>> {
  const told = asked.events.filter((event): event is ProvenEvent => event.proven && event.what === 'challenged')
  const challenges = [...new Set(told.map(({ index }) => index))]
  if (challenges.length > mostChallenges)
    throw new EvidenceError(
      'server-answer',
      `the ledger names more than ${mostChallenges} challenges: what was found on them was not asked`,
    )
  const answers: CheckedEvent[] = []
  for (const on of challenges) {
    const { checked } = asked.shown.get(on) as ShownEntry
    const later = {
      size: undefined,
      flagged: false,
      events: [] as CheckedEvent[],
      shown: new Map<number, ShownEntry>(),
    }
    const { faults, unjudged } = await askPages(client, checked, policy, later)
    if (faults.length > 0 || unjudged.length > 0) return { faults, unjudged }
    const own = told.filter(({ index }) => index === on)
    for (const [index, one] of later.shown) {
      const { statement, receipt } = one.checked
      if (statement === undefined) continue
      const { kind } = statement.common
      const { time } = receipt.entry
      const said = answersTo(own, subjectOf(checked), statement)
      for (const event of said) answers.push({ proven: true, index, time, kind, ...event })
      if (said.length > 0) asked.shown.set(index, one)
    }
  }
  if (answers.length > 0) asked.events = [...asked.events, ...answers].sort((a, b) => a.index - b.index)
  return { faults: [], unjudged: [] }
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

/** What is proven of later events. */
export interface ProvenLater {
  readonly events: readonly CheckedEvent[]
  /** True where one says that the key, or the participant, was compromised at the entry's time. */
  readonly flagged: boolean
}

/** Which part of a deposit a file is, as far as that is known. */
export interface FilePart {
  readonly item?: number | undefined
  /** Line of the manifest that the item is, by its number from 0. */
  readonly line?: { readonly index: number } | undefined
}

/** True where all pages were read, and every later entry that they name was shown. */
function isWhole({ events, faults, unjudged }: OnlineStatus): boolean {
  return faults.length === 0 && unjudged.length === 0 && events.every(({ proven }) => proven)
}

/**
 * What is known of a deposit, or of one file of it: out of events that are proven. `not-asked` where no answer could be trusted, where
 * it is not whole, or names entries that it does not show. `carried` is what receipts show that were handed over.
 */
export function standingOf(online: OnlineStatus | undefined, part: FilePart = {}, carried?: ProvenLater): Standing {
  const known = knownLater(online, carried)
  if (retractionIn(known, part) !== undefined) return 'retracted'
  if (known.flagged) return 'key-compromised'
  return online?.size !== undefined && isWhole(online) ? 'sound' : 'not-asked'
}

/** What is known of later events: by receipts that were handed over, and by the ledger's answer, where that could be trusted. */
export function knownLater(online: OnlineStatus | undefined, carried: ProvenLater | undefined): ProvenLater {
  const parts = [carried, online?.size === undefined ? undefined : online].filter((one) => one !== undefined)
  return { events: parts.flatMap(({ events }) => events), flagged: parts.some(({ flagged }) => flagged) }
}

/** The proven retraction of the deposit, or else of the part that the file is. */
export function retractionIn(later: ProvenLater | undefined, { item, line }: FilePart): ProvenEvent | undefined {
  const proven = (later?.events ?? []).filter((event): event is ProvenEvent => event.proven)
  const isOfFile = (event: ProvenEvent): boolean =>
    event.what === 'part-retracted' && event.item === item && (event.line === undefined || event.line === line?.index)
  return proven.find(({ what }) => what === 'retracted') ?? proven.find(isOfFile)
}
