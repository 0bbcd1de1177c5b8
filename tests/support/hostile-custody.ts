import { signJws } from '../../src/statements/compose.ts'
import { releaseTyp } from '../../src/statements/vocabulary.ts'
import { depositor, origin, startMs } from './chain.ts'
import { type ReleaseOptions, releaseBy, transferMembers, type UnitReference } from './custody.ts'
import type { Build, HostileLedger } from './hostile-packages.ts'
import { signerNamed } from './signers.ts'
import { itemFor } from './statements.ts'

/*
 * Packages whose related entries pass custody, dispute, decide or order erasure (docs/spec/18-package.md, "Related entries"): genuine ones, and
 * ones of ledgers that seal what breaks a rule of docs/spec/19-custody.md, 20-records.md or 22-erasure.md.
 */

const iat = startMs / 1000
const [court, lab, archive] = ['second', 'other', 'third'].map(signerNamed) as [Key, Key, Key]
type Key = ReturnType<typeof signerNamed>

const digest = depositor.thumbprint
const seals = { _sd: [digest], _sd_alg: 'sha-256' }

/** A laboratory, a court and an archive are admitted, and something is deposited, with one sealed claim. */
function setting(l: HostileLedger): number {
  l.admit('lab', lab, ['attestor'])
  l.admit('court', court, ['authority'])
  l.admit('archive', archive, ['depositor'])
  return l.deposit(depositor, 'depositor', { items: [itemFor('one'), itemFor('two')], ...seals })
}

interface HandOver extends Partial<ReleaseOptions> {
  /** By whose key the release is signed. */
  readonly key?: Key
  readonly outcome?: string
  readonly members?: object
  /** Who signs the transfer. */
  readonly by?: readonly [Key, string]
}

const unit = (l: HostileLedger, index: number, more: object = {}): UnitReference => l.of(index, more) as UnitReference

function transfer(l: HostileLedger, deposit: number, over: HandOver = {}): number {
  const { key = depositor, outcome = 'accepted', members = {}, by = [lab, 'lab'], ...more } = over
  const told = { aud: origin, iss: 'depositor', to: 'lab', exhibits: [unit(l, deposit)], since: deposit, iat, ...more }
  const release = releaseBy(key, told)
  return l.say(...by, 'custody.transfer', transferMembers(release, outcome, told.exhibits.length, members))
}

const hand =
  (over: HandOver = {}): Build =>
  (l) => {
    const deposit = setting(l)
    return { deposits: [deposit], related: [transfer(l, deposit, over)] }
  }

/** A deposit, and entries about it. */
const after =
  (
    build: (l: HostileLedger, deposit: number) => readonly number[],
    left: (l: readonly number[]) => number[] = () => [],
  ): Build =>
  (l) => {
    const deposit = setting(l)
    const related = build(l, deposit)
    const absent = left(related)
    return { deposits: [deposit], related: related.filter((index) => !absent.includes(index)), left: absent }
  }

const challenge = (l: HostileLedger, deposit: number): number =>
  l.say(lab, 'lab', 'evidence.challenge', { of: l.of(deposit, { item: 1 }), ...seals })
const finding = (l: HostileLedger, of: object): number =>
  l.say(court, 'court', 'evidence.finding', { of, finding: 'excluded' })
const order = (l: HostileLedger, of: number, digests = [digest], more: object = {}): number =>
  l.say(court, 'court', 'erasure.order', {
    of: [{ ...l.of(of), digests }],
    _sd: ['B'.repeat(42) + 'A'],
    _sd_alg: 'sha-256',
    ...more,
  })
const zeros = Buffer.alloc(32).toString('base64')

/** A release whose algorithm no verifier knows. */
const ofUnknownAlg = (l: HostileLedger, deposit: number): number => {
  const payload = {
    aud: origin,
    iss: 'depositor',
    jti: crypto.randomUUID(),
    iat,
    exp: iat + 3600,
    since: deposit,
    to: 'lab',
    exhibits: [unit(l, deposit)],
  }
  const [, ...rest] = signJws(releaseTyp, payload, depositor).split('.')
  const head = { alg: 'future', typ: releaseTyp, kid: depositor.thumbprint }
  const release = [Buffer.from(JSON.stringify(head)).toString('base64url'), ...rest].join('.')
  return l.say(lab, 'lab', 'custody.transfer', transferMembers(release, 'accepted', 1))
}

export const custodyPackages: Readonly<Record<string, readonly [0 | 1 | 4, Build]>> = {
  'custody: a hand-over': [0, hand()],
  'custody: a hand-over that differs, of one item': [
    0,
    after((l, d) => [transfer(l, d, { exhibits: [unit(l, d, { item: 1 })], members: { checked: ['differs'] } })]),
  ],
  'custody: a refusal, with a reason': [0, hand({ outcome: 'rejected', members: { reason: 'seal-broken' } })],
  'custody: a withdrawal': [0, hand({ outcome: 'withdrawn', by: [depositor, 'depositor'] })],
  'custody: by order': [0, hand({ inLieu: 'court-order', iss: 'court', key: court })],
  'custody: out of the hands of who does not hold it, which no package shows': [
    0,
    hand({ iss: 'archive', key: archive }),
  ],
  'custody: ended, and resumed': [
    0,
    after((l, d) => [
      l.say(depositor, 'depositor', 'custody.end', { of: [unit(l, d)], how: 'lost' }),
      l.say(depositor, 'depositor', 'custody.resume', { of: [unit(l, d)], reason: 'found' }),
    ]),
  ],
  'custody: the admission of who released it taken out': [
    0,
    after(
      (l, d) => [transfer(l, d, { iss: 'archive', key: archive })],
      () => [4],
    ),
  ],
  'custody: a release by a key of nobody here': [0, hand({ key: signerNamed('stranger') })],
  'custody: a release by another’s key': [1, hand({ key: archive })],
  'custody: a release with a false signature': [
    1,
    after((l, d) => [transfer(l, d, { key: { ...depositor, sign: archive.sign } })]),
  ],
  'custody: a release by a key that was revoked': [
    1,
    (l) => {
      const deposit = setting(l)
      l.by('participant.revoke', { key: archive.thumbprint, reason: 'other' })
      return { deposits: [deposit], related: [transfer(l, deposit, { iss: 'archive', key: archive })] }
    },
  ],
  'custody: a release of unknown algorithm': [4, after((l, d) => [ofUnknownAlg(l, d)])],
  'custody: a release for another ledger': [1, hand({ aud: 'other.example/x' })],
  'custody: a release to somebody else': [1, hand({ to: 'archive' })],
  'custody: a release to its giver': [1, hand({ to: 'depositor', by: [depositor, 'depositor'] })],
  'custody: a withdrawal by the receiver': [1, hand({ outcome: 'withdrawn' })],
  'custody: a release that had ended': [1, hand({ exp: iat })],
  'custody: a release that ends too late': [1, hand({ exp: iat + 91 * 86_400 })],
  'custody: a release that ends before it begins': [1, hand({ exp: iat - 1 })],
  'custody: a release of tomorrow': [1, hand({ iat: iat + 86_400, exp: iat + 2 * 86_400 })],
  'custody: a release with another member': [1, hand({ x: 1 } as HandOver)],
  'custody: a release that seals what the transfer does not': [1, hand({ ...seals })],
  'custody: a release that is none': [1, hand({ members: { release: 'a.b' } })],
  'custody: by order of no authority': [1, hand({ inLieu: 'court-order' })],
  'custody: something twice in one release': [
    1,
    after((l, d) => [transfer(l, d, { exhibits: [unit(l, d), unit(l, d, { item: 1 })] })]),
  ],
  'custody: an item that there is not': [1, after((l, d) => [transfer(l, d, { exhibits: [unit(l, d, { item: 2 })] })])],
  'custody: one release in two transfers': [
    1,
    after((l, d) => {
      const release = releaseBy(depositor, {
        aud: origin,
        iss: 'depositor',
        to: 'lab',
        exhibits: [unit(l, d)],
        since: d,
        iat,
      })
      const say = (): number => l.say(lab, 'lab', 'custody.transfer', transferMembers(release, 'rejected', 1))
      return [say(), say()]
    }),
  ],
  'custody: checked more than was released': [1, hand({ members: { checked: ['match', 'match'] } })],
  'custody: checked in words of its own': [1, hand({ members: { checked: ['fine'] } })],
  'custody: accepted for a reason': [1, hand({ members: { reason: 'differs' } })],
  'custody: taken over by an administrator': [
    1,
    after((l, d) => [
      l.by(
        'custody.transfer',
        transferMembers(
          releaseBy(depositor, {
            aud: origin,
            iss: 'depositor',
            to: 'administrator',
            exhibits: [unit(l, d)],
            since: d,
            iat,
          }),
          'accepted',
          1,
        ),
      ),
    ]),
  ],
  'custody: disposed of without an order': [
    1,
    after((l, d) => [l.say(depositor, 'depositor', 'custody.end', { of: [unit(l, d)], how: 'disposed' })]),
  ],
  'custody: ended in words of its own': [
    1,
    after((l, d) => [l.say(depositor, 'depositor', 'custody.end', { of: [unit(l, d)], how: 'gone' })]),
  ],
  'custody: of what is not in the package': [
    1,
    (l) => {
      const deposit = setting(l)
      const other = l.deposit()
      return { deposits: [deposit], related: [transfer(l, other)], left: [other] }
    },
  ],
  'custody: the key of who released it compromised': [
    0,
    (l) => {
      const deposit = setting(l)
      const related = [transfer(l, deposit, { iss: 'archive', key: archive })]
      l.by('participant.revoke', {
        key: archive.thumbprint,
        reason: 'compromised',
        compromisedSince: '2026-01-01T00:00:00.000Z',
      })
      return { deposits: [deposit], related }
    },
  ],
  'finding on a challenge': [
    0,
    after((l, d) => {
      const on = challenge(l, d)
      return [on, finding(l, l.of(on))]
    }),
  ],
  'finding on a challenge that is not here': [
    1,
    after(
      (l, d) => {
        const on = challenge(l, d)
        return [on, finding(l, l.of(on))]
      },
      (all) => all.slice(0, 1),
    ),
  ],
  'finding on a challenge by another leaf hash': [
    1,
    after((l, d) => {
      const on = challenge(l, d)
      return [on, finding(l, { index: on, leafHash: zeros })]
    }),
  ],
  'finding on an item of a challenge': [
    1,
    after((l, d) => {
      const on = challenge(l, d)
      return [on, finding(l, l.of(on, { item: 1 }))]
    }),
  ],
  'finding on an event': [
    1,
    after((l, d) => {
      const on = l.say(lab, 'lab', 'evidence.event', { of: l.of(d), event: 'opened' })
      return [on, finding(l, l.of(on))]
    }),
  ],
  'erasure ordered': [0, after((l, d) => [order(l, d)])],
  'erasure ordered by who is no authority': [
    1,
    after((l, d) => [l.say(lab, 'lab', 'erasure.order', { of: [{ ...l.of(d), digests: [digest] }], ...seals })]),
  ],
  'erasure ordered of what is not sealed': [1, after((l, d) => [order(l, d, ['B'.repeat(42) + 'A'])])],
  'erasure ordered of another ledger': [1, after((l, d) => [order(l, d, [digest], { origin: 'other.example/x' })])],
  'erasure ordered by administrators': [
    0,
    after((l, d) => {
      const of = [{ ...l.of(d), digests: [digest] }]
      const proposed = { kind: 'erasure.order', of, _sd: ['B'.repeat(42) + 'A'], _sd_alg: 'sha-256' }
      return [l.changeByHand(proposed, signerNamed('administrator'))]
    }),
  ],
}
