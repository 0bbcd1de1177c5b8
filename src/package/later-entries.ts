import { toBase64 } from '../core/base64.ts'
import { leafHash } from '../core/entry.ts'
import { smallest } from '../core/arrays.ts'
import { type Jwk, thumbprint } from '../core/jwk.ts'
import { answersTo, type EventSubject, type LaterEvent, laterEventsIn, subjectIn } from '../statements/later-events.ts'
import { keysBroughtBy } from '../statements/said.ts'
import { type CheckedReceipt, subjectOf } from '../verify/check-receipt.ts'
import { LogView } from '../log/view.ts'
import type { KeyLocator } from './admission-receipts.ts'
import { relatedEvents } from './package-events.ts'

/** A later entry about a deposit, and the key that signed it. */
export interface LaterEntry {
  readonly index: number
  readonly bytes: Uint8Array
  readonly signer: Jwk
}

/**
 * Every entry of a tree that attests, retracts or refers to one of some deposits, or decides of a challenge of one, found by reading them all: for
 * mirrors, exports and folders. Throws what reading throws.
 */
export async function scanLaterEntries(
  tree: LogView,
  locate: KeyLocator,
  deposits: readonly CheckedReceipt[],
): Promise<LaterEntry[]> {
  const subjects = deposits.map(subjectOf)
  const found: LaterEntry[] = []
  const challenges: { readonly subject: EventSubject; readonly said: readonly LaterEvent[] }[] = []
  for (let index = smallest(subjects.map((subject) => subject.index)) + 1; index < tree.size; index++) {
    const { bytes, statement } = await tree.entry(index)
    const said = subjects
      .filter((subject) => subject.index < index)
      .flatMap((subject) => laterEventsIn(subject, statement))
      .filter(({ what }) => relatedEvents.has(what))
    const answers = challenges.flatMap((one) => answersTo(one.said, one.subject, statement))
    if (said.length + answers.length === 0) continue
    if (said.some(({ what }) => what === 'challenged'))
      challenges.push({ subject: subjectIn(statement, index, toBase64(leafHash(bytes))), said })
    const signer = await keyNamed(tree, locate, statement.header.kid)
    if (signer !== undefined) found.push({ index, bytes, signer })
  }
  return found
}

async function keyNamed(tree: LogView, locate: KeyLocator, kid: string): Promise<Jwk | undefined> {
  const located = await locate(kid)
  if (located === undefined || located.since >= tree.size) return undefined
  return keysBroughtBy((await tree.entry(located.since)).body).find((jwk) => thumbprint(jwk) === kid)
}
