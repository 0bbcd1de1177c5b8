import { latin1, utf8 } from '../../core/bytes.ts'
import { entryVersion, maxEntryBytes } from '../../core/entry.ts'
import { isOrigin } from '../../core/origin.ts'
import { maxSeconds, tryTime } from '../../core/time.ts'
import { type Kind, allKinds } from '../kinds.ts'
import type { PlainMember, StatementKind } from '../kind.ts'
import type { Registry } from '../registry.ts'
import { issuedToleranceMs } from '../rules.ts'
import { statementTyp } from '../vocabulary.ts'
import { decodeInto, standardValues } from './base64.ts'
import { readPlainJws } from './jws.ts'
import { MemberReader, type PlainDigest, type PlainReferences } from './members.ts'
import { type ReadRelease, ReleaseReader } from './release.ts'
import { classes, isAt, Names, Scanner } from './scanner.ts'
import { type Signer, Signers } from './signers.ts'

/*
 * Recognises, over the bytes of an entry, a plain statement of a known kind: one that is spelled as our programs spell it and in which the
 * rulebook would find nothing. It says yes, with what the walk and the look-ups need to know, or nothing; nothing is left to the rulebook
 * (docs/design/recogniser.md). What it does not know: whether the signature verifies, whether the statement id was used before, whether the
 * link is that of the entry before, and what the references point at. It takes a tenth of the time of the parsers and schemas, which are its
 * clear twin: a test holds them against each other.
 */

/** A statement that was recognised. Views of bytes last until the next is recognised. */
export interface Recognised {
  readonly timeMs: number
  /** 32 bytes; a view. */
  readonly link: Uint8Array
  readonly iss: string
  readonly kid: string
  readonly kind: Kind
  readonly jti: string
  /** Items that it deposits; 0 of a kind that deposits none. */
  readonly items: number
  readonly lines: ReadonlyMap<number, number> | undefined
  readonly digests: readonly PlainDigest[]
  /** Entries of this ledger that it refers to; undefined where there is none. */
  readonly references: PlainReferences | undefined
  /** Whether what it says of them their readers alone are told. */
  readonly toReaders: boolean
  /** The release that it carries, which passes on what it refers to. */
  readonly carried: ReadRelease | undefined
  /** Digests of its sealed claims, base64url. */
  readonly sealed: readonly string[]
  readonly publicKey: Uint8Array
  /** What was signed: part of the entry. */
  readonly message: Uint8Array
  /** 64 bytes. */
  readonly signature: Uint8Array
}

type PlainKind = StatementKind<Kind> & { readonly plain: NonNullable<StatementKind['plain']> }

const plainKinds = allKinds.filter((kind): kind is PlainKind => kind.plain !== undefined)
const kindNames = new Names(plainKinds.map(({ name }) => name))

const members: readonly PlainMember[] = [
  'items',
  'relates',
  'of',
  '_sd',
  '_sd_alg',
  'release',
  'outcome',
  'checked',
  'as',
  'reason',
]
const commonMembers = ['iss', 'aud', 'jti', 'iat', 'kind'] as const
const memberNames = new Names([...commonMembers, ...members])
const commonBits = 0x1f
const bitOf = (member: PlainMember): number => 1 << (commonMembers.length + members.indexOf(member))
const bitsOf = (list: readonly PlainMember[]): number => list.reduce((bits, member) => bits | bitOf(member), commonBits)
const sealBits = bitOf('_sd') | bitOf('_sd_alg')
const releaseBit = bitOf('release')
const reasonBit = bitOf('reason')
const needed = plainKinds.map(({ plain }) => bitsOf(plain.needs))
const allowed = plainKinds.map(({ plain, seals }) =>
  bitsOf([...plain.needs, ...plain.may, ...(Object.keys(seals).length > 0 ? (['_sd', '_sd_alg'] as const) : [])]),
)

const ascii = (text: string): Uint8Array => utf8(text)
const versionLine = ascii(`${entryVersion}\n`)
const sha256Name = ascii('sha-256')
const lineFeed = 0x0a
const dot = 0x2e
const zero = 0x30
const timeLength = 'YYYY-MM-DDTHH:MM:SS.mmmZ'.length
const dateLength = 'YYYY-MM-DDT'.length
/** Characters of a 32-byte link. */
const linkLength = 44

/**
 * Whether what was recognised on one registry stands on a later one too, as far as its signer is the same there ({@link isSameSigner}): whatever
 * else an entry changed, such as who else was admitted or what a kind with state keeps, has no part in it.
 */
export function isSameGround(before: Registry, after: Registry): boolean {
  if (before === after) return true
  const isOpen = ({ closedAt, uncertainSince, isPartial }: Registry): boolean =>
    closedAt === undefined && uncertainSince === undefined && isPartial !== true
  return (
    before.origin === after.origin &&
    isOpen(before) &&
    isOpen(after) &&
    plainKinds.every(({ plain }) => (plain.stands?.(before) ?? true) === (plain.stands?.(after) ?? true))
  )
}

/** Whether two registries have the same of a signer: its key, and its participant. */
export function isSameSigner(before: Registry, after: Registry, iss: string, kid: string): boolean {
  return before.keys.get(kid) === after.keys.get(kid) && before.participants.get(iss) === after.participants.get(iss)
}

/** Recognises plain statements on one registry. */
export class Recogniser {
  /** False where the registry lets nothing be plain. */
  private readonly stands: boolean
  private readonly kindStands: readonly boolean[]
  readonly origin: string
  private readonly originBytes: Uint8Array
  private readonly signers: Signers
  /** Whether a signer has a role that each kind needs, by the kind's number. */
  private readonly may = new WeakMap<Signer, readonly boolean[]>()
  private readonly payload = new Uint8Array(maxEntryBytes)
  private readonly link = new Uint8Array(33)
  private readonly scanner = new Scanner()
  private readonly reader = new MemberReader(this.scanner)
  private readonly release: ReleaseReader
  private date = ''
  private dateMs = 0
  private signer: Signer | undefined
  private jti = ''
  private iat = 0
  private kind = 0
  /** Members of the statement, as bits. */
  private seen = 0

  constructor(registry: Registry, origin: string) {
    this.signers = new Signers(registry, statementTyp)
    this.release = new ReleaseReader(registry, origin)
    const { closedAt, uncertainSince, isPartial } = registry
    this.stands = closedAt === undefined && uncertainSince === undefined && isPartial !== true && isOrigin(origin)
    this.kindStands = plainKinds.map(({ plain }) => plain.stands?.(registry) ?? true)
    this.origin = origin
    this.originBytes = ascii(origin)
  }

  /** Recognises the entry at an index out of its bytes; undefined leaves it to the rulebook. Never throws. */
  recognise(bytes: Uint8Array, index: number): Recognised | undefined {
    if (!this.stands || index === 0 || bytes.length > maxEntryBytes) return undefined
    const end = bytes.length - 1
    if (bytes[end] !== lineFeed || !isAt(versionLine, bytes, 0)) return undefined
    let at = this.afterIndex(bytes, versionLine.length, index)
    const timeMs = at < 0 ? undefined : this.timeAt(bytes, at)
    at += timeLength + 1
    if (timeMs === undefined || bytes[at - 1] !== lineFeed) return undefined
    const afterLink = at + linkLength
    if (bytes[afterLink] !== lineFeed || bytes[afterLink - 1] !== 0x3d) return undefined
    if (decodeInto(this.link, bytes, at, afterLink - 1, standardValues) !== 32) return undefined
    return this.statement(bytes, afterLink + 1, end, timeMs)
  }

  /** The place after the index and its line feed; -1 where another number stands there. */
  private afterIndex(bytes: Uint8Array, from: number, index: number): number {
    let at = from
    let value = 0
    for (; bytes[at] !== lineFeed; at++) {
      const digit = (bytes[at] as number) - zero
      if (!(digit >= 0 && digit <= 9) || at - from >= 15) return -1
      value = value * 10 + digit
    }
    const isCanonical = at > from && bytes[from] !== zero
    return isCanonical && value === index ? at + 1 : -1
  }

  /** The date is read by its clear twin, once for each that follows upon another; the time of day is eleven characters. */
  private timeAt(bytes: Uint8Array, from: number): number | undefined {
    const date = latin1(bytes.subarray(from, from + dateLength))
    if (date !== this.date) {
      const midnight = tryTime(`${date}00:00:00.000Z`)
      if (midnight === undefined) return undefined
      this.date = date
      this.dateMs = midnight
    }
    const at = from + dateLength
    const digits = (offset: number): number => {
      const [tens, ones] = [(bytes[at + offset] as number) - zero, (bytes[at + offset + 1] as number) - zero]
      return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? 10 * tens + ones : Number.NaN
    }
    const marks = bytes[at + 2] === 0x3a && bytes[at + 5] === 0x3a && bytes[at + 8] === dot && bytes[at + 12] === 0x5a
    const [hours, minutes, seconds, hundredths] = [digits(0), digits(3), digits(6), digits(9)]
    const last = (bytes[at + 11] as number) - zero
    if (!marks || !(hours < 24 && minutes < 60 && seconds < 60) || !(last >= 0 && last <= 9)) return undefined
    const ms = ((hours * 60 + minutes) * 60 + seconds) * 1000 + hundredths * 10 + last
    return Number.isNaN(ms) ? undefined : this.dateMs + ms
  }

  private statement(bytes: Uint8Array, from: number, end: number, timeMs: number): Recognised | undefined {
    const jws = readPlainJws(bytes, from, end, { signers: this.signers, payload: this.payload })
    if (jws === undefined) return undefined
    const { signer, signedTo, signature, length } = jws
    if (!this.scan(this.payload.subarray(0, length), signer, timeMs)) return undefined
    const { reader, jti, seen } = this
    const { name, plain } = plainKinds[this.kind] as PlainKind
    let carried: ReadRelease | undefined
    if ((seen & releaseBit) !== 0) {
      const hasReason = (seen & reasonBit) !== 0
      carried = this.release.read({ iss: signer.iss, timeMs, hasReason, sealed: reader.sealed })
      if (carried === undefined) return undefined
    }
    const list = carried?.references ?? reader.references
    return {
      timeMs,
      link: this.link.subarray(0, 32),
      iss: signer.iss,
      kid: signer.kid,
      kind: name,
      jti,
      items: reader.items,
      lines: reader.lines,
      digests: reader.digests,
      references: list.length === 0 ? undefined : { list, ofOwnOnly: plain.ofOwnOnly === true },
      toReaders: plain.toReaders === true,
      carried,
      sealed: reader.sealed,
      publicKey: signer.publicKey,
      message: bytes.subarray(from, signedTo),
      signature,
    }
  }

  private scan(payload: Uint8Array, signer: Signer, timeMs: number): boolean {
    const { scanner, reader } = this
    this.signer = signer
    scanner.begin(payload)
    reader.begin()
    this.release.begin()
    const seen = scanner.object(memberNames, this.readMember)
    this.seen = seen
    if (!scanner.isDone() || (seen & commonBits) !== commonBits) return false
    const { kind } = this
    const hasSeals = seen & sealBits
    return (
      (seen & (needed[kind] as number)) === needed[kind] &&
      (seen & ~(allowed[kind] as number)) === 0 &&
      (hasSeals === 0 || hasSeals === sealBits) &&
      this.mayOf(signer)[kind] === true &&
      this.kindStands[kind] === true &&
      this.iat * 1000 <= timeMs + issuedToleranceMs
    )
  }

  private mayOf(signer: Signer): readonly boolean[] {
    let may = this.may.get(signer)
    if (may === undefined) {
      may = plainKinds.map(({ roles }) => roles.some((role) => signer.roles.includes(role)))
      this.may.set(signer, may)
    }
    return may
  }

  private readonly readMember = (member: number): void => {
    const { scanner, reader } = this
    switch (member) {
      case 0:
        return scanner.exactly((this.signer as Signer).issBytes)
      case 1:
        return scanner.exactly(this.originBytes)
      case 2:
        this.jti = reader.uuid()
        return
      case 3:
        this.iat = scanner.integer()
        if (this.iat > maxSeconds) scanner.fail()
        return
      case 4:
        scanner.text(classes.printable, 1, 64)
        this.kind = kindNames.find(scanner.bytes, scanner.from, scanner.to)
        if (this.kind < 0) scanner.fail()
        return
      case 5:
        return reader.readItems()
      case 6:
        return reader.readRelations()
      case 7:
        return reader.readReference()
      case 8:
        return reader.readSeals()
      case 9:
        return scanner.exactly(sha256Name)
      case 10:
        return this.release.takeText(scanner)
      case 11:
        return this.release.readOutcome(scanner)
      case 12:
        return this.release.readChecked(scanner)
      default:
        return reader.code()
    }
  }
}
