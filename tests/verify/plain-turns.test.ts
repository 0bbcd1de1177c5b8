import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { installNativePrimitives } from '../../src/node/native.ts'
import { administrator, origin, startMs, TestChain } from '../support/chain.ts'
import { compared, type Walked } from '../support/compared-walks.ts'
import { releaseBy, transferMembers } from '../support/custody.ts'
import { Composer } from '../support/custody-composer.ts'
import { CustodyModel } from '../support/custody-model.ts'
import { Random } from '../support/random.ts'
import { signerNamed } from '../support/signers.ts'
import { itemFor, statement } from '../support/statements.ts'

/* What is recognised and taken in its turn must leave the walk as it is where the rulebook judges every entry. */

installNativePrimitives()
const iat = startMs / 1000
const people = ['police', 'lab', 'archive'] as const

interface Hand {
  readonly outcome?: 'accepted' | 'rejected' | 'withdrawn'
  readonly exhibits?: readonly object[]
  readonly since?: number
  readonly members?: object
  readonly jti?: string
  readonly release?: string
  /** Who signs the release, and with which key. */
  readonly key?: string
}

/** A chain that is worth threads, with a deposit of two items by `police`. */
class HandedChain {
  readonly chain = new TestChain().start()
  readonly exhibit: number

  constructor() {
    for (const id of people) this.chain.admit(id, ['depositor'])
    this.chain.admit('court', ['authority'])
    // So many that the rest of the chunk is handed out.
    this.chain.deposits(40)
    this.exhibit = this.say('police', 'evidence.deposit', { items: [itemFor('a'), itemFor('b')] })
  }

  say(by: string, kind: string, members: object, jti: string = randomUUID()): number {
    return this.chain.add(statement(signerNamed(by), origin, kind, members, { iss: by, iat, jti }).jws)
  }

  administer(kind: string, members: object): number {
    const options = { iss: 'administrator', iat }
    return this.chain.add(statement(administrator, origin, kind, members, options).jws)
  }

  unit(item?: number): object {
    return { ...this.chain.reference(this.exhibit), ...(item === undefined ? {} : { item }) }
  }

  release(from: string, to: string, { exhibits = [this.unit()], since, key = from }: Hand = {}): string {
    const options = { aud: origin, iss: from, to, since: since ?? this.chain.bytes.length - 1, iat }
    return releaseBy(signerNamed(key), { ...options, exhibits: exhibits as never })
  }

  hand(from: string, to: string, hand: Hand = {}): number {
    const { outcome = 'accepted', exhibits = [this.unit()], members = {}, jti } = hand
    const release = hand.release ?? this.release(from, to, hand)
    const said = transferMembers(release, outcome, exhibits.length, members)
    return this.say(outcome === 'withdrawn' ? from : to, 'custody.transfer', said, jti)
  }

  /** What the walk finds, and what it had to judge itself, among the entries from `exhibit` on. */
  async found(): Promise<{
    readonly codes: unknown
    readonly here: readonly number[]
    readonly report: Walked['report']
  }> {
    const { report, here } = await compared(this.chain.seal())
    const codes = report.faults.map(({ index, code }) => [index, code])
    return { codes, here: here.filter((index) => index > this.exhibit), report }
  }
}

describe('hand-overs that are recognised', () => {
  it('are taken whatever their outcome, one after the other', async () => {
    const made = new HandedChain()
    made.hand('police', 'lab')
    made.hand('lab', 'archive', { outcome: 'rejected', members: { reason: 'seal-broken' } })
    made.hand('lab', 'archive', { outcome: 'withdrawn' })
    made.hand('lab', 'archive', { exhibits: [made.unit(0)] })
    made.hand('archive', 'police', { exhibits: [made.unit(0)] })
    made.hand('lab', 'court', { exhibits: [made.unit(1)] })
    made.chain.deposits(3)
    const { codes, here } = await made.found()
    expect([codes, here]).toEqual([[], []])
  })

  it('are taken with claims, theirs and those of the release', async () => {
    const made = new HandedChain()
    const sealed = { note: 'in a box', acceptance: { place: 'the hall' } }
    const release = made.release('police', 'lab')
    const options = { iss: 'lab', iat, sealed }
    const said = statement(
      signerNamed('lab'),
      origin,
      'custody.transfer',
      transferMembers(release, 'accepted', 1),
      options,
    )
    const index = made.chain.add(said.jws)
    made.chain.disclosed.set(
      index,
      said.disclosures.map(({ text }) => text),
    )
    expect(await made.found()).toMatchObject({ codes: [], here: [] })
    made.chain.disclosed.set(index, ['WyJhIiwiYiIsImMiXQ'])
    expect(await made.found()).toMatchObject({ codes: [[index, 'stored-disclosure-altered']], here: [index] })
  })

  const broken: readonly (readonly [code: string, (made: HandedChain) => number])[] = [
    ['custody-not-holder', (made) => made.hand('lab', 'archive')],
    [
      'custody-stale',
      (made) => {
        const release = made.release('police', 'lab')
        made.hand('police', 'archive')
        made.hand('archive', 'police')
        return made.hand('police', 'lab', { release })
      },
    ],
    ['custody-stale', (made) => made.hand('police', 'lab', { since: made.chain.bytes.length })],
    [
      'custody-ended',
      (made) => {
        made.say('police', 'custody.end', { of: [made.unit()], how: 'lost' })
        return made.hand('police', 'lab')
      },
    ],
    [
      'release-used',
      (made) => {
        const release = made.release('police', 'lab')
        made.hand('police', 'lab', { release, outcome: 'rejected' })
        return made.hand('police', 'lab', { release })
      },
    ],
    ['exhibit-repeated', (made) => made.hand('police', 'lab', { exhibits: [made.unit(), made.unit(1)] })],
    ['reference-item', (made) => made.hand('police', 'lab', { exhibits: [made.unit(2)] })],
    ['reference-not-found', (made) => made.hand('police', 'lab', { exhibits: [{ ...made.unit(), index: 999 }] })],
    [
      'reference-hash',
      (made) => made.hand('police', 'lab', { exhibits: [{ ...made.unit(), index: made.exhibit - 1 }] }),
    ],
    ['reference-kind', (made) => made.hand('police', 'lab', { exhibits: [made.chain.reference(2)] })],
    [
      'jti-reused',
      (made) => {
        const jti = randomUUID()
        made.hand('police', 'lab', { jti })
        made.hand('lab', 'archive')
        made.hand('archive', 'court')
        return made.hand('court', 'lab', { jti })
      },
    ],
    ['release-key', (made) => made.hand('police', 'lab', { key: 'archive' })],
    [
      'release-key',
      (made) => {
        const release = made.release('police', 'lab')
        made.administer('participant.revoke', { key: signerNamed('police').thumbprint, reason: 'other' })
        return made.hand('police', 'lab', { release })
      },
    ],
    [
      'release-key',
      (made) => {
        made.administer('participant.revoke', { participant: 'police', reason: 'other' })
        return made.hand('police', 'lab')
      },
    ],
    [
      'participant-revoked',
      (made) => {
        made.administer('participant.revoke', { participant: 'lab', reason: 'other' })
        return made.hand('police', 'lab')
      },
    ],
    [
      'ledger-closed',
      (made) => {
        made.administer('ledger.close', { reason: 'period-ended' })
        return made.hand('police', 'lab')
      },
    ],
    [
      'reference-unsound',
      (made) => {
        const jti = randomUUID()
        made.say('police', 'evidence.deposit', { items: [itemFor('c')] }, jti)
        const unsound = made.say('police', 'evidence.deposit', { items: [itemFor('d')] }, jti)
        const exhibits = [made.chain.reference(unsound)]
        return made.hand('police', 'lab', { exhibits })
      },
    ],
  ]

  it.each(broken)('are left to the rulebook where they break a rule: %s', async (code, breaks) => {
    const made = new HandedChain()
    made.hand('police', 'lab', { exhibits: [made.unit(1)], outcome: 'rejected' })
    const index = breaks(made)
    made.hand('police', 'lab', { exhibits: [made.unit(0)] })
    const { codes, here } = await made.found()
    expect(codes).toContainEqual([index, code])
    expect(here).toContain(index)
    expect(here).not.toContain(made.exhibit + 1)
  })

  it('are left to the rulebook after a kind of custody that is not known, and in lieu or beside what differs', async () => {
    const made = new HandedChain()
    const differs = made.hand('police', 'lab', { members: { checked: ['differs'] } })
    made.hand('lab', 'police')
    const unknown = made.say('police', 'custody.lend', {})
    const open = made.hand('police', 'lab')
    const { codes, here, report } = await made.found()
    expect([codes, here]).toEqual([[], [differs, unknown, open]])
    expect(report.unjudged.map(({ index }) => index)).toEqual([unknown, open])
    expect(report.flagged.map(({ index }) => index)).toEqual([differs])
  })

  it('are flagged where the key of a release was compromised at their time', async () => {
    const made = new HandedChain()
    const index = made.hand('police', 'lab')
    const compromisedSince = new Date(startMs + 1000 * (index + 1)).toISOString()
    const key = signerNamed('police').thumbprint
    made.administer('participant.revoke', { key, reason: 'compromised', compromisedSince })
    const { here, report } = await made.found()
    expect(here).toEqual([index + 1])
    expect(report.flagged.map((flag) => flag.index)).toEqual([index])
  })

  it('leave all as it is in sequences that a model makes up, some of whose entries are altered or missing', async () => {
    const ids = ['court', 'court-two', 'police', 'lab', 'archive', 'prosecutor', 'customs']
    let [handed, faulty] = [0, 0]
    for (let seed = 1; seed <= 10; seed++) {
      const random = new Random(seed)
      const chain = new TestChain().start()
      for (const id of ids) chain.admit(id, [id.startsWith('court') ? 'authority' : 'depositor'])
      chain.deposits(40)
      const model = new CustodyModel(random, ids)
      const composer = new Composer(origin, iat, (index) => chain.reference(index))
      for (let step = 0; step < 60; step++) {
        const index = chain.bytes.length
        const said = model.step(index)
        const { by, kind, members } = composer.compose(said, index)
        const key = by === 'administrator' ? administrator : signerNamed(by)
        chain.add(statement(key, origin, kind, members, { iss: by, iat }).jws)
        model.judge(said, index)
      }
      chain.seal()
      for (let damage = seed % 2; damage > 0; damage--) {
        const at = chain.bytes.length - 1 - random.below(20)
        const bytes = Uint8Array.from(chain.bytes[at] ?? [])
        const place = random.below(bytes.length)
        bytes[place] = (bytes[place] ?? 0) ^ (1 << random.below(7))
        chain.bytes[at] = random.below(4) === 0 ? (undefined as never) : bytes
      }
      const { report, taken } = await compared(chain)
      handed += taken.length
      faulty += report.faults.length
    }
    expect(faulty).toBeGreaterThan(60)
    expect(handed).toBeGreaterThan(30)
  })
})
