import { valueOr } from '../core/attempt.ts'
import { toBase64 } from '../core/base64.ts'
import { equalBytes } from '../core/bytes.ts'
import type { Disclosure } from '../core/disclosure.ts'
import { verifyEd25519 } from '../core/ed25519.ts'
import { type ParsedEntry, versionNumber, zeroHash } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import { defined } from '../core/objects.ts'
import { chainFaults } from '../statements/chain.ts'
import type { StatementBody } from '../statements/kinds.ts'
import { readBody } from '../statements/body.ts'
import { bodyOfEntry, type EntryParts, type OpenedEntry } from '../statements/open.ts'
import { doubted, type Registry } from '../statements/registry.ts'
import { judge, type Judgement } from '../statements/rulebook.ts'
import type { RuleContext } from '../statements/rules.ts'
import { flagTexts } from '../statements/event-flags.ts'
import { flagsOf, sealedDigestsOf, signedWithin, soundnessOf } from '../statements/said.ts'
import type { Statement } from '../statements/statement.ts'
import { type Appraisal, readDisclosures } from './appraisal.ts'
import { OrderedErasures } from './ordered-erasures.ts'
import { PlainTurns } from './plain-turns.ts'
import { type FindingList, findingOf } from './report.ts'
import type { WalkHistory } from './walk-history.ts'
import type { TreeFacts } from './walk-tree.ts'

/** Observes a walk: one of its methods is called once for each readable entry, in order of index. */
export interface EntryObserver {
  /** An entry that the walk judged itself. */
  entry(entry: WalkedEntry): void
  /**
   * A plain entry, by its index and what the appraiser's tally function made of it. `replayed`: its leaf hash, where it is of a kind that is
   * judged again at start.
   */
  tally(index: number, tally: number, replayed?: Uint8Array): void
}

export interface WalkedEntry {
  readonly index: number
  readonly leafHash: Uint8Array
  readonly statement: Statement
  readonly body: StatementBody | undefined
  readonly disclosures: readonly Disclosure[]
}

/** A registry under whose key for `kid` an entry's signature is known to verify, and whether that of who signed within it is too. */
export interface SignedUnder {
  readonly registry: Registry
  readonly isInside: boolean
}

/** Key id of the one who signed within a statement, where that signature is known to verify and is the only one. */
function onlyKidInside(statement: Statement, signedUnder: SignedUnder | undefined): string | undefined {
  if (signedUnder?.isInside !== true) return undefined
  const [within, ...others] = signedWithin(valueOr(() => readBody(statement), undefined))
  return others.length === 0 ? within?.kid : undefined
}

export interface EntryJudgeOptions {
  readonly size: number
  readonly tree: TreeFacts
  readonly history: WalkHistory
  readonly context: Omit<RuleContext, 'verifies'>
  readonly registry: Registry
  readonly faults: FindingList
  readonly unjudged: FindingList
  /** Entries below it were verified before: they are hashed again, and not judged again. 0 for none. */
  readonly trustedSize: number
  /** Where an earlier walk of the same history ended; without, it begins at entry 0. */
  readonly resumed?: { readonly timeMs: number | undefined; readonly link: Uint8Array }
  readonly observer?: EntryObserver
  /** Digests of erased disclosures, by index, of a source that keeps all others. */
  readonly erased?: ReadonlyMap<number, ReadonlySet<string>>
}

/** Whether nothing at all was found of an entry: only then is done what it orders. */
function isWhole({ violations, unjudged, unshown, isAuthorityOpen }: Judgement): boolean {
  return violations.length + unjudged.length + unshown.length === 0 && !isAuthorityOpen
}

/** Judges the entries of a walk one after the other, and goes on past whatever does not hold. */
export class EntryJudge {
  registry: Registry
  readonly disclosures = { present: 0, withheld: 0, foreign: 0 }
  readonly erasures: OrderedErasures = new OrderedErasures()
  /** What is said beside entries that stand. */
  readonly flagged: { readonly index: number; readonly message: string }[] = []
  readonly kinds = Object.create(null) as Record<string, number>
  firstMs: number | undefined
  /** The latest time so far. */
  lastMs: number | undefined
  private readonly options: EntryJudgeOptions
  /** What the next entry's link must be; undefined where that is not known. */
  private expectedLink: Uint8Array | undefined

  constructor(options: EntryJudgeOptions) {
    this.options = options
    this.registry = options.registry
    this.lastMs = options.resumed?.timeMs
    this.expectedLink = options.resumed?.link ?? zeroHash
  }

  /** Goes on after an entry that was not judged here: the next one links to it. */
  passOver(index: number): void {
    this.expectedLink = index < 0 ? zeroHash : this.options.history.leaf(index)
  }

  /** What an entry said of participants, keys and custody is not known: nothing that rests on it is a fault. */
  doubt(index: number): void {
    this.registry = doubted(this.registry, index)
  }

  /** One fault stands for all entries from here on; what they said of participants and keys is not known. */
  endEarly(index: number): void {
    this.fault('entry-missing', index, `The entries ${index} to ${this.options.size - 1} are missing.`)
    this.lose(index, undefined)
  }

  /**
   * Takes the plain entries of a chunk as they were appraised: a function that takes one, if its place in the chain is in order too, and
   * else gives false, with nothing done. Undefined where the tree does not vouch for the bytes that were appraised.
   */
  accepting(
    begin: number,
    count: number,
    appraisal: Appraisal,
    registry: Registry,
  ): ((i: number) => boolean) | undefined {
    const { history, tree, observer } = this.options
    const { leafHashes, ids, timesMs, kinds, kindOf, items, lines, releases, present, withheld, tallies, firstLink } =
      appraisal
    if (!tree.authentic || begin + count > tree.leaves) return undefined
    if (!equalBytes(leafHashes, history.leaves(begin, count))) return undefined
    const signers = appraisal.signers.map(([iss, kid]) => {
      const number = history.signerNumber(iss, kid)
      return { iss, number, within: [{ iss, kid }] }
    })
    const turns = new PlainTurns(appraisal, registry, history)
    return (i) => {
      const index = begin + i
      const next = turns.after(i, index, this.registry)
      if (next === undefined) return false
      const timeMs = timesMs[i] as number
      if (this.lastMs !== undefined && timeMs < this.lastMs) return false
      if (i === 0 && (this.expectedLink === undefined || !equalBytes(firstLink as Uint8Array, this.expectedLink)))
        return false
      const { iss, number } = signers[appraisal.signerOf[i] as number] as (typeof signers)[number]
      if (!history.ids.claim(iss, ids, 4 * i, index)) return false
      this.registry = next
      history.addFacts(index, timeMs, number, items[i] === 0 ? 'nothing' : (items[i] as number), lines.get(i))
      const inner = releases.get(i)?.signer
      if (inner !== undefined) history.addWithin(index, signers[inner]?.within ?? [])
      this.count(kinds[kindOf[i] as number] as string)
      this.disclosures.present += present[i] as number
      this.disclosures.withheld += withheld[i] as number
      this.expectedLink = history.leaf(index)
      this.firstMs ??= timeMs
      this.lastMs = timeMs
      observer?.tally(index, tallies[i] as number, turns.isReplayed(i) ? history.leaf(index) : undefined)
      return true
    }
  }

  private count(kind: string): void {
    this.kinds[kind] = (this.kinds[kind] ?? 0) + 1
  }

  private fault(code: EvidenceError['code'], index: number, message: string, expected?: string, found?: string): void {
    this.options.faults.add({ code, index, message, ...defined({ expected, found }) })
  }

  /**
   * Judges the next entry; `opened` is undefined where it is missing. `signedUnder`: what is known of its signatures. `texts`: the disclosures that are kept for it.
   */
  judge(
    index: number,
    opened: EntryParts | undefined,
    signedUnder: SignedUnder | undefined,
    texts: readonly string[],
  ): void {
    const { history, tree, faults } = this.options
    const sealed = tree.authentic ? history.leaf(index) : undefined
    if (opened === undefined) {
      this.fault('entry-missing', index, `Entry ${index} is missing.`)
      if (index >= tree.leaves) history.addLost(index)
      this.lose(index, sealed)
      return
    }
    const { hash, entry, statement } = opened
    const stored = index < tree.leaves ? history.leaf(index) : undefined
    const altered = stored !== undefined && !equalBytes(hash, stored)
    if (altered) {
      const where = tree.authentic ? 'were sequenced' : 'the stored tree holds'
      const message = `The stored bytes of entry ${index} are not those that ${where}.`
      this.fault('entry-altered', index, message, toBase64(stored), toBase64(hash))
    }
    if (stored === undefined || !tree.authentic) history.addLeaf(index, hash)
    // Bytes that were sequenced and cannot be read break a rule and so change nothing; others may have said anything.
    const isAsSealed = tree.authentic && !altered
    const unreadable = (error: EvidenceError): void => {
      faults.add(findingOf(error, index))
      if (!isAsSealed) this.doubt(index)
    }
    if (!(entry instanceof EvidenceError)) this.judgeChain(index, entry, altered)
    this.expectedLink = sealed ?? hash
    if (entry instanceof EvidenceError) return unreadable(entry)
    if (!entry.known) return this.laterVersion(index, versionNumber(entry.version) as number, isAsSealed)
    if (statement instanceof EvidenceError) return unreadable(statement)
    if (statement !== undefined) this.judgeStatement(index, entry, statement, altered, signedUnder, texts)
  }

  /** Index, time and link: judged in every entry version. */
  private judgeChain(index: number, entry: ParsedEntry, altered: boolean): void {
    for (const fault of chainFaults({ index, link: this.expectedLink, timeMs: this.lastMs }, entry)) {
      this.options.faults.add({ ...findingOf(fault, index), message: `E${fault.message.slice(1)}.` })
    }
    this.firstMs ??= entry.timeMs
    // A time that went back is judged once: the next entry is held to the later one. An altered one binds nobody.
    if (!altered) this.lastMs = Math.max(this.lastMs ?? entry.timeMs, entry.timeMs)
  }

  /** After an entry that cannot be read: what it said of participants is not known. */
  private lose(index: number, link: Uint8Array | undefined): void {
    this.expectedLink = link
    this.doubt(index)
  }

  /** An announced version needs a newer verifier; one that nobody announced is the ledger's fault, and says nothing. */
  private laterVersion(index: number, version: number, isAsSealed: boolean): void {
    const isAnnounced = this.registry.formats?.has(version) === true
    const what = `Entry ${index} has the version ${version}`
    if (isAnnounced || this.registry.uncertainSince !== undefined) {
      const message = `${what}: not judged, needs a newer verifier.`
      this.options.unjudged.add({ code: 'not-judged', index, message })
      return this.doubt(index)
    }
    this.fault('version-unannounced', index, `${what}, which no entry before announced.`)
    if (!isAsSealed) this.doubt(index)
  }

  private judgeStatement(
    index: number,
    { time, timeMs }: OpenedEntry['entry'],
    statement: Statement,
    altered: boolean,
    signedUnder: SignedUnder | undefined,
    texts: readonly string[],
  ): void {
    const { history, faults, unjudged, observer, tree } = this.options
    const { signingInput } = statement.jws
    const context: RuleContext = {
      ...this.options.context,
      verifies: (key, message, signature) => {
        const kid = message === signingInput ? statement.header.kid : onlyKidInside(statement, signedUnder)
        const verified = kid === undefined ? undefined : signedUnder?.registry.keys.get(kid)?.publicKey
        // A thumbprint names one key for ever, so what verified under another registry's verifies under this one's.
        return (verified !== undefined && equalBytes(key, verified)) || verifyEd25519(key, message, signature)
      },
    }
    const judgement = judge(this.registry, { index, time, timeMs, statement }, history, context)
    for (const violation of judgement.violations) faults.add(findingOf(violation, index))
    for (const open of judgement.unjudged) unjudged.add(findingOf(open, index))
    // What an altered entry said when it was sequenced is not known: it changes nothing, and nobody after it is blamed for that.
    if (altered) return this.doubt(index)
    this.registry = judgement.next
    // Without an authentic tree nothing says that these bytes were sequenced: others may have been in order.
    if (!tree.authentic && judgement.violations.length > 0) this.doubt(index)
    const { iss, jti, kind } = statement.common
    if (judgement.usesStatementId) history.ids.add(iss, jti, index)
    history.addStatement(index, timeMs, statement, soundnessOf(judgement))
    this.count(kind)
    const { body } = judgement
    if (isWhole(judgement) && index >= this.options.trustedSize) this.erasures.take(index, body)
    history.addWithin(index, signedWithin(body))
    this.flag(index, judgement)
    const disclosures = this.judgeDisclosures(index, body, texts)
    observer?.entry({ index, leafHash: history.leaf(index), statement, body, disclosures })
  }

  /** Notes what is said for ever beside an entry that stands. */
  private flag(index: number, { violations, unjudged, body }: Judgement): void {
    if (violations.length > 0 || unjudged.length > 0) return
    for (const flag of flagsOf(body)) this.flagged.push({ index, message: `Entry ${index}: ${flagTexts[flag]}.` })
  }

  /** Each stored disclosure must be one that the entry seals; one that is gone is withheld, which is a fault where the source keeps all but erased ones. */
  private judgeDisclosures(index: number, body: StatementBody | undefined, texts: readonly string[]): Disclosure[] {
    // What a kind of a later version seals, and whether it does, is not known. Below the trusted size none were read.
    if (body === undefined || index < this.options.trustedSize) return []
    const { read, foreign, withheld } = readDisclosures(sealedDigestsOf(body), texts)
    for (let i = 0; i < foreign; i++) {
      const message = `A disclosure stored for entry ${index} is not one that was sealed with it.`
      this.fault('stored-disclosure-altered', index, message)
    }
    this.disclosures.foreign += foreign
    this.disclosures.present += read.length
    this.disclosures.withheld += withheld
    this.judgeMissing(index, body, read)
    return read
  }

  /** Judges the claims that an accepted entry lacks, of a source that keeps all but erased ones; elsewhere none are looked for. */
  judgeWithheld(index: number, bytes: Uint8Array, texts: readonly string[]): void {
    const body = bodyOfEntry(bytes)
    if (body !== undefined) this.judgeMissing(index, body, readDisclosures(sealedDigestsOf(body), texts).read)
  }

  /** A sealed claim that is not there, and was not erased, is lost: unless a later entry ordered its erasure. */
  private judgeMissing(index: number, body: StatementBody, read: readonly Disclosure[]): void {
    const { erased } = this.options
    if (erased === undefined) return
    const gone = new Set([...read.map(({ digest }) => digest), ...(erased.get(index) ?? [])])
    const lost = sealedDigestsOf(body).filter((digest) => !gone.has(digest))
    if (lost.length > 0) this.erasures.lacks(index, lost)
  }
}
