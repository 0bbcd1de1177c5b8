import { latin1, utf8 } from '../../core/bytes.ts'
import { entryVersion, maxEntryBytes } from '../../core/entry.ts'
import { attempt } from '../../core/attempt.ts'
import { isKnownAlgorithm, parseHeader } from '../../core/jws.ts'
import { isOrigin } from '../../core/origin.ts'
import { Recent } from '../../core/recent.ts'
import { maxSeconds, tryTime } from '../../core/time.ts'
import { type Kind, allKinds } from '../kinds.ts'
import type { PlainMember, StatementKind } from '../kind.ts'
import type { Registry } from '../registry.ts'
import { issuedToleranceMs } from '../rules.ts'
import { statementTyp } from '../vocabulary.ts'
import { decodeInto, standardValues, urlValues } from './base64.ts'
import { MemberReader, type PlainDigest, type PlainReferences } from './members.ts'
import { classes, isAt, Names, Scanner } from './scanner.ts'

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
  /** Digests of its sealed claims, base64url. */
  readonly sealed: readonly string[]
  readonly publicKey: Uint8Array
  /** What was signed: part of the entry. */
  readonly message: Uint8Array
  /** 64 bytes. */
  readonly signature: Uint8Array
}

/** Who signs by a header, as the registry has it; false where that is not plain. */
interface Signer {
  readonly kid: string
  readonly publicKey: Uint8Array
  readonly iss: string
  readonly issBytes: Uint8Array
  /** Whether it has a role that each kind needs, by the kind's number. */
  readonly may: readonly boolean[]
}

type PlainKind = StatementKind<Kind> & { readonly plain: NonNullable<StatementKind['plain']> }

const plainKinds = allKinds.filter((kind): kind is PlainKind => kind.plain !== undefined)
const kindNames = new Names(plainKinds.map(({ name }) => name))

const members: readonly PlainMember[] = ['items', 'relates', 'of', '_sd', '_sd_alg', 'as', 'reason']
const commonMembers = ['iss', 'aud', 'jti', 'iat', 'kind'] as const
const memberNames = new Names([...commonMembers, ...members])
const commonBits = 0x1f
const bitOf = (member: PlainMember): number => 1 << (commonMembers.length + members.indexOf(member))
const bitsOf = (list: readonly PlainMember[]): number => list.reduce((bits, member) => bits | bitOf(member), commonBits)
const sealBits = bitOf('_sd') | bitOf('_sd_alg')
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
/** Characters of a 32-byte link, of a 64-byte signature. */
const linkLength = 44
const signatureLength = 86
/** Longest header whose signer is remembered. */
const maxRemembered = 400
const maxSigners = 8192

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
  private readonly registry: Registry
  /** False where the registry lets nothing be plain. */
  private readonly stands: boolean
  private readonly kindStands: readonly boolean[]
  readonly origin: string
  private readonly originBytes: Uint8Array
  private readonly signers = new Recent<Signer | false>(maxSigners)
  private readonly payload = new Uint8Array(maxEntryBytes)
  private readonly link = new Uint8Array(33)
  private readonly scanner = new Scanner()
  private readonly reader = new MemberReader(this.scanner)
  private date = ''
  private dateMs = 0
  private signer: Signer | undefined
  private jti = ''
  private iat = 0
  private kind = 0

  constructor(registry: Registry, origin: string) {
    this.registry = registry
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
    const first = bytes.indexOf(dot, from)
    const second = end - signatureLength - 1
    if (first < from || first >= second || first - from > maxRemembered || bytes[second] !== dot) return undefined
    const signer = this.signerOf(latin1(bytes.subarray(from, first)))
    if (signer === undefined) return undefined
    const signature = new Uint8Array(64)
    if (decodeInto(signature, bytes, second + 1, end, urlValues) !== 64) return undefined
    const length = decodeInto(this.payload, bytes, first + 1, second, urlValues)
    if (length < 0 || !this.scan(this.payload.subarray(0, length), signer, timeMs)) return undefined
    const { reader, jti } = this
    const { name, plain } = plainKinds[this.kind] as PlainKind
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
      references:
        reader.references.length === 0 ? undefined : { list: reader.references, ofOwnOnly: plain.ofOwnOnly === true },
      sealed: reader.sealed,
      publicKey: signer.publicKey,
      message: bytes.subarray(from, second),
      signature,
    }
  }

  private scan(payload: Uint8Array, signer: Signer, timeMs: number): boolean {
    const { scanner, reader } = this
    this.signer = signer
    scanner.begin(payload)
    reader.begin()
    const seen = scanner.object(memberNames, this.readMember)
    if (!scanner.isDone() || (seen & commonBits) !== commonBits) return false
    const { kind } = this
    const hasSeals = seen & sealBits
    return (
      (seen & (needed[kind] as number)) === needed[kind] &&
      (seen & ~(allowed[kind] as number)) === 0 &&
      (hasSeals === 0 || hasSeals === sealBits) &&
      signer.may[kind] === true &&
      this.kindStands[kind] === true &&
      this.iat * 1000 <= timeMs + issuedToleranceMs
    )
  }

  private readonly readMember = (member: number): void => {
    const { scanner, reader } = this
    switch (member) {
      case 0:
        return scanner.exactly((this.signer as Signer).issBytes)
      case 1:
        return scanner.exactly(this.originBytes)
      case 2:
        return this.readId()
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
      default:
        return reader.code()
    }
  }

  /** A UUID in its lower-case form. */
  private readId(): void {
    const { scanner } = this
    scanner.text(classes.code, 36, 36)
    const { bytes, from, to } = scanner
    for (let i = from; i < to; i++) {
      const place = i - from
      const isDash = place === 8 || place === 13 || place === 18 || place === 23
      const byte = bytes[i] as number
      // Of its class are a-z, 0-9 and the dash.
      if ((byte === 0x2d) !== isDash || byte > 0x66) return scanner.fail()
    }
    this.jti = latin1(bytes.subarray(from, to))
  }

  /** A signer's header never changes: each spelling is read once, by the parsers. */
  private signerOf(header: string): Signer | undefined {
    let signer = this.signers.get(header)
    if (signer === undefined) {
      signer = this.readSigner(header)
      this.signers.set(header, signer)
    }
    return signer === false ? undefined : signer
  }

  private readSigner(text: string): Signer | false {
    const decoded = new Uint8Array(text.length)
    const encoded = ascii(text)
    const length = decodeInto(decoded, encoded, 0, encoded.length, urlValues)
    if (length < 0) return false
    const header = attempt(() => parseHeader(decoded.slice(0, length), statementTyp))
    if (header instanceof Error || !isKnownAlgorithm(header.alg)) return false
    const key = this.registry.keys.get(header.kid)
    const participant = key === undefined ? undefined : this.registry.participants.get(key.participant)
    if (key?.status !== 'active' || participant === undefined || participant.revokedAt !== undefined) return false
    const iss = key.participant
    const may = plainKinds.map(({ roles }) => roles.some((role) => participant.roles.includes(role)))
    return { kid: header.kid, publicKey: key.publicKey, iss, issBytes: ascii(iss), may }
  }
}
