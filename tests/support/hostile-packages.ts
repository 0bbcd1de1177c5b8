import { randomUUID } from 'node:crypto'
import { signCheckpoint } from '../../src/core/checkpoint.ts'
import { verifierKey } from '../../src/core/note.ts'
import { approve, changeMembers, composeProposal } from '../../src/statements/approval-file.ts'
import { composePossession } from '../../src/statements/compose.ts'
import type { Kind } from '../../src/statements/kinds.ts'
import type { SigningKey } from '../../src/node/key-file.ts'
import { verifyGuide } from '../../src/package/verify-guide.ts'
import { Tile } from '../../src/core/merkle/tile.ts'
import { inclusionProof } from '../../src/core/merkle/tiles.ts'
import { encodeReceipt } from '../../src/core/receipt.ts'
import { bagFiles } from './bag.ts'
import { administrator, depositor, ledgerKey, ledgerSigner, origin, startMs, TestChain } from './chain.ts'
import { packagePolicy } from './differential/packages.ts'
import { signerNamed } from './signers.ts'
import { itemFor, statement } from './statements.ts'

/* Packages of ledgers that seal what breaks a rule of docs/spec/04-rulebook.md or 14-ledger-keys.md: all else of them is in order. */

const iat = startMs / 1000
const [second, other, third] = ['second', 'other', 'third'].map(signerNamed) as [SigningKey, SigningKey, SigningKey]
const signers = new Map([administrator, depositor, second, other, third].map((key) => [key.thumbprint, key]))

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
/** Header, payload and signature, of any payload. */
function jws(by: SigningKey, typ: string, payload: string, header: object = {}): [string, string, string] {
  const head = encoded({ alg: 'EdDSA', typ, kid: by.thumbprint, ...header })
  return [head, payload, Buffer.from(by.sign(Buffer.from(`${head}.${payload}`))).toString('base64url')]
}

/** A chain to which statements of any signer are added. It begins with genesis and the admission of a depositor. */
export class HostileLedger {
  readonly chain = new TestChain().start()

  say(signer: SigningKey, iss: string, kind: string, members: object = {}, options: object = {}): number {
    return this.chain.add(statement(signer, origin, kind, members, { iss, iat, ...options }).jws)
  }
  by(kind: string, members: object = {}, options: object = {}): number {
    return this.say(administrator, 'administrator', kind, members, options)
  }
  admit(id: string, key: SigningKey, roles = ['depositor'], more: object = {}): number {
    return this.by('participant.admit', participant(id, key, roles, more))
  }
  deposit(signer = depositor, iss = 'depositor', more: object = {}, options: object = {}): number {
    return this.say(signer, iss, 'evidence.deposit', { items: [itemFor('content')], ...more }, options)
  }
  rotate(old: SigningKey, to: SigningKey, iss = 'depositor', proof: object = {}, possessor = to): number {
    const jti = randomUUID()
    const said = { aud: origin, iss, jti, old: old.thumbprint, ...proof }
    const possession = composePossession(said, { ...possessor, jwk: to.jwk })
    return this.say(old, iss, 'participant.rotate-key', { newKey: to.jwk, possession }, { jti })
  }
  change(kind: Kind, members: object, approvers: readonly SigningKey[], context: object = {}): number {
    const common = { aud: origin, jti: randomUUID(), exp: iat + 3600, kind, ...context }
    const alone = (approver: SigningKey) => changeMembers(approve(composeProposal(common, members), approver))
    // One by one: an author of a proposal by the rules does not approve twice.
    const [first, ...more] = approvers.map(alone)
    if (first === undefined) throw new Error('a change without an approval')
    const approvals = [first, ...more].flatMap((one) => (one as { readonly approvals: readonly object[] }).approvals)
    return this.by('ledger.change', { ...first, approvals })
  }
  /** A change of any kind, which no composer makes: with other members in the header of its approval, and of its own. */
  changeByHand(proposed: object, approver: SigningKey, header: object = {}, more: object = {}): number {
    const proposal = encoded({ aud: origin, jti: randomUUID(), exp: iat + 3600, ...proposed })
    const [head, , signature] = jws(approver, 'evidence-proposal+jwt', proposal, header)
    return this.by('ledger.change', { proposal, approvals: [{ protected: head, signature }], ...more })
  }
  /** A rotation whose possession proof has other members in its header. */
  rotateByHand(header: object): number {
    const jti = randomUUID()
    const said = encoded({ aud: origin, iss: 'depositor', jti, old: depositor.thumbprint })
    const possession = jws(other, 'evidence-key-possession+jwt', said, header).join('.')
    return this.say(depositor, 'depositor', 'participant.rotate-key', { newKey: other.jwk, possession }, { jti })
  }
  /** A statement of the depositor whose JSON no composer writes. */
  sayByHand(kind: string, members: object): number {
    const said = encoded({ iss: 'depositor', aud: origin, jti: randomUUID(), iat, kind, ...members })
    return this.chain.add(jws(depositor, 'evidence-statement+sd-jwt', said).join('.'))
  }
  of(index: number, more: object = {}): object {
    return { ...this.chain.reference(index), ...more }
  }
}

function participant(id: string, key: SigningKey, roles: string[], more: object = {}): object {
  return { participant: { id, type: 'organisation', roles, keys: [key.jwk], ...more } }
}

const revoke = (what: object, more: object = {}): object => ({ ...what, reason: 'other', ...more })
const depositorsKey = { key: depositor.thumbprint }
const newLedgerKey = verifierKey(origin, third.publicKey)
const zeros = Buffer.alloc(32).toString('base64')

function rotation(size: number, members: object = {}, signer = third): object {
  const root = Buffer.alloc(32, 7)
  const possession = signCheckpoint({ origin, size, root }, newLedgerKey, signer.sign)
  return { oldKey: ledgerKey.text, newKey: newLedgerKey.text, reason: 'routine', possession, ...members }
}

/** What lies where in the package; by default the last entry is its one deposit and all others are its admissions. */
interface Places {
  readonly deposits?: readonly number[]
  readonly related?: readonly number[]
  readonly left?: readonly number[]
}
export type Build = (ledger: HostileLedger) => Places | undefined | number

/** One deposit after something else. */
const then =
  (build: (ledger: HostileLedger) => unknown, signer = depositor, iss = 'depositor'): Build =>
  (ledger) => {
    build(ledger)
    ledger.deposit(signer, iss)
    return undefined
  }
/** A deposit, and something about it. */
const about =
  (build: (ledger: HostileLedger, deposit: number) => number, more: object = {}): Build =>
  (ledger) => {
    const deposits = [ledger.deposit(depositor, 'depositor', { items: [{ ...itemFor('content'), ...more }] })]
    return { deposits, related: [build(ledger, deposits[0] as number)] }
  }
/** What a statement seals, of which nothing is shown. */
const sealOfRecord = { _sd: [depositor.thumbprint], _sd_alg: 'sha-256' }
/** A deposit, and a record about it by a participant with some roles. */
const record =
  (kind: string, members: object, of: object = {}, roles: string[] = ['attestor']): Build =>
  (l) => {
    l.admit('other', other, roles)
    const deposits = [l.deposit()]
    return { deposits, related: [l.say(other, 'other', kind, { of: l.of(deposits[0] as number, of), ...members })] }
  }
/** A deposit, and its retraction; members of what it refers to, and of the retraction itself. */
const retraction = (of: object, more: object = {}): Build =>
  about(
    (l, deposit) =>
      l.say(depositor, 'depositor', 'evidence.retract', { of: l.of(deposit, of), reason: 'mistake', ...more }),
    twoLines,
  )
/** A deposit, and the revocation of the key that signed it. */
const revocation =
  (more: object): Build =>
  (l) => {
    const deposits = [l.deposit()]
    l.by('participant.revoke', revoke(depositorsKey, more))
    return { deposits }
  }
/** A deposit, and the end of the ledger. */
const closing =
  (members: object): Build =>
  (l) => {
    const deposits = [l.deposit()]
    l.by('ledger.close', members)
    return { deposits }
  }
/** A deposit of a kind that no verifier knows, with one member. */
const unknownKind =
  (x: unknown): Build =>
  (l) =>
    l.sayByHand('evidence.future', { x })
/** An object in objects, this many in all. */
const nested = (depth: number): object => (depth === 1 ? {} : { a: nested(depth - 1) })
/** Makes an item a manifest of two lines, which are not at hand. */
const twoLines = { tree: { root: 'ab'.repeat(32), size: 2 } }
/** One deposit, whose item has other members. */
const item =
  (members: object): Build =>
  (ledger) =>
    ledger.deposit(depositor, 'depositor', { items: [{ ...itemFor('content'), ...members }] })
const two = (ledger: HostileLedger): void => {
  ledger.admit('second', second, ['administrator'])
  ledger.by('ledger.set-approvals', { administrators: 2 })
}
const admission = participant('other', other, ['depositor'])
const admit = { kind: 'participant.admit', ...admission }

const keyLater: Build = (ledger) => {
  const deposits = [ledger.deposit(other, 'other')]
  ledger.admit('other', other)
  return { deposits }
}
const person = 'p-5a17e2c0b94d3f68'
const zeroId = '00000000-0000-4000-8000-0000000000aa'

/** By name: the exit code that every program gives, and how the ledger is built. */
export const hostileLedgers: Readonly<Record<string, readonly [0 | 1 | 4, Build]>> = {
  'nothing wrong': [0, then(() => undefined)],
  // Page 04, judging one entry.
  'key not admitted': [0, then(() => undefined, other, 'other')],
  'key of another': [1, then(() => undefined, depositor, 'other')],
  'key that came later': [1, keyLater],
  'revoked key': [1, then((l) => l.by('participant.revoke', revoke(depositorsKey)))],
  'revoked participant': [1, then((l) => l.by('participant.revoke', revoke({ participant: 'depositor' })))],
  'rotated key': [1, then((l) => l.rotate(depositor, other))],
  'role missing': [1, then((l) => l.admit('other', other, ['auditor']), other, 'other')],
  'registry kind without the role': [
    1,
    then((l) => l.say(depositor, 'depositor', 'ledger.set-format', { version: 2 })),
  ],
  'close without the role': [1, then((l) => l.say(depositor, 'depositor', 'ledger.close', { reason: 'ended' }))],
  'close by nobody known': [1, then((l) => l.say(other, 'other', 'ledger.close', { reason: 'ended' }))],
  'deposit after the intake ended': [
    1,
    (l) => {
      const deposits = [l.deposit()]
      l.by('ledger.end-intake', { reason: 'period-ended' })
      return { deposits: [...deposits, l.deposit()] }
    },
  ],
  'deposit after nobody known ended the intake': [
    1,
    then((l) => l.say(other, 'other', 'ledger.end-intake', { reason: 'other' })),
  ],
  'attestation after the intake ended': [
    0,
    about((l, deposit) => {
      l.by('ledger.end-intake', { reason: 'other' })
      return l.say(depositor, 'depositor', 'evidence.attest', { of: l.of(deposit), as: 'holder' })
    }),
  ],
  'set-format by nobody known': [0, then((l) => l.say(other, 'other', 'ledger.set-format', { version: 2 }))],
  'set-format by a revoked key': [
    1,
    (l) => {
      const deposits = [l.deposit()]
      l.by('participant.revoke', revoke(depositorsKey))
      l.say(depositor, 'depositor', 'ledger.set-format', { version: 2 })
      return { deposits }
    },
  ],
  'jti used before': [
    1,
    (l) => ({
      deposits: [
        l.deposit(depositor, 'depositor', {}, { jti: zeroId }),
        l.deposit(depositor, 'depositor', {}, { jti: zeroId }),
      ],
    }),
  ],
  'issued in the future': [1, (l) => l.deposit(depositor, 'depositor', {}, { iat: iat + 90_000 })],
  'second genesis': [1, then((l) => l.by('ledger.genesis', genesis()))],
  'unknown kind': [4, then((l) => l.by('ledger.future'))],
  'unknown kind, unknown signer': [4, then((l) => l.say(other, 'other', 'ledger.future'))],
  'unknown kind after the end': [
    1,
    (l) => {
      const deposits = [l.deposit()]
      l.by('ledger.close', { reason: 'ended' })
      l.by('participant.future')
      return { deposits }
    },
  ],
  // New keys, admission.
  'key twice': [1, then((l) => l.admit('other', depositor))],
  'id twice': [1, then((l) => l.admit('depositor', other))],
  'id twice, neither shown': [
    1,
    then((l) => {
      for (const key of [second, third])
        l.say(other, 'other', 'participant.admit', participant('x', key, ['depositor']))
    }),
  ],
  'the ledger’s own key': [1, then((l) => l.admit('other', ledgerSigner))],
  'name of a person': [1, then((l) => l.admit(person, other, ['depositor'], { type: 'person', name: 'A B' }))],
  'id of a person': [1, then((l) => l.admit('a-b', other, ['depositor'], { type: 'lawyer' }))],
  'a person under a random id': [
    0,
    then((l) => l.admit(person, other, ['depositor'], { type: 'person' }), other, person),
  ],
  'roles of courts and operators': [0, then((l) => l.admit('other', other, ['authority', 'operator']))],
  'unknown role': [4, then((l) => l.admit('other', other, ['depositor', 'quantum']))],
  'admitted by a depositor': [
    1,
    then((l) => l.say(depositor, 'depositor', 'participant.admit', admission), other, 'other'),
  ],
  // Revocation.
  'compromised later than it says': [
    1,
    (l) => {
      const deposits = [l.deposit()]
      l.by('participant.revoke', revoke(depositorsKey, { compromisedSince: '2027-01-01T00:00:00.000Z' }))
      return { deposits }
    },
  ],
  'revocation of nobody known': [0, then((l) => l.by('participant.revoke', revoke({ participant: 'nobody' })))],
  'revoked twice': [
    1,
    (l) => {
      const deposits = [l.deposit()]
      for (let i = 0; i < 2; i++) l.by('participant.revoke', revoke({ participant: 'depositor' }))
      return { deposits }
    },
  ],
  'nobody known, revoked twice': [
    1,
    then((l) => [1, 2].forEach(() => l.by('participant.revoke', revoke({ participant: 'nobody' })))),
  ],
  'unknown key, revoked before it signs': [
    1,
    then((l) => l.by('participant.revoke', revoke({ key: other.thumbprint })), other, 'other'),
  ],
  'last administrator': [0, then((l) => l.by('participant.revoke', revoke({ participant: 'administrator' })))],
  'by the last administrator': [
    1,
    then((l) => {
      l.by('participant.revoke', revoke({ participant: 'administrator' }))
      l.admit('other', other)
    }),
  ],
  // Rotation.
  rotation: [0, then((l) => l.rotate(depositor, other), other)],
  'rotation to a known key': [1, then((l) => l.rotate(depositor, administrator))],
  'rotation without possession': [1, then((l) => l.rotate(depositor, other, 'depositor', {}, second), other)],
  'possession for another': [1, then((l) => l.rotate(depositor, other, 'depositor', { iss: 'other' }), other)],
  'rotation of nobody known': [1, then((l) => l.rotate(other, second, 'other'), other, 'other')],
  // References.
  attestation: [
    0,
    about((l, deposit) => l.say(depositor, 'depositor', 'evidence.attest', { of: l.of(deposit), as: 'holder' })),
  ],
  'reference to itself': [
    1,
    (l) => l.deposit(depositor, 'depositor', { relates: [{ rel: 'corrects', ...l.of(1, { index: 2 }) }] }),
  ],
  'reference with another hash': [
    1,
    about((l, deposit) => {
      const relates = [l.of(deposit), l.of(deposit, { leafHash: zeros })].map((of) => ({ rel: 'corrects', ...of }))
      return l.deposit(depositor, 'depositor', { relates })
    }),
  ],
  'reference to no deposit': [
    1,
    (l) => l.deposit(depositor, 'depositor', { relates: [{ rel: 'corrects', ...l.of(1) }] }),
  ],
  'reference to no item': [
    1,
    about((l, deposit) =>
      l.say(depositor, 'depositor', 'evidence.attest', { of: l.of(deposit, { item: 9 }), as: 'holder' }),
    ),
  ],
  'retraction of one line': [
    0,
    about(
      (l, deposit) =>
        l.say(depositor, 'depositor', 'evidence.retract', {
          of: l.of(deposit, { item: 0, line: 1 }),
          reason: 'mistake',
        }),
      twoLines,
    ),
  ],
  'retraction of no line': [
    1,
    about(
      (l, deposit) =>
        l.say(depositor, 'depositor', 'evidence.retract', {
          of: l.of(deposit, { item: 0, line: 2 }),
          reason: 'mistake',
        }),
      twoLines,
    ),
  ],
  'reference to a line of no manifest': [
    1,
    about((l, deposit) =>
      l.say(depositor, 'depositor', 'evidence.attest', { of: l.of(deposit, { item: 0, line: 0 }), as: 'holder' }),
    ),
  ],
  'reference to a line without item': [
    1,
    about((l, deposit) =>
      l.say(depositor, 'depositor', 'evidence.attest', { of: l.of(deposit, { line: 0 }), as: 'holder' }),
    ),
  ],
  'reference to what is not here': [
    0,
    (l) => {
      const left = [l.deposit()]
      const deposits = [
        l.deposit(depositor, 'depositor', { relates: [{ rel: 'corrects', ...l.of(2, { leafHash: zeros }) }] }),
      ]
      return { deposits, left }
    },
  ],
  'reference to this ledger as another': [
    1,
    (l) => {
      const first = l.deposit()
      return {
        deposits: [
          first,
          l.deposit(depositor, 'depositor', { relates: [{ rel: 'corrects', ...l.of(first, { origin }) }] }),
        ],
      }
    },
  ],
  'retraction of another’s': [
    1,
    (l) => {
      l.admit('other', other)
      const deposits = [l.deposit()]
      return { deposits, related: [l.say(other, 'other', 'evidence.retract', { of: l.of(3), reason: 'mistake' })] }
    },
  ],
  'unknown kind about it': [4, about((l) => l.say(depositor, 'depositor', 'evidence.future'))],
  'attestation by an auditor': [
    1,
    (l) => {
      l.admit('other', other, ['auditor'])
      const deposits = [l.deposit()]
      return { deposits, related: [l.say(other, 'other', 'evidence.attest', { of: l.of(3), as: 'holder' })] }
    },
  ],
  // Page 20.
  'record: event': [0, record('evidence.event', { event: 'copied', from: '2026-11-01T00:00:00.000Z' })],
  'record: event of an item': [0, record('evidence.event', { event: 'verified', outcome: 'match' }, { item: 0 })],
  'record: event of no item': [1, record('evidence.event', { event: 'copied' }, { item: 1 })],
  'record: event by an authority': [0, record('evidence.event', { event: 'frozen' }, {}, ['authority'])],
  'record: event by an auditor': [1, record('evidence.event', { event: 'frozen' }, {}, ['auditor'])],
  'record: event that ends before it begins': [
    1,
    record('evidence.event', {
      event: 'copied',
      from: '2026-11-01T00:00:00.001Z',
      to: '2026-11-01T00:00:00.000Z',
    }),
  ],
  'record: event to come': [1, record('evidence.event', { event: 'copied', to: '2226-11-01T00:00:00.000Z' })],
  'record: event with a foreign outcome': [1, record('evidence.event', { event: 'copied', outcome: 'match' })],
  'record: offer without a release': [1, record('evidence.event', { event: 'offered' })],
  'record: offer': [
    0,
    record('evidence.event', { event: 'offered', release: { digest: depositor.thumbprint, exp: iat } }),
  ],
  'record: challenge': [0, record('evidence.challenge', sealOfRecord)],
  'record: challenge without claims': [1, record('evidence.challenge', {})],
  'record: finding': [0, record('evidence.finding', { finding: 'excluded' }, {}, ['authority'])],
  'record: finding by an attestor': [1, record('evidence.finding', { finding: 'excluded' })],
  'record: finding of another hash': [
    1,
    record('evidence.finding', { finding: 'excluded' }, { leafHash: zeros }, ['authority']),
  ],
  'record: finding about no deposit': [
    1,
    (l) => {
      l.admit('other', other, ['authority'])
      const deposits = [l.deposit()]
      const of = l.of(1)
      return { deposits, related: [l.say(other, 'other', 'evidence.finding', { of, finding: 'excluded' })] }
    },
  ],
  'record: access rule': [1, about((l) => l.say(depositor, 'depositor', 'access.rule', sealOfRecord))],
  // Page 14.
  'after the end': [1, then((l) => l.by('ledger.close', { reason: 'ended' }))],
  'approved end': [1, then((l) => (two(l), l.change('ledger.close', { reason: 'ended' }, [administrator, second])))],
  'successor that is none': [
    1,
    (l) => {
      const deposits = [l.deposit()]
      const checkpoint = signCheckpoint(
        { origin: 'next.example/x', size: 2, root: Buffer.alloc(32) },
        verifierKey('next.example/x', third.publicKey),
        third.sign,
      )
      l.by('ledger.close', { reason: 'continued', successor: { origin: 'next.example/x', checkpoint } })
      return { deposits }
    },
  ],
  'ledger’s key rotated': [0, then((l) => l.by('ledger.rotate-key', rotation(2)))],
  'ledger’s key of another ledger': [
    1,
    then((l) =>
      l.by('ledger.rotate-key', rotation(2, { newKey: verifierKey('other.example/x', third.publicKey).text })),
    ),
  ],
  'ledger’s key of a participant': [1, then((l) => (l.admit('third', third), l.by('ledger.rotate-key', rotation(2))))],
  'ledger’s key that it has': [1, then((l) => l.by('ledger.rotate-key', rotation(2, { newKey: ledgerKey.text })))],
  'ledger’s key without possession': [1, then((l) => l.by('ledger.rotate-key', rotation(2, {}, other)))],
  'ledger’s key, of a larger tree': [1, then((l) => l.by('ledger.rotate-key', rotation(9)))],
  'ledger’s key by a depositor': [1, then((l) => l.say(depositor, 'depositor', 'ledger.rotate-key', rotation(2)))],
  'approvals that cannot be': [0, then((l) => l.by('ledger.set-approvals', { administrators: 9 }))],
  'approvals by a depositor': [
    1,
    then((l) => l.say(depositor, 'depositor', 'ledger.set-approvals', { administrators: 1 })),
  ],
  'approved admission': [
    0,
    then((l) => (two(l), l.change('participant.admit', admission, [administrator, second])), other, 'other'),
  ],
  'admission alone where two are needed': [0, then((l) => (two(l), l.admit('other', other)), other, 'other')],
  'too few approvals': [0, then((l) => (two(l), l.change('participant.admit', admission, [second])), other, 'other')],
  'approval by a depositor': [
    1,
    then((l) => (two(l), l.change('participant.admit', admission, [administrator, depositor]))),
  ],
  'approval by nobody known': [
    0,
    then((l) => (two(l), l.change('participant.admit', admission, [administrator, third]))),
  ],
  'two approvals by one': [1, then((l) => (two(l), l.change('participant.admit', admission, [second, second])))],
  'forged approval': [
    1,
    then(
      (l) => (
        two(l), l.change('participant.admit', admission, [administrator, { ...second, sign: administrator.sign }])
      ),
    ),
  ],
  'approval by a revoked key': [
    1,
    then((l) => {
      two(l)
      l.change('participant.revoke', revoke({ key: second.thumbprint }), [administrator, second])
      l.change('participant.admit', admission, [administrator, second])
    }),
  ],
  'expired proposal': [
    1,
    then((l) => (two(l), l.change('participant.admit', admission, [administrator, second], { exp: iat - 3600 }))),
  ],
  'proposal for another ledger': [
    1,
    then(
      (l) => (two(l), l.change('participant.admit', admission, [administrator, second], { aud: 'other.example/x' })),
    ),
  ],
  'proposal twice': [
    1,
    then((l) => {
      two(l)
      for (const members of [admission, participant('third', third, ['depositor'])])
        l.change('participant.admit', members, [administrator, second], { jti: zeroId })
    }),
  ],
  'approved admission of a known key': [
    1,
    then(
      (l) => (
        two(l), l.change('participant.admit', participant('other', depositor, ['depositor']), [administrator, second])
      ),
    ),
  ],
  // R5: members that the members of kinds refuse, and by which VERIFY.md's program says what it says of files, keys and ends.
  'R5 no items': [1, (l) => l.deposit(depositor, 'depositor', { items: [] })],
  'R5 item without a digest': [1, item({ digest: {} })],
  'R5 item with md5 alone': [1, item({ digest: { md5: 'ab'.repeat(16) } })],
  'R5 item with sha1 alone': [1, item({ digest: { sha1: 'ab'.repeat(20) } })],
  'R5 item with a short digest': [1, item({ digest: { sha256: 'ab'.repeat(31) } })],
  'R5 item with a digest in upper case': [1, item({ digest: { sha256: 'AB'.repeat(32) } })],
  'R5 item with a digest that is no text': [1, item({ digest: { sha256: 7 } })],
  'R5 item whose size is true': [1, item({ size: true })],
  'R5 item whose size is a text': [1, item({ size: '7' })],
  'R5 item of a negative size': [1, item({ size: -1 })],
  'R5 tree of a negative size, which would hide a missing file': [1, item({ tree: { ...twoLines.tree, size: -1 } })],
  'R5 tree of no line': [1, item({ tree: { ...twoLines.tree, size: 0 } })],
  'R5 tree with a short root': [1, item({ tree: { size: 2, root: 'ab' } })],
  'R5 change that nobody approved': [
    1,
    then(
      (l) => {
        const proposal = { aud: origin, jti: zeroId, exp: iat + 3600, kind: 'participant.admit', ...admission }
        l.by('ledger.change', { proposal: Buffer.from(JSON.stringify(proposal)).toString('base64url'), approvals: [] })
      },
      other,
      'other',
    ),
  ],
  'R5 revocation of a key and a participant': [
    1,
    (l) => {
      const deposits = [l.deposit()]
      l.by('participant.revoke', revoke({ ...depositorsKey, participant: 'depositor' }))
      return { deposits }
    },
  ],
  'R5 admission of two keys': [
    1,
    then((l) =>
      l.by('participant.admit', participant('other', other, ['depositor'], { keys: [other.jwk, third.jwk] })),
    ),
  ],
  'approved revocation': [
    1,
    then((l) => (two(l), l.change('participant.revoke', revoke(depositorsKey), [administrator, second]))),
  ],
  // R6: what both verifiers refuse, and VERIFY.md's program took, or told first.
  ...Object.fromEntries(
    [
      { kind: 'evidence.deposit', items: [itemFor('content')] },
      { kind: 'evidence.retract', of: { index: 2, leafHash: zeros }, reason: 'mistake' },
      { kind: 'evidence.attest', of: { index: 2, leafHash: zeros }, as: 'holder' },
      { kind: 'ledger.genesis' },
      { kind: 'ledger.change', proposal: 'e30', approvals: [] },
      { kind: 'participant.rotate-key', newKey: other.jwk, possession: 'a.b.c' },
    ].map((proposed): [string, readonly [1, Build]] => [
      `R6 change that proposes ${proposed.kind}`,
      [1, then((l) => l.changeByHand(proposed, administrator))],
    ]),
  ),
  'R6 change that proposes what nobody knows': [4, then((l) => l.changeByHand({ kind: 'x.y', z: 1 }, administrator))],
  'R6 approval, made by hand': [0, then((l) => l.changeByHand(admit, administrator), other, 'other')],
  'R6 approval whose header has a fourth member': [1, then((l) => l.changeByHand(admit, administrator, { x: 1 }))],
  'R6 approval by nobody known whose header has a fourth member': [
    1,
    then((l) => l.changeByHand(admit, third, { x: 1 })),
  ],
  'R6 approval whose alg is a number': [1, then((l) => l.changeByHand(admit, administrator, { alg: 5 }))],
  'R6 proposal with a member that its kind lacks': [1, then((l) => l.changeByHand({ ...admit, x: 1 }, administrator))],
  'R6 change with sealed claims of its own': [
    1,
    then((l) => l.changeByHand(admit, administrator, {}, { _sd: [depositor.thumbprint], _sd_alg: 'sha-256' })),
  ],
  'R6 possession, made by hand': [0, then((l) => l.rotateByHand({}), other)],
  'R6 possession whose header has a fourth member': [1, then((l) => l.rotateByHand({ crit: ['a'] }), other)],
  'R6 possession whose alg is a number': [1, then((l) => l.rotateByHand({ alg: 5 }), other)],
  'R6 retraction of item false': [1, retraction({ item: false })],
  'R6 retraction of item minus one': [1, retraction({ item: -1 })],
  'R6 retraction of item null': [1, retraction({ item: null })],
  'R6 retraction of an item that is a text': [1, retraction({ item: '0' })],
  'R6 retraction of line true': [1, retraction({ item: 0, line: true })],
  'R6 retraction of line minus one': [1, retraction({ item: 0, line: -1 })],
  'R6 retraction with another member in what it names': [1, retraction({ x: 1 })],
  'R6 retraction with another member': [1, retraction({}, { x: 1 })],
  'R6 retraction for a reason that is no code': [1, retraction({}, { reason: 'mistake: NO FAULT' })],
  'R6 retraction for a reason that nobody knows': [0, retraction({}, { reason: 'future' })],
  'R6 compromised since before': [0, revocation({ compromisedSince: '2026-01-01T00:00:00.000Z' })],
  'R6 compromised since a day': [1, revocation({ compromisedSince: '2026-01-01' })],
  'R6 compromised since a day that is none': [1, revocation({ compromisedSince: '2026-02-30T00:00:00.000Z' })],
  'R6 compromised since an hour that is none': [1, revocation({ compromisedSince: '2026-02-01T24:00:00.000Z' })],
  'R6 compromised since nothing': [1, revocation({ compromisedSince: '' })],
  'R6 compromised, with another member': [1, revocation({ compromisedSince: '2026-01-01T00:00:00.000Z', x: 1 })],
  'R6 admission of a key with another member': [
    1,
    then((l) => l.admit('other', other, ['depositor'], { keys: [{ ...other.jwk, use: 'sig' }] })),
  ],
  'R6 admission whose roles are an object': [1, then((l) => l.admit('other', other, [], { roles: { depositor: 1 } }))],
  'R6 admission under an id of other characters': [1, then((l) => l.admit('Other!', other))],
  'R6 end with another member': [1, closing({ reason: 'ended', x: 1 })],
  'R6 end for a reason that is no code': [1, closing({ reason: '' })],
  'R6 text with an unpaired surrogate': [1, unknownKind('\ud800')],
  'R6 text with a null character': [1, unknownKind('\0')],
  'R6 text with a noncharacter': [1, unknownKind('\uffff')],
  'R6 member named by a noncharacter': [1, unknownKind({ '\ufdd0': 1 })],
  'R6 objects that nest as deep as they may': [4, unknownKind(nested(15))],
  'R6 objects that nest deeper': [1, unknownKind(nested(16))],
}

function genesis(): object {
  const administrators = [{ id: 'other', keys: [other.jwk] }]
  return { origin, environment: 'trial', ledgerKeys: [ledgerKey.text], administrators }
}

/** The files of the package of a ledger, every list of it in order. */
export async function hostilePackage(build: Build): Promise<Record<string, string | Buffer>> {
  const ledger = new HostileLedger()
  const built = build(ledger)
  const last = ledger.chain.bytes.length - 1
  const { deposits = [last], related = [], left = [] } = typeof built === 'object' ? built : {}
  const { bytes, note } = ledger.chain.seal()
  const tile = Tile.parse((await ledger.chain.tile(0, 0, bytes.length)) as Uint8Array)
  const files: Record<string, string | Buffer> = { 'VERIFY.md': verifyGuide, policy: packagePolicy }
  const elsewhere = new Set([...deposits, ...related, ...left])
  for (const [index, entryBytes] of bytes.entries()) {
    if (left.includes(index)) continue
    // Not by what gives receipts: that reads the statement, which may be what is wrong.
    const [, , , , jws = ''] = Buffer.from(entryBytes).toString().split('\n')
    const { kid } = JSON.parse(Buffer.from(jws.split('.')[0] as string, 'base64url').toString()) as { kid: string }
    const signer = signers.get(kid)?.jwk
    if (signer === undefined) throw new Error('an unknown signer')
    const hashes = inclusionProof(index, bytes.length, () => tile)
    const receipt = Buffer.from(encodeReceipt({ entryBytes, signer, disclosures: [] }, index, hashes, note))
    if (deposits.includes(index))
      files[`data/deposits/${String(deposits.indexOf(index) + 1).padStart(3, '0')}/receipt.tlog-proof`] = receipt
    else if (related.includes(index)) files[`data/related/${index}.tlog-proof`] = receipt
    else if (!elsewhere.has(index)) files[`data/admissions/${index}.tlog-proof`] = receipt
  }
  return bagFiles(files)
}
