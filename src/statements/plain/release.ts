import { latin1, utf8 } from '../../core/bytes.ts'
import type { SignatureJob } from '../../core/ed25519.ts'
import { maxSeconds } from '../../core/time.ts'
import { maxReleaseText, releaseLifetimeMs } from '../custody-release.ts'
import type { PlainRelease } from '../kind.ts'
import type { Registry } from '../registry.ts'
import { issuedToleranceMs } from '../rules.ts'
import { releaseTyp } from '../vocabulary.ts'
import { readPlainJws } from './jws.ts'
import { MemberReader, type PlainReference } from './members.ts'
import { classes, Names, Scanner } from './scanner.ts'
import { type Signer, Signers } from './signers.ts'

/*
 * The release that a statement carries, and the members that say what became of it, where both are plain: the twin of custody-release.ts and
 * of the schema beside it. Left to them are releases in lieu of the holder, and whatever differs: they bring flags.
 */

/** What is known of the statement when its release is read. */
export interface Carrying {
  /** Who signed the statement. */
  readonly iss: string
  readonly timeMs: number
  readonly hasReason: boolean
  /** Digests of the statement's sealed claims. */
  readonly sealed: readonly string[]
}

/** A release that was read. */
export interface ReadRelease {
  readonly release: PlainRelease
  /** Key by which it is signed. */
  readonly kid: string
  /** What it passes on. */
  readonly references: readonly PlainReference[]
  readonly job: SignatureJob
}

const outcomes: readonly PlainRelease['outcome'][] = ['accepted', 'rejected', 'withdrawn']
const outcomeNames = new Names(outcomes)
const checkNames = new Names(['match', 'not-checked'])
const memberNames = new Names(['aud', 'iss', 'jti', 'iat', 'exp', 'since', 'to', 'exhibits', '_sd', '_sd_alg'])
const neededBits = 0xff
const sealBits = 0x300
const sha256Name = utf8('sha-256')

/** Reads releases off the statements that carry them. One for each recogniser, used again for each statement. */
export class ReleaseReader {
  private readonly signers: Signers
  private readonly origin: Uint8Array
  private readonly payload = new Uint8Array(maxReleaseText)
  private readonly scanner = new Scanner()
  private readonly reader = new MemberReader(this.scanner)
  /** The JWS, within the payload of the statement. */
  private bytes: Uint8Array = this.payload
  private from = 0
  private to = 0
  private outcome: PlainRelease['outcome'] = 'accepted'
  private checked = 0
  private signer: Signer | undefined
  private jti = ''
  private iat = 0
  private exp = 0
  private since = 0
  private receiver = ''

  constructor(registry: Registry, origin: string) {
    this.signers = new Signers(registry, releaseTyp)
    this.origin = utf8(origin)
  }

  /** Forgets what was read. */
  begin(): void {
    this.checked = 0
  }

  /** Takes the release's text off the statement's scanner; it is read by {@link read}, while the scanner's bytes last. */
  takeText(scanner: Scanner): void {
    scanner.text(classes.printable, 1, maxReleaseText)
    this.bytes = scanner.bytes
    this.from = scanner.from
    this.to = scanner.to
  }

  /** Reads what became of the release. */
  readOutcome(scanner: Scanner): void {
    this.outcome = outcomes[nameOf(scanner, outcomeNames)] ?? 'accepted'
  }

  /** Reads what the receiver says of each exhibit. */
  readChecked(scanner: Scanner): void {
    this.checked = scanner.list(1, 64, () => void nameOf(scanner, checkNames))
  }

  /** Reads the release whose text was taken; undefined where it, or how it goes with its statement, is not plain. */
  read(carrying: Carrying): ReadRelease | undefined {
    const { bytes, from, outcome } = this
    const jws = readPlainJws(bytes, from, this.to, { signers: this.signers, payload: this.payload })
    if (jws === undefined) return undefined
    const { signer, signedTo, signature, length } = jws
    if (!this.scan(this.payload.subarray(0, length), signer) || !this.goesWith(carrying, signer)) return undefined
    const { jti, receiver, since, reader } = this
    return {
      release: { iss: signer.iss, jti, to: receiver, since, outcome },
      kid: signer.kid,
      references: reader.references,
      // Copied, since it is verified when other statements have been read.
      job: { publicKey: signer.publicKey, message: bytes.slice(from, signedTo), signature },
    }
  }

  private scan(payload: Uint8Array, signer: Signer): boolean {
    const { scanner, reader } = this
    this.signer = signer
    scanner.begin(payload)
    reader.begin()
    const seen = scanner.object(memberNames, this.readMember)
    const seals = seen & sealBits
    return (
      scanner.isDone() &&
      (seen & neededBits) === neededBits &&
      (seals === 0 || (seals === sealBits && reader.sealed.length === 1))
    )
  }

  private readonly readMember = (member: number): void => {
    const { scanner, reader } = this
    switch (member) {
      case 0:
        return scanner.exactly(this.origin)
      case 1:
        return scanner.exactly((this.signer as Signer).issBytes)
      case 2:
        this.jti = reader.uuid()
        return
      case 3:
        this.iat = this.seconds()
        return
      case 4:
        this.exp = this.seconds()
        return
      case 5:
        this.since = scanner.integer()
        return
      case 6:
        scanner.text(classes.id, 1, 64)
        this.receiver = latin1(scanner.bytes.subarray(scanner.from, scanner.to))
        return
      case 7:
        return reader.readUnits()
      case 8:
        return reader.readSeals()
      default:
        return scanner.exactly(sha256Name)
    }
  }

  private seconds(): number {
    const value = this.scanner.integer()
    if (value > maxSeconds) this.scanner.fail()
    return value
  }

  /** Whether the release is one of which the rule finds nothing beside its statement. */
  private goesWith({ iss, timeMs, hasReason, sealed }: Carrying, { iss: giver }: Signer): boolean {
    const { outcome, receiver, iat, exp, checked, reader } = this
    const isWithdrawn = outcome === 'withdrawn'
    const left = exp * 1000 - timeMs
    return (
      (!hasReason || outcome === 'rejected') &&
      checked === (isWithdrawn ? 0 : reader.references.length) &&
      reader.sealed.every((digest) => sealed.includes(digest)) &&
      receiver !== giver &&
      iss === (isWithdrawn ? giver : receiver) &&
      iat <= exp &&
      iat * 1000 <= timeMs + issuedToleranceMs &&
      left >= 0 &&
      left <= releaseLifetimeMs
    )
  }
}

/** The number of the one of some names that a string is; fails where it is none. */
function nameOf(scanner: Scanner, names: Names): number {
  scanner.text(classes.printable, 1, 16)
  const name = names.find(scanner.bytes, scanner.from, scanner.to)
  if (name < 0) scanner.fail()
  return name
}
