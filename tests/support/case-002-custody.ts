import { createHash, randomUUID } from 'node:crypto'
import { makeDisclosure } from '../../src/core/disclosure.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { randomSalt } from '../../src/node/key-file.ts'
import { composeStatement } from '../../src/statements/compose.ts'
import {
  type Desk,
  type Outcome,
  outcomeOf,
  referenceTo,
  send,
  type Step,
  type Told,
  type Who,
} from './case-002-desk.ts'
import { releaseBy, transferMembers } from './custody.ts'

/* How custody passes in the play of case-002: the one place that composes releases and transfers. */

/** How something passes from one to another. */
export interface HandOver extends Told {
  readonly from: Who
  readonly exhibits: readonly string[]
  readonly offer: Readonly<Record<string, JsonValue>>
  readonly outcome?: 'accepted' | 'rejected'
  readonly reason?: string
  readonly checked?: readonly string[]
  readonly inLieu?: string
}

/** A giver releases exhibits, and `by` signs whether it takes them over. */
export function takesOver(by: Who, hand: HandOver): Step {
  const { does, entry, refused } = hand
  const told = { by, does, ...(entry === undefined ? {} : { entry }), ...(refused === undefined ? {} : { refused }) }
  return { ...told, run: (desk) => handOver(desk, by, hand) }
}

async function handOver(desk: Desk, by: Who, hand: HandOver): Promise<Outcome> {
  const { from, exhibits, offer, outcome = 'accepted', reason, inLieu, sealed = {} } = hand
  const { server, people } = desk
  const salt = randomSalt(16)
  const iat = Math.floor(Date.now() / 1000)
  const release = releaseBy(people[from].key, {
    aud: server.origin,
    iss: people[from].id,
    to: people[by].id,
    exhibits: exhibits.map((name) => referenceTo(desk, name)),
    since: (await server.size()) - 1,
    iat,
    ...(inLieu === undefined ? {} : { inLieu }),
    _sd: [makeDisclosure(salt, 'offer', offer).digest],
    _sd_alg: 'sha-256',
  })
  if (inLieu === undefined) await tellOffer(desk, hand, release, iat + 86_400)
  const checked = hand.checked === undefined ? {} : { checked: hand.checked }
  const members = transferMembers(release, outcome, exhibits.length, { ...checked, ...(reason && { reason }) })
  const context = { iss: people[by].id, aud: server.origin, jti: randomUUID(), iat, kind: 'custody.transfer' }
  // The giver's claim has the giver's salt, and stands first.
  const salts = [salt]
  const statement = composeStatement(context, members, { offer, ...sealed }, people[by].key, (count) => {
    return salts.pop() ?? randomSalt(count)
  })
  return outcomeOf(await send(desk, statement.presentation, hand.shows))
}

/** The giver enters that it offered the exhibits. */
async function tellOffer(desk: Desk, { from, exhibits }: HandOver, release: string, exp: number): Promise<void> {
  for (const name of exhibits) {
    const digest = createHash('sha256').update(release).digest('base64url')
    const members = { of: referenceTo(desk, name), event: 'offered', release: { digest, exp } }
    const { presentation } = desk.server.sign(desk.people[from], 'evidence.event', members)
    const outcome = outcomeOf(await send(desk, presentation))
    if ('refused' in outcome) throw new Error(`the offer of ${name} was refused: ${outcome.refused}`)
  }
}
