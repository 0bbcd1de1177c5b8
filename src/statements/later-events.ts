import { valueOr } from '../core/attempt.ts'
import { defined } from '../core/objects.ts'
import { readBody } from './body.ts'
import type { LaterEventName, SignedBy } from './kind.ts'
import { endingsOf, referencesOf, signedWithin } from './said.ts'
import { signedBy, type Statement } from './statement.ts'

/** One thing that a later entry says of an earlier one. */
export interface LaterEvent {
  readonly what: LaterEventName
  /** `reason`, `as`, `rel`, `event` or `finding`; none of a rotation and a challenge. */
  readonly code?: string
  readonly compromisedSince?: string
  /** The one item that a statement other than a deposit is about, and the line of the manifest that the item is. */
  readonly item?: number
  readonly line?: number
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

/** The part of a deposit that an event names, for people: nothing of a whole one. Numbers are those of the format, from 0. */
export function partText({ item, line }: Pick<LaterEvent, 'item' | 'line'>): string {
  if (item === undefined) return ''
  return line === undefined ? `, item ${item}` : `, item ${item}, line ${line}`
}
