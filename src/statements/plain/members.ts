import { latin1 } from '../../core/bytes.ts'
import { defined } from '../../core/objects.ts'
import { type DigestAlgorithm, digestLengths, strongDigests } from '../../core/hash.ts'
import { decodeInto, standardValues, urlValues } from './base64.ts'
import { classes, isInClass, Names, type Scanner } from './scanner.ts'

/*
 * The members of members.ts, where they are written plainly: what is taken here, the schemas take too, with the same content. What they take
 * besides (an acquired image, an origin of another ledger, a media type that ends otherwise) makes the scanner fail, and is theirs.
 */

/** A digest of an item. */
export interface PlainDigest {
  readonly algorithm: DigestAlgorithm
  /** Lower-case. */
  readonly hex: string
}

/** An earlier entry that a statement refers to. */
export interface PlainReference {
  readonly index: number
  /** 32 bytes. */
  readonly leafHash: Uint8Array
  readonly item?: number
  readonly line?: number
}

/** What a statement refers to, in its order. */
export interface PlainReferences {
  readonly list: readonly PlainReference[]
  /** True where each must have been made by the statement's own participant. */
  readonly ofOwnOnly: boolean
}

const algorithms = Object.keys(digestLengths) as DigestAlgorithm[]
const algorithmNames = new Names(algorithms)
const strongBits = strongDigests.reduce((bits, name) => bits | (1 << algorithms.indexOf(name)), 0)

/** Reads items, references and seals off a scanner. One for each scanner, used again for each statement. */
export class MemberReader {
  /** Digests, in order, of the items that were read last. */
  digests: PlainDigest[] = []
  lines: Map<number, number> | undefined
  items = 0
  references: PlainReference[] = []
  /** Digests of sealed claims, base64url. */
  sealed: string[] = []
  private readonly scanner: Scanner
  private readonly hash = new Uint8Array(33)
  private index = 0
  private leafHash: Uint8Array = this.hash
  private item: number | undefined
  private line: number | undefined

  constructor(scanner: Scanner) {
    this.scanner = scanner
  }

  /** Forgets what was read. */
  begin(): void {
    this.digests = []
    this.lines = undefined
    this.items = 0
    this.references = []
    this.sealed = []
  }

  private readonly readDigest = (algorithm: number): void => {
    const { scanner } = this
    const name = algorithms[algorithm] as DigestAlgorithm
    const length = 2 * digestLengths[name]
    scanner.text(classes.hex, length, length)
    if (!scanner.failed)
      this.digests.push({ algorithm: name, hex: latin1(scanner.bytes.subarray(scanner.from, scanner.to)) })
  }

  private readonly readTreeMember = (member: number): void => {
    const { scanner } = this
    if (member === 0) return scanner.text(classes.hex, 64, 64)
    const size = scanner.integer()
    if (size === 0) scanner.fail()
    ;(this.lines ??= new Map()).set(this.items, size)
  }

  private readonly readItemMember = (member: number): void => {
    const { scanner } = this
    switch (member) {
      case 0:
        scanner.integer()
        return
      case 1:
        // At least one that suffices alone.
        if ((scanner.object(algorithmNames, this.readDigest) & strongBits) === 0) scanner.fail()
        return
      case 2:
        return this.mediaType()
      case 3:
        return this.code()
      default:
        if (scanner.object(treeNames, this.readTreeMember) !== 3) scanner.fail()
    }
  }

  private readonly readItem = (place: number): void => {
    this.items = place
    // A size and digests.
    if ((this.scanner.object(itemNames, this.readItemMember) & 3) !== 3) this.scanner.fail()
  }

  /** Reads 1 to 64 items. */
  readItems(): void {
    this.items = this.scanner.list(1, 64, this.readItem)
  }

  /** Reads a code of an open list. */
  code(): void {
    const { scanner } = this
    scanner.text(classes.code, 1, 64)
    if (!isInClass(scanner.bytes[scanner.from], classes.letter)) scanner.fail()
  }

  /** Reads a UUID in its lower-case form. */
  uuid(): string {
    const { scanner } = this
    scanner.text(classes.code, 36, 36)
    const { bytes, from, to } = scanner
    for (let i = from; i < to; i++) {
      const place = i - from
      const isDash = place === 8 || place === 13 || place === 18 || place === 23
      const byte = bytes[i] as number
      // Of its class are a-z, 0-9 and the dash.
      if ((byte === 0x2d) !== isDash || byte > 0x66) scanner.fail()
    }
    return scanner.failed ? '' : latin1(bytes.subarray(from, to))
  }

  private mediaType(): void {
    const { scanner } = this
    scanner.text(classes.printable, 3, 127)
    const { bytes, from, to } = scanner
    let slash = from
    while (slash < to && isInClass(bytes[slash], classes.media)) slash++
    let end = slash + 1
    while (end < to && isInClass(bytes[end], classes.media)) end++
    const isType =
      bytes[slash] === 0x2f &&
      end === to &&
      isInClass(bytes[from], classes.alphanumeric) &&
      isInClass(bytes[slash + 1], classes.alphanumeric)
    if (!isType) scanner.fail()
  }

  private readonly readReferenceMember = (member: number): void => {
    const { scanner } = this
    if (member === 0) this.index = scanner.integer()
    else if (member === 1) this.readLeafHash()
    else if (member === 2) this.item = scanner.integer()
    else if (member === 3) this.line = scanner.integer()
    else this.code()
  }

  private readLeafHash(): void {
    const { scanner } = this
    scanner.text(classes.printable, 44, 44)
    const { bytes, from, to } = scanner
    if (bytes[to - 1] !== 0x3d || decodeInto(this.hash, bytes, from, to - 1, standardValues) !== 32)
      return scanner.fail()
    this.leafHash = this.hash.slice(0, 32)
  }

  private reference(names: Names, needed: number): void {
    this.item = undefined
    this.line = undefined
    if ((this.scanner.object(names, this.readReferenceMember) & needed) !== needed) return this.scanner.fail()
    const { index, leafHash, item, line } = this
    this.references.push({ index, leafHash, ...defined({ item, line }) })
  }

  /** Reads a reference to an entry of this ledger. */
  readReference(): void {
    this.reference(referenceNames, 3)
  }

  private readonly readUnit = (): void => this.reference(unitNames, 3)

  /** Reads 1 to 64 references to deposits or single items of them. */
  readUnits(): void {
    this.scanner.list(1, 64, this.readUnit)
  }

  private readonly readRelation = (): void => this.reference(relationNames, 16 + 3)

  /** Reads 1 to 64 relations to entries of this ledger. */
  readRelations(): void {
    this.scanner.list(1, 64, this.readRelation)
  }

  private readonly readSealed = (): void => {
    const { scanner } = this
    scanner.text(classes.printable, 43, 43)
    const { bytes, from, to } = scanner
    if (scanner.failed || decodeInto(this.hash, bytes, from, to, urlValues) !== 32) return scanner.fail()
    const digest = latin1(bytes.subarray(from, to))
    if (this.sealed.includes(digest)) scanner.fail()
    this.sealed.push(digest)
  }

  /** Reads 1 to 5 digests of sealed claims. */
  readSeals(): void {
    this.scanner.list(1, 5, this.readSealed)
  }
}

const itemNames = new Names(['size', 'digest', 'mediaType', 'category', 'tree'])
const treeNames = new Names(['root', 'size'])
const referenceNames = new Names(['index', 'leafHash', 'item', 'line'])
const unitNames = new Names(['index', 'leafHash', 'item'])
const relationNames = new Names(['index', 'leafHash', 'item', 'line', 'rel'])
