import { leafHash } from '../../src/core/entry.ts'
import { verifierKey } from '../../src/core/note.ts'
import type { SigningKey } from '../../src/node/key-file.ts'
import { releaseTyp } from '../../src/statements/vocabulary.ts'
import { administrator, ledgerKey, origin, startMs, TestChain } from './chain.ts'
import type { Random } from './random.ts'
import { signerNamed } from './signers.ts'

/** The input of a walk vector (fixtures/vectors/README.md). */
export type WalkInput = Readonly<Record<string, unknown>>

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const keys = [administrator, ...Array.from({ length: 8 }, (_, i) => signerNamed(`participant ${i}`))]
/** A witness that never signs. */
const witness = verifierKey('witness.example', signerNamed('witness').publicKey, 4).text
const ids = ['administrator', 'b', 'c', 'd', 'p-00000000000000ee']
/** Keys that nobody may bring: a point of order 8, and the ledger's own. */
const barredKeys = [
  { crv: 'Ed25519', kty: 'OKP', x: 'JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU' },
  signerNamed('ledger').jwk,
]
const kinds = [
  ...Array<string>(4).fill('participant.admit'),
  ...Array<string>(4).fill('evidence.deposit'),
  'participant.revoke',
  'participant.revoke',
  'participant.rotate-key',
  'evidence.attest',
  'evidence.retract',
  'evidence.event',
  'evidence.challenge',
  'evidence.finding',
  'access.rule',
  'erasure.order',
  'erasure.order',
  'erasure.report',
  ...Array<string>(5).fill('custody.transfer'),
  'custody.end',
  'custody.resume',
  'custody.later',
  'evidence.later',
  'participant.later',
  'ledger.later',
]

/** A seal whose one digest says which entry it stands in. */
function sealOf(index: number): { readonly _sd: readonly string[]; readonly _sd_alg: string } {
  return { _sd: [Buffer.alloc(32, index).toString('base64url')], _sd_alg: 'sha-256' }
}

/**
 * A small ledger that no server would make: any signer signs any kind, most of it in order and some of it not, sealed with links
 * and tree as they should be, and sometimes damaged afterwards. The same for the same random numbers.
 */
export class RandomLedger {
  private readonly random: Random
  private readonly chain = new TestChain()
  private readonly kinds: string[] = []
  private readonly owned: [string, SigningKey][] = [['administrator', administrator]]
  private jtis = 0

  constructor(random: Random) {
    this.random = random
  }

  input(): WalkInput {
    const count = 1 + this.random.below(14)
    for (let i = 0; i < count; i++) this.entry(i)
    this.chain.seal()
    const leaves = this.chain.bytes.map(leafHash)
    const stored: (Uint8Array | undefined)[] = [...this.chain.bytes]
    if (this.chance(60)) for (let i = 0; i < count; i++) if (this.chance(15)) this.damage(stored, leaves, i)
    const quorum = this.chance(10) ? `witness w ${witness}\nquorum w\n` : 'quorum none\n'
    return {
      checkpoint: this.chance(3) ? this.chain.note.replace(/\n\d+\n/, `\n${count + 1}\n`) : this.chain.note,
      policy: `log ${ledgerKey.text}\n${quorum}`,
      entriesBase64: [...stored, undefined].map((bytes) => (bytes === undefined ? null : base64(bytes))),
      leafHashesBase64: leaves.slice(0, this.chance(4) ? this.random.below(count) : count).map(base64),
    }
  }

  private chance(percent: number): boolean {
    return this.random.below(100) < percent
  }

  private entry(i: number): void {
    const kind =
      i === 0 && !this.chance(4) ? 'ledger.genesis' : this.chance(2) ? 'ledger.genesis' : this.random.pick(kinds)
    const managing = kind === 'ledger.genesis' || (/^participant\.[ar]/.test(kind) && this.chance(70))
    const [owner, owned] = managing ? (this.owned[0] as [string, SigningKey]) : this.random.pick(this.owned)
    const key = this.chance(4) ? this.random.pick(keys) : owned
    const common = {
      iss: this.chance(4) ? this.random.pick(ids) : owner,
      aud: this.chance(3) ? 'other.example' : origin,
      jti: `00000000-0000-4000-8000-${String(this.chance(4) ? 0 : ++this.jtis).padStart(12, '0')}`,
      iat: startMs / 1000 + (this.chance(3) ? 10_000 : i),
      kind,
    }
    const members = { ...common, ...this.members(i, kind, common, key) }
    const jws = this.chance(2) ? this.random.pick(['x', 'a.b.c', 'a.b']) : this.jws(key, members)
    this.chain.add(jws, {
      timeMs: startMs + (this.chance(4) ? this.random.below(20) : i) * 1000,
      ...(this.chance(2) ? { index: i + 1 } : {}),
      ...(this.chance(2) ? { previous: leafHash(new Uint8Array([i])) } : {}),
    })
    if (this.chance(5)) this.laterVersion(i)
    this.kinds.push(kind)
  }

  private laterVersion(i: number): void {
    const text = Buffer.from(this.chain.bytes[i] as Uint8Array).toString()
    this.chain.bytes[i] = new Uint8Array(
      Buffer.from(text.replace('entry/v1', this.random.pick(['entry/v2', 'entry/v01']))),
    )
  }

  private jws(key: SigningKey, payload: object, typ = 'evidence-statement+sd-jwt', kid = key.thumbprint): string {
    const alg = this.chance(4) ? 'ML-DSA-44' : this.random.pick(['EdDSA', 'Ed25519'])
    const signed = `${base64url({ alg, typ, kid })}.${base64url(payload)}`
    const signature = this.chance(3) ? new Uint8Array(64) : key.sign(Buffer.from(signed))
    return `${signed}.${Buffer.from(signature).toString('base64url')}`
  }

  private members(i: number, kind: string, common: Readonly<Record<string, unknown>>, key: SigningKey): object {
    const members = this.soundMembers(i, kind, common, key)
    return this.chance(3)
      ? this.random.pick([{ ...members, other: 1 }, { ...members, note: 'x' }, { items: [] }])
      : members
  }

  private soundMembers(i: number, kind: string, common: Readonly<Record<string, unknown>>, key: SigningKey): object {
    const made: Readonly<Record<string, () => object>> = {
      'ledger.genesis': () => this.genesis(),
      'participant.admit': () => this.admission(),
      'participant.revoke': () => this.revocation(i),
      'participant.rotate-key': () => this.rotation(common, key),
      'evidence.deposit': () => ({
        items: Array<object>(1 + this.random.below(2)).fill({ size: 1, digest: { sha256: '0'.repeat(64) } }),
        ...(this.chance(40) ? { relates: [{ rel: 'corrects', ...this.reference(i, true) }] } : {}),
        ...(this.chance(60) ? sealOf(i) : {}),
      }),
      'erasure.order': () => this.order(i),
      'erasure.report': () => ({ of: this.reference(i, false), where: 'backup', outcome: 'gone' }),
      'custody.transfer': () => this.transfer(i, common),
      'custody.end': () => ({
        of: this.units(i),
        ...this.random.pick([{ how: 'lost' }, { how: 'disposed', order: this.disposalOrder(i) }]),
      }),
      'custody.resume': () => ({ of: this.units(i), reason: 'found' }),
      'evidence.attest': () => ({ of: this.reference(i, true), as: 'witness' }),
      'evidence.retract': () => ({ of: this.reference(i, false), reason: 'mistake' }),
      'evidence.event': () => ({ of: this.reference(i, true), ...this.event(i) }),
      'evidence.challenge': () => ({ of: this.reference(i, true), ...this.seal() }),
      'evidence.finding': () => ({ of: this.reference(i, true), finding: 'left-open' }),
      'access.rule': () => this.seal(),
    }
    return made[kind]?.() ?? { later: true }
  }

  private event(i: number): object {
    const time = (): string => new Date(startMs + (i + this.random.below(330)) * 1000).toISOString()
    const event = this.random.pick(['opened', 'verified', 'offered'])
    return {
      event,
      ...(this.chance(50) ? { from: time() } : {}),
      ...(this.chance(50) ? { to: time() } : {}),
      ...((event === 'verified') !== this.chance(4) ? { outcome: 'match' } : {}),
      ...((event === 'offered') !== this.chance(4)
        ? { release: { digest: administrator.thumbprint, exp: this.random.below(9) } }
        : {}),
    }
  }

  private seal(): object {
    const digests = [administrator.thumbprint, signerNamed('seal').thumbprint]
    return { _sd: digests.slice(0, this.chance(90) ? 1 : 2), _sd_alg: 'sha-256' }
  }

  private order(i: number): object {
    const targets = Array.from({ length: 1 + this.random.below(2) }, () => {
      const { index, leafHash: hash } = this.reference(i, false) as { index: number; leafHash: string }
      return { index, leafHash: hash, digests: sealOf(this.chance(85) ? index : i)._sd }
    })
    return { of: targets, ...(this.chance(5) ? { origin: 'other.example' } : {}), ...sealOf(i) }
  }

  private units(i: number): object[] {
    return Array.from({ length: this.chance(15) ? 2 : 1 }, () => {
      const { line: _line, ...unit } = this.reference(i, true) as { line?: number }
      return unit
    })
  }

  private disposalOrder(i: number): object {
    const { index, leafHash: hash } = this.reference(i, false) as { index: number; leafHash: string }
    return { index, leafHash: hash }
  }

  /** A transfer to the signer, most of it in order. */
  private transfer(i: number, { iss }: Readonly<Record<string, unknown>>): object {
    const [owner, key] = this.random.pick(this.owned)
    const exhibits = this.units(i)
    const now = startMs / 1000 + i
    const seal = { _sd: ['A'.repeat(43)], _sd_alg: 'sha-256' }
    const isSealed = this.chance(10)
    const release = {
      aud: this.chance(2) ? 'other.example' : origin,
      iss: this.chance(4) ? this.random.pick(ids) : owner,
      to: this.chance(6) ? this.random.pick(ids) : iss,
      jti: `00000000-0000-4000-8000-${String(this.chance(20) ? 0 : ++this.jtis).padStart(12, '0')}`,
      iat: now + (this.chance(3) ? 10_000 : 0),
      exp: now + (this.chance(4) ? this.random.pick([-1, 0, 8_000_000]) : 20_000),
      since: this.chance(15) ? this.random.below(i + 2) : i - 1,
      exhibits,
      ...(this.chance(20) ? { inLieu: 'court-order' } : {}),
      ...(isSealed ? seal : {}),
      ...(this.chance(2) ? { other: 1 } : {}),
    }
    const outcome = this.chance(80) ? 'accepted' : this.random.pick(['rejected', 'withdrawn'])
    const checked =
      outcome === 'withdrawn' ? {} : { checked: exhibits.map(() => (this.chance(8) ? 'differs' : 'match')) }
    const text = this.jws(key, release, this.chance(2) ? 'evidence-key-possession+jwt' : releaseTyp)
    return { release: text, outcome, ...checked, ...(isSealed && !this.chance(10) ? seal : {}) }
  }

  private genesis(): object {
    const administrators = [{ id: 'administrator', keys: [administrator.jwk] }]
    if (this.chance(20)) administrators.push({ id: this.random.pick(ids), keys: [this.anyKey()] })
    const ledgerKeys = this.chance(4) ? ['x'] : [ledgerKey.text]
    return { origin, environment: 'trial', ledgerKeys, administrators }
  }

  private anyKey(): SigningKey['jwk'] {
    return (this.chance(8) ? this.random.pick(barredKeys) : this.random.pick(keys).jwk) as SigningKey['jwk']
  }

  private admission(): object {
    const id = this.random.pick(ids)
    const key = this.random.pick(keys)
    const known = ['depositor', 'attestor', 'administrator', 'auditor', 'authority', 'timekeeper']
    const roles = known.filter(() => this.chance(40))
    this.owned.push([id, key])
    return {
      participant: {
        id,
        type: this.chance(id.startsWith('p-') ? 80 : 8) ? 'person' : 'court',
        roles: roles.length === 0 ? ['depositor'] : roles,
        keys: [this.chance(5) ? this.anyKey() : key.jwk],
        ...(this.chance(15) ? { name: 'N' } : {}),
      },
    }
  }

  private revocation(i: number): object {
    const [id, key] = this.random.pick(this.owned)
    const since = new Date(startMs + this.random.below(i + 2) * 1000).toISOString()
    return {
      ...(this.chance(50) ? { participant: id } : { key: key.thumbprint }),
      reason: 'other',
      ...(this.chance(60) ? { compromisedSince: since } : {}),
    }
  }

  private rotation(common: Readonly<Record<string, unknown>>, key: SigningKey): object {
    const next = this.random.pick(keys)
    const { aud, iss, jti } = common
    const proof = { aud, iss, jti, old: this.chance(4) ? next.thumbprint : key.thumbprint }
    this.owned.push([String(iss), next])
    return {
      newKey: this.chance(5) ? this.anyKey() : next.jwk,
      possession: this.jws(this.chance(4) ? key : next, proof, 'evidence-key-possession+jwt', next.thumbprint),
    }
  }

  private reference(i: number, mayNameItem: boolean): object {
    const deposits = [...this.kinds.keys()].filter((at) => this.kinds[at] === 'evidence.deposit')
    const index = deposits.length > 0 && this.chance(80) ? this.random.pick(deposits) : this.random.below(i + 1)
    const target = this.chance(5) || index >= i ? new Uint8Array([index]) : (this.chain.bytes[index] as Uint8Array)
    const item = mayNameItem && this.chance(40) ? { item: this.random.below(2) } : {}
    const elsewhere =
      mayNameItem && this.kinds.length % 7 === 6 ? { origin: this.random.pick([origin, 'other.example']) } : {}
    return { index, leafHash: base64(leafHash(target)), ...item, ...elsewhere }
  }

  /** What a disk, or somebody, may do to what was sealed. */
  private damage(stored: (Uint8Array | undefined)[], leaves: Uint8Array[], i: number): void {
    const bytes = stored[i]
    const other = this.random.below(stored.length)
    const acts = [
      () => (stored[i] = undefined),
      () => ([stored[i], stored[other]] = [stored[other], bytes]),
      () => (leaves[i] = leafHash(new Uint8Array([i]))),
      () => {
        const changed = Uint8Array.from(bytes ?? [])
        const at = this.random.below(changed.length)
        if (changed.length > 0) changed[at] = (changed[at] as number) ^ (1 << this.random.below(7))
        stored[i] = changed
      },
    ]
    this.random.pick(acts)()
  }
}
