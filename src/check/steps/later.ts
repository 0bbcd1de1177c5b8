import type { Standing } from '../../package/package-events.ts'
import type { CheckedEvent, ProvenEvent, ShownEntry } from '../../verify/check-status.ts'
import type { Finding } from '../../verify/report.ts'
import type { Admission } from './admission.ts'
import type { LeftOut } from './later-room.ts'

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
  /** What was left out for its number; its findings are among the faults. */
  readonly leftOut?: LeftOut
  readonly signer?: string
  readonly admission?: Admission | undefined
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

/** What does not hold of an answer, or was not answered: all faults but those of what was left out for its number. */
export function brokenIn({ faults, unjudged, leftOut }: OnlineStatus): readonly Finding[] {
  const known = new Set(leftOut?.findings)
  return [...faults.filter((fault) => !known.has(fault)), ...unjudged]
}

/** True where nothing that decides was left out, and every later entry that is named was shown. */
function isWhole(online: OnlineStatus): boolean {
  const { events, leftOut } = online
  return brokenIn(online).length === 0 && leftOut?.mayDecide !== true && events.every(({ proven }) => proven)
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
