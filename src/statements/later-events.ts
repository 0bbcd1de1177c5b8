import { valueOr } from '../core/attempt.ts'
import { defined } from '../core/objects.ts'
import { readBody } from './body.ts'
import { flagLines } from './event-flags.ts'
import type { LaterEventName, PassedOn, SignedBy } from './kind.ts'
import { endingsOf, referencesOf, signedWithin } from './said.ts'
import { signedBy, type Statement } from './statement.ts'

/** One thing that a later entry says of an earlier one; of a hand-over who passes it on to whom. */
export interface LaterEvent extends Partial<PassedOn> {
  readonly what: LaterEventName
  /** `reason`, `as`, `rel`, `event` or `finding`; none of a rotation and a challenge. */
  readonly code?: string
  readonly compromisedSince?: string
  /** The one item that a statement other than a deposit is about, and the line of the manifest that the item is. */
  readonly item?: number
  readonly line?: number
  /** Index of the challenge of the deposit that it is about, where it is not about the deposit itself: then `item` and `line` are those of the challenge. */
  readonly on?: number
}

/** The earlier entry. */
export interface EventSubject {
  readonly index: number
  /** Padded base64. */
  readonly leafHash: string
  readonly iss: string
  /** Thumbprint of the key that signed it. */
  readonly kid: string
  /** Who else signed within it. */
  readonly within: readonly SignedBy[]
}

/** A statement as what later ones may be about; `leafHash` in padded base64. */
export function subjectIn(statement: Statement, index: number, leafHash: string): EventSubject {
  const body = valueOr(() => readBody(statement), undefined)
  return { index, leafHash, ...signedBy(statement), within: signedWithin(body) }
}

/** What a later statement says of an earlier entry, in the order of page 15; empty where it is about something else. */
export function laterEventsIn(subject: EventSubject, statement: Statement): LaterEvent[] {
  const body = valueOr(() => readBody(statement), undefined)
  const events = new Map<string, LaterEvent>()
  for (const { index, leafHash, item, line, event } of referencesOf(body)) {
    if (event === undefined || index !== subject.index || leafHash !== subject.leafHash) continue
    const part: Pick<LaterEvent, 'item' | 'line'> = event.what === 'related' ? {} : defined({ item, line })
    events.set(`${event.what} ${event.code} ${part.item}`, { ...event, ...part })
  }
  for (const { of, what, code, compromisedSince } of endingsOf(body, signedBy(statement))) {
    if (typeof of === 'string' || what === 'ledger-closed' || what === 'intake-ended') continue
    const signers = [subject, ...subject.within]
    const isAbout = signers.some(({ iss, kid }) => ('key' in of ? of.key === kid : of.participant === iss))
    if (isAbout) events.set(what, { what, ...defined({ code, compromisedSince }) })
  }
  return [...events.values()]
}

/** Who gives and who is to receive, and what is to be said for ever beside it, for people: nothing of an event that is no hand-over. */
export function passedText(event: Partial<PassedOn>): string {
  const { giver, receiver } = event
  return [
    ...(giver === undefined ? [] : [`, from ${giver} to ${receiver}`]),
    ...flagLines(event).map((text) => `; ${text}`),
  ].join('')
}

/**
 * In which place an event goes where not all of them have room: what is said for ever beside a hand-over, then retractions, steps of custody, findings
 * and ends of keys, then what decides nothing.
 */
export function placeOf({
  what,
  code,
  flags,
}: Pick<LaterEvent, 'code' | 'flags'> & { readonly what: string }): 0 | 1 | 2 {
  if (flags !== undefined) return 0
  const isAccepted = what === 'handed-over' && code === 'accepted'
  return isAccepted || /retracted|found|revoked|custody/.test(what) ? 1 : 2
}

/** What an entry about a challenge says of the deposit that the challenge is about: its findings, with the parts that are challenged. */
export function answersTo(challenges: readonly LaterEvent[], on: EventSubject, statement: Statement): LaterEvent[] {
  const found = laterEventsIn(on, statement).filter(({ what }) => what === 'found')
  return challenges
    .filter(({ what }) => what === 'challenged')
    .flatMap(({ item, line }) => found.map((event) => ({ ...event, on: on.index, ...defined({ item, line }) })))
}

/** The part of a deposit that an event names, or the challenge, for people: nothing of a whole one. Numbers are those of the format, from 0. */
export function partText({ item, line, on }: Pick<LaterEvent, 'item' | 'line' | 'on'>): string {
  return [
    ...(item === undefined ? [] : [`, item ${item}`]),
    ...(line === undefined ? [] : [`, line ${line}`]),
    ...(on === undefined ? [] : [`, on the challenge in entry ${on}`]),
  ].join('')
}
