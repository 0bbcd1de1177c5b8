import type { LedgerClient } from '../../src/client/ledger-client.ts'
import { pagesOf } from '../../src/client/pages.ts'
import { fromBase64 } from '../../src/core/base64.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { Jwk } from '../../src/core/jwk.ts'
import type { Policy } from '../../src/core/policy.ts'
import { timeText } from '../../src/core/time.ts'
import { type LaterEntry, scanLaterEntries } from '../../src/package/later-entries.ts'
import { relatedEvents } from '../../src/package/package-events.ts'
import type { LaterEvent } from '../../src/statements/later-events.ts'
import { bodyOfEntry } from '../../src/statements/open.ts'
import { sealedDigestsOf } from '../../src/statements/said.ts'
import { type CheckedReceipt, checkReceipt } from '../../src/verify/check-receipt.ts'
import { type CheckedStatus, checkStatus } from '../../src/verify/check-status.ts'
import { count } from '../../src/core/text.ts'
import type { PackageGathering } from './gather.ts'
import type { PackageLedger } from './ledger.ts'
import { faultOfAnswer } from '../../src/check/steps/ask-later.ts'
import { type LaterBounds, laterBounds, LaterRoom } from '../../src/check/steps/later-room.ts'
import type { Finding } from '../../src/verify/report.ts'

/** What the ledger tells of deposits that is later than they are. */
export interface LaterEvents {
  readonly shown: readonly LaterEntry[]
  /** Number of later entries that the ledger reports, but whose bytes the reader has no right to read. */
  readonly notShown: number
  /** Orders of erasure among those, and the deposit that each is about. */
  readonly orders: readonly { readonly index: number; readonly by: number }[]
  /** What was left out for its number: the package is not whole. */
  readonly leftOut: readonly Finding[]
}

/**
 * Asks a ledger what happened to deposits of it, up to the size of its tree: a server by page 15 of the specification, what has no
 * answers entry by entry; undefined where that is older than a deposit. Throws the first fault of an answer: what the ledger tells then
 * contradicts the receipt.
 */
async function laterEvents(
  { tree, locate, answers }: PackageLedger,
  deposits: readonly CheckedReceipt[],
  policy: Policy,
  bounds: LaterBounds,
): Promise<LaterEvents | undefined> {
  const none = { shown: [], notShown: 0, orders: [], leftOut: [] }
  if (deposits.length === 0) return none
  if (answers === undefined) {
    // A copy that is older than a deposit knows nothing of what came after it.
    if (deposits.some(({ receipt }) => receipt.entry.index >= tree.size)) return undefined
    return { ...none, shown: await scanLaterEntries(tree, locate, deposits) }
  }
  const shown = new Map<number, LaterEntry>()
  const hidden = new Map<number, AskedEvent & { readonly of: number }>()
  const room = new LaterRoom(bounds)
  const take = async (about: CheckedReceipt, isTold: (what: LaterEvent['what']) => boolean): Promise<LaterEntry[]> => {
    const challenges: LaterEntry[] = []
    // As of the tree of this package: what came after it is later than the package.
    for (const event of await askedEvents({ client: answers, policy, bounds, room, least: tree.size, isTold }, about)) {
      const { index, what, entry } = event
      if (entry === undefined) hidden.set(index, { ...event, of: about.receipt.entry.index })
      else shown.set(index, entry)
      if (entry !== undefined && what === 'challenged') challenges.push(entry)
    }
    return challenges
  }
  for (const deposit of deposits) {
    // What is said of the signer's key goes with the admissions.
    for (const entry of await take(deposit, (what) => relatedEvents.has(what))) {
      const challenge = checkReceipt(await tree.receipt(entry, entry.signer, []), policy)
      if (challenge.receipt !== undefined) await take(challenge, (what) => what === 'found')
    }
  }
  const unread = [...hidden.values()].filter(({ index }) => !shown.has(index))
  const orders = unread.flatMap(({ index: by, what, of }) => (what === 'erasure-ordered' ? [{ index: of, by }] : []))
  return { shown: [...shown.values()], notShown: unread.length, orders, leftOut: room.leftOut().findings }
}

interface AskedEvent {
  readonly index: number
  readonly what: LaterEvent['what']
  readonly entry: LaterEntry | undefined
}

/** Later events that are told and lie in a tree of `least` entries, as far as there is room for them. */
async function askedEvents(
  {
    client,
    policy,
    bounds,
    room,
    least,
    isTold,
  }: {
    readonly client: LedgerClient
    readonly policy: Policy
    readonly bounds: LaterBounds
    readonly room: LaterRoom
    readonly least: number
    readonly isTold: (what: LaterEvent['what']) => boolean
  },
  checked: CheckedReceipt,
): Promise<AskedEvent[]> {
  const { proof, entryBytes } = checked.receipt
  const from = proof.checkpoint.size
  const found: AskedEvent[] = []
  const ask = async (
    after: number | undefined,
  ): Promise<{ page: [unknown, CheckedStatus]; next: number | undefined }> => {
    const answer = await client.status(proof.index, entryBytes, { from, after })
    const judged = checkStatus(answer, checked, policy, after)
    return { page: [answer, judged], next: judged.next }
  }
  const what = `the later events of entry ${proof.index}`
  let [pages, last] = [0, -1]
  for await (const [answer, judged] of pagesOf(ask, { most: bounds.pages + 1, what })) {
    const [fault] = [...judged.faults, ...judged.unjudged]
    if (fault !== undefined) {
      const { code, message } = faultOfAnswer(fault)
      throw new EvidenceError(code, `entry ${proof.index}: ${message}`, fault)
    }
    if (judged.size === undefined || judged.size < least)
      throw new EvidenceError(
        'server-answer',
        `entry ${proof.index}: the ledger answers as of fewer entries than it published`,
      )
    // Checked just now: events have this shape, in this order.
    const raw = (answer as { events: { entry?: string; signer?: Jwk }[] }).events
    for (const [i, { index, what }] of judged.events.entries()) {
      const { entry, signer } = raw[i] ?? {}
      if (index >= least || !isTold(what)) continue
      const bytes = entry === undefined || signer === undefined ? undefined : fromBase64(entry)
      if (!room.holds(what, index === last ? 0 : (bytes?.length ?? 0))) continue
      last = index
      const shown = bytes === undefined || signer === undefined ? undefined : { index, bytes, signer }
      found.push({ index, what, entry: shown })
    }
    if (++pages < bounds.pages || judged.next === undefined) continue
    room.cut(proof.index, found.length, judged.next, { decides: true })
    break
  }
  return found
}

/** Asks the ledger what happened to the deposits later, and packs what it shows; undefined where there is none to ask. */
export async function addLater(
  gathering: PackageGathering,
  ledger: PackageLedger | undefined,
  policy: Policy,
  bounds: LaterBounds = laterBounds,
): Promise<LaterEvents | undefined> {
  if (ledger === undefined) return undefined
  const { tree } = ledger
  const later = await laterEvents(ledger, await gathering.depositsOf(tree.origin), policy, bounds)
  for (const entry of later?.shown ?? [])
    await gathering.addLater(await tree.receipt(entry, entry.signer, await claimsOf(tree, entry)))
  return later
}

/** Sealed claims of a later entry that the packer may read, as disclosures. Throws what asking throws. */
async function claimsOf(tree: PackageLedger['tree'], { index, bytes }: LaterEntry): Promise<readonly string[]> {
  const body = bodyOfEntry(bytes)
  return body === undefined || sealedDigestsOf(body).length === 0 ? [] : tree.disclosures(index)
}

/** Whether the ledger was asked, for people. */
export function askedLines(later: LaterEvents | undefined, ledger: PackageLedger | undefined): string[] {
  if (later === undefined || ledger === undefined) return ['  later events: the ledger was NOT ASKED']
  const hidden = later.notShown === 0 ? '' : `, and ${count(later.notShown)} that you may not read`
  return [`  later events, asked as of size ${ledger.tree.size}: ${count(later.shown.length)} packed${hidden}`]
}

/** Today in UTC, or the day that SOURCE_DATE_EPOCH (reproducible-builds.org) gives, so that the same package can be made again. */
export function dayOfPacking(): string {
  const epoch = process.env['SOURCE_DATE_EPOCH']
  if (epoch === undefined) return timeText(Date.now()).slice(0, 10)
  if (/^[0-9]{1,11}$/.test(epoch)) return timeText(Number(epoch) * 1000).slice(0, 10)
  throw new EvidenceError('usage', 'SOURCE_DATE_EPOCH is no number of seconds since 1970', {
    where: 'SOURCE_DATE_EPOCH',
  })
}
