import { tryTime, timeText } from '../core/time.ts'
import { certificateWords, type DocumentLanguage as Language } from '../words/certificate.ts'
import type { CertificateWords } from '../words/en/certificate.ts'
import { type AttachmentName, type CertificateForm, inOrder } from './attachments.ts'
import { doubtOf, isOfCustody } from './custody.ts'
import {
  type CaseFields,
  type CertificateModel,
  type Collection,
  isOfPart,
  type ShownEvent,
  type ShownHolding,
  type ShownItem,
  standingOf,
  type StatedEvent,
} from './model.ts'

/*
 * What a certificate says, piece by piece and in its order, out of its fields: what the PDF draws and the HTML shows. Each text bears its
 * language; what comes from outside bears none.
 */

/** A text, and the language that it is in; none for names, numbers, digests. */
export interface Piece {
  readonly lang: Language | undefined
  readonly text: string
}
/** One thing, said in each language of the document. */
export type Said = readonly Piece[]

export type Block =
  | { readonly is: 'title'; readonly said: Said }
  | { readonly is: 'heading'; readonly number: number; readonly said: Said }
  | { readonly is: 'subheading'; readonly said: Said }
  /** `notice` must be read before anything else. */
  | { readonly is: 'paragraph'; readonly said: Said; readonly tone: 'plain' | 'verdict' | 'notice' }
  | { readonly is: 'list'; readonly items: readonly Said[] }
  | { readonly is: 'row'; readonly label: Said; readonly value: readonly Said[] }
  | { readonly is: 'commands'; readonly lines: readonly string[] }
  | { readonly is: 'code'; readonly data: string; readonly said: Said }

export interface Content {
  readonly languages: readonly Language[]
  /** The title alone, for the document's own properties. */
  readonly title: string
  readonly blocks: readonly Block[]
  readonly footer: (page: number, pages: number) => Said
}

type Word = (words: CertificateWords) => string

/** Languages of a document, in their order on it. */
export function languagesOf({ stated }: CertificateModel): readonly Language[] {
  return stated.language === 'both' ? ['zh', 'en'] : [stated.language]
}

/** A time in UTC as formats write it, and in China's, so that nobody need reckon: never in the zone of a machine. */
export function timeShown(time: string): string {
  const ms = tryTime(time)
  if (ms === undefined) return time
  const east = timeText(ms + 8 * 3_600_000)
  return `${time} (${east.slice(0, 10)} ${east.slice(11, 19)} +08:00)`
}

/** Hexadecimal digits in groups of eight, to be read aloud and compared. */
export function grouped(hex: string): string {
  return /^[0-9a-f]{32,}$/.test(hex) ? (hex.match(/.{1,8}/g) as string[]).join(' ') : hex
}

/** What the QR code holds: what finds the entry again wherever the ledger is, and no address. */
export function codeOf({ shown }: CertificateModel): string {
  return `evidence-ledger\n${shown.origin}\n${shown.index}\nsha256:${shown.leafHash}`
}

/** What a certificate says, in one of its forms. `attached` are the names of its attachments. */
export function contentOf(
  model: CertificateModel,
  attached: readonly AttachmentName[],
  form: CertificateForm = 'pdf',
): Content {
  const languages = languagesOf(model)
  const say = (word: Word): Said => languages.map((lang) => ({ lang, text: word(certificateWords[lang]) }))
  const own = (text: string | null): Said => (text === null ? say((w) => w.none) : [{ lang: undefined, text }])
  const row = (label: Word, ...value: readonly Said[]): Block => ({
    is: 'row',
    label: say(label),
    value: value.length === 0 ? [own(null)] : value,
  })
  const writer: Writer = { say, own, row }
  const title = (w: CertificateWords): string =>
    ({
      sound: w.title,
      retracted: w.retractedTitle,
      'part-retracted': w.partRetractedTitle,
      'key-compromised': w.compromisedTitle,
    })[standingOf(model)]
  const sections: readonly (readonly [Word, readonly Block[]])[] = [
    [(w) => w.verdict, verdict(model, writer)],
    [(w) => w.applicant, applicant(model, writer)],
    [(w) => w.case, cases(model, writer)],
    [(w) => w.items, items(model, writer)],
    [(w) => w.depositor, depositor(model, writer)],
    [(w) => w.deposit, deposit(model, writer)],
    [(w) => w.checkpoint, checkpoint(model, writer)],
    [(w) => w.source, source(model, writer)],
    [(w) => w.persons, persons(model, writer)],
    [(w) => w.custody, custody(model, writer)],
    [(w) => w.later, laterEvents(model, writer)],
    [(w) => w.howTo, howTo(model, writer, form)],
    [(w) => w.platform, platform(model, writer)],
    [(w) => w.seal, seal(model, writer, attached, form)],
  ]
  const { madeAt, program } = model.stated
  const head: Block[] = [
    { is: 'title', said: say(title) },
    row((w) => w.number, own(model.number)),
    row((w) => w.madeAt, own(timeShown(madeAt))),
    row((w) => w.madeBy, own(`evidence ${program.version}, SHA-256 ${grouped(program.build)}`)),
  ]
  const body = sections.flatMap(([word, inner], i): Block[] => [
    { is: 'heading', number: i + 1, said: say(word) },
    ...inner,
  ])
  return {
    languages,
    title: languages.map((lang) => title(certificateWords[lang])).join(' · '),
    blocks: [...head, ...body],
    footer: (page, pages) => say((w) => w.page(page, pages, model.number)),
  }
}

interface Writer {
  readonly say: (word: Word) => Said
  readonly own: (text: string | null) => Said
  readonly row: (label: Word, ...value: readonly Said[]) => Block
}

function verdict(model: CertificateModel, { say }: Writer): Block[] {
  const { stated, shown } = model
  const { compared } = stated
  const sentence: Word = (w) =>
    compared === null
      ? w.receiptOnly
      : compared.what === 'folder'
        ? w.unchangedFolder(compared.files)
        : shown.kind === 'file-proof'
          ? w.unchangedLine
          : w.unchangedFile
  return [
    ...notices(model).map((word): Block => ({ is: 'paragraph', said: say(word), tone: 'notice' })),
    { is: 'paragraph', said: say(sentence), tone: 'verdict' },
    { is: 'paragraph', said: say((w) => asOf(model, w)), tone: 'plain' },
    { is: 'subheading', said: say((w) => w.notShown) },
    { is: 'list', items: certificateWords.en.limits.map((_, i) => say((w) => w.limits[i] as string)) },
    { is: 'paragraph', said: say((w) => w.stated), tone: 'plain' },
  ]
}

/** What was taken back, and whether the key is said to have been compromised. */
function notices({ shown }: CertificateModel): Word[] {
  const { later: events, flagged } = shown
  const taken = events.flatMap((event): Word[] => {
    const { what, index, time, code, item, line } = event
    const reason = (w: CertificateWords): string => code ?? w.noReason
    if (what === 'retracted') return [(w) => w.retracted(reason(w), index, timeShown(time))]
    if (!isOfPart(event, shown.part)) return []
    return [(w) => w.partRetracted(reason(w), index, timeShown(time), w.part(item ?? 0, line ?? undefined))]
  })
  return [...taken, ...(flagged ? [(w: CertificateWords): string => w.compromised] : [])]
}

function asOf({ stated, shown }: CertificateModel, w: CertificateWords): string {
  const { later } = stated
  if (later === null) return w.asOf(shown.size)
  const broke = later.whole ? '' : ` ${w.answerBrokeOff}`
  return `${w.askedAsOf(later.url, later.size, timeShown(stated.madeAt))}${broke}`
}

function applicant({ stated }: CertificateModel, { own, row }: Writer): Block[] {
  return [row((w) => w.applicantName, own(stated.applicant)), row((w) => w.onRequestOf, own(stated.onRequestOf))]
}

const noCase: CaseFields = { authority: null, number: null, stage: null, cause: null }

function cases({ stated, shown }: CertificateModel, writer: Writer): Block[] {
  const rows = ({ authority, number, stage, cause }: CaseFields): Block[] => [
    writer.row((w) => w.authority, writer.own(authority)),
    writer.row((w) => w.caseNumber, writer.own(number)),
    writer.row((w) => w.stage, writer.own(stage)),
    writer.row((w) => w.cause, writer.own(cause)),
  ]
  const given = stated.case
  const sealed = shown.cases.length === 0 && given === null ? [noCase] : shown.cases
  return [
    ...sealed.flatMap(rows),
    ...(given === null ? [] : [{ is: 'subheading', said: writer.say((w) => w.caseStated) } as const, ...rows(given)]),
  ]
}

function items(model: CertificateModel, writer: Writer): Block[] {
  const { say, own, row } = writer
  const { stated, shown } = model
  const { compared } = stated
  const line = shown.part?.line ?? null
  return [
    ...shown.items.flatMap((item) => itemBlocks(item, writer)),
    ...(line === null
      ? []
      : [
          row(
            (w) => w.listedAs,
            say((w) => w.listedAsText(line.number, line.path)),
            own(`sha256 ${grouped(line.sha256)}`),
          ),
        ]),
    ...listed(model, writer),
    row(
      (w) => w.compared,
      say((w) =>
        compared === null
          ? w.notCompared
          : compared.what === 'file'
            ? w.comparedFile(compared.name, String(compared.size))
            : w.comparedFolder(compared.name, compared.files),
      ),
    ),
  ]
}

function itemBlocks(item: ShownItem, { say, own, row }: Writer): Block[] {
  const digestPieces = (digests: ShownItem['digests']): Said[] =>
    digests.map(([name, hex]) => own(`${name} ${grouped(hex)}`))
  const { acquired, tree } = item
  return [
    { is: 'subheading', said: say((w) => w.item(item.number)) },
    row((w) => w.itemName, own(item.name)),
    row((w) => w.category, own(item.category)),
    row((w) => w.format, own(item.mediaType)),
    row(
      (w) => w.size,
      say((w) => w.bytes(String(item.size))),
    ),
    row((w) => w.digest, ...digestPieces(item.digests)),
    ...(acquired === null
      ? []
      : [
          row(
            (w) => w.acquired,
            own(acquired.source),
            say((w) => w.bytes(String(acquired.size))),
            ...digestPieces(acquired.digests),
          ),
        ]),
    ...(tree === null
      ? []
      : [
          row(
            (w) => w.tree,
            say((w) => w.treeText(tree.lines, grouped(tree.root))),
          ),
        ]),
  ]
}

function listed({ stated, shown }: CertificateModel, { say, own, row }: Writer): Block[] {
  if (shown.kind !== 'manifest' && stated.compared?.what !== 'folder') return []
  const all = shown.items[shown.part?.item ?? 0]?.tree?.lines ?? 0
  const { files } = shown
  if (files.length === 0)
    return [
      row(
        (w) => w.fileList,
        say((w) => w.fileListElsewhere(all)),
      ),
    ]
  return [
    { is: 'subheading', said: say((w) => w.fileList) },
    ...(files.length < all
      ? [{ is: 'paragraph', said: say((w) => w.fileListMore(files.length, all)), tone: 'plain' } as const]
      : []),
    { is: 'list', items: files.map(({ path, sha256 }) => own(`${path}  ${sha256}`)) },
  ]
}

function depositor({ stated, shown }: CertificateModel, { say, own, row }: Writer): Block[] {
  const admission = stated.later?.admission ?? null
  return [
    row((w) => w.participant, own(shown.signer.id)),
    row((w) => w.participantName, own(admission?.name ?? null)),
    row((w) => w.key, own(shown.signer.key)),
    row((w) => w.roles, own(admission === null ? null : admission.roles.join(', '))),
    row(
      (w) => w.admission,
      admission === null ? own(null) : say((w) => w.admissionText(admission.index, timeShown(admission.time))),
    ),
  ]
}

function deposit({ shown }: CertificateModel, { say, own, row }: Writer): Block[] {
  return [
    row((w) => w.ledger, own(shown.origin)),
    row((w) => w.index, own(String(shown.index))),
    row((w) => w.time, own(timeShown(shown.time))),
    row(
      (w) => w.clock,
      say((w) => w.clockText),
    ),
    row((w) => w.leafHash, own(grouped(shown.leafHash))),
    ...(shown.withheld > 0 ? [row((w) => w.withheldClaims, own(String(shown.withheld)))] : []),
  ]
}

function checkpoint({ stated, shown }: CertificateModel, { say, own, row }: Writer): Block[] {
  const { timeStamp } = stated
  const witnesses = shown.witnesses.map(({ name, time }) =>
    say((w) => (time === null ? w.witnessNoTime(name) : w.witnessTime(name, timeShown(time)))),
  )
  return [
    row((w) => w.treeSize, own(String(shown.size))),
    row((w) => w.root, own(grouped(shown.root))),
    row((w) => w.witness, ...(witnesses.length === 0 ? [say((w) => w.noWitness)] : witnesses)),
    row(
      (w) => w.timeStamp,
      say((w) => {
        if (timeStamp === null) return w.timeStampNone
        const { noLaterThan, authority, verified } = timeStamp
        return (verified ? w.timeStampVerified : w.timeStampNamed)(timeShown(noLaterThan), authority)
      }),
    ),
    ...(shown.byTransition
      ? [
          row(
            (w) => w.byTransition,
            say((w) => w.byTransitionText),
          ),
        ]
      : []),
    row((w) => w.policy, own(shown.policy)),
  ]
}

const sourceRows: readonly (readonly [keyof Collection, Word])[] = [
  ['exhibit', (w) => w.exhibit],
  ['parentExhibit', (w) => w.parentExhibit],
  ['description', (w) => w.description],
  ['serial', (w) => w.serial],
  ['condition', (w) => w.condition],
  ['seal', (w) => w.sealOfObject],
  ['medium', (w) => w.medium],
  ['notHeldBecause', (w) => w.notHeldBecause],
  ['account', (w) => w.account],
  ['url', (w) => w.url],
  ['authorisation', (w) => w.authorisation],
  ['method', (w) => w.method],
  ['process', (w) => w.process],
  ['tool', (w) => w.tool],
  ['writeBlock', (w) => w.writeBlock],
  ['place', (w) => w.place],
  ['start', (w) => w.start],
  ['end', (w) => w.end],
  ['clock', (w) => w.captureClock],
]

function source({ shown }: CertificateModel, { say, own, row }: Writer): Block[] {
  const { collection, note } = shown
  const value = (name: keyof Collection): Said => {
    const found = collection?.[name] ?? null
    if (name === 'writeBlock' && (found === 'true' || found === 'false'))
      return say((w) => (found === 'true' ? w.yes : w.no))
    return own(typeof found === 'string' ? found : null)
  }
  return [
    ...sourceRows.map(([name, word]) => row(word, value(name))),
    row((w) => w.cleanliness, own(null)),
    row((w) => w.note, own(note)),
  ]
}

function persons({ shown }: CertificateModel, { own, row }: Writer): Block[] {
  const { officers = [], witness = null, noWitnessBecause = null } = shown.collection ?? {}
  const least = Math.max(2, officers.length)
  return [
    ...Array.from({ length: least }, (_, i) => row((w) => w.officer(i + 1), own(officers[i] ?? null))),
    row((w) => w.holder, own(null)),
    row((w) => w.witnessPerson, own(witness)),
    row((w) => w.noWitnessBecause, own(noWitnessBecause)),
  ]
}

/** From whom to whom it went by the attached entries, and who holds it by them. */
function custody({ stated, shown }: CertificateModel, { say, own, row }: Writer): Block[] {
  const { signer, index, time } = shown
  const events = shown.later.filter(isOfCustody)
  const gaps = [...new Set(shown.custody.flatMap((held) => held.gaps))]
  const none = say((w) => (stated.later === null ? w.notAsked : w.noEvents))
  return [
    { is: 'paragraph', said: say((w) => w.custodyNote), tone: 'plain' },
    row(
      (w) => w.custodyFirst,
      say((w) => w.custodyFirstText(signer.id, index, timeShown(time))),
    ),
    row(
      (w) => w.custodySteps,
      ...(events.length === 0 ? [none] : events.map((event) => say((w) => shownText(event, w)))),
    ),
    ...(gaps.length === 0
      ? []
      : [
          row(
            (w) => w.custodyGaps,
            say((w) => w.custodyGapsText(gaps.join(', '))),
          ),
        ]),
    row((w) => w.custodian, ...(shown.custody.length === 0 ? [own(null)] : holdings(shown.custody).map(say))),
  ]
}

/** Who holds the items: one line where it is the same of all. */
function holdings(custody: readonly ShownHolding[]): Word[] {
  const nameOf = ({ holder, since, ended, byOrder, steps }: ShownHolding): string =>
    JSON.stringify([holder, since, ended, byOrder, steps])
  const isOne = new Set(custody.map(nameOf)).size === 1
  return (isOne ? custody.slice(0, 1) : custody).map((one) => (w) => {
    const order = one.byOrder === null ? '' : w.heldByOrder(one.byOrder)
    return `${isOne ? '' : `${w.item(one.item)}: `}${holdingText(one, w)}${order}`
  })
}

function holdingText(holding: ShownHolding, w: CertificateWords): string {
  const { holder, since, ended, steps } = holding
  if (holder === null || since === null)
    return w.custodyNotStated[doubtOf(holding) ?? 'gap'](steps.attached, steps.told ?? 0)
  if (ended !== null) return w.notHeld(holder, since, ended)
  return `${w.held(holder, since)}${steps.attached === 0 ? w.heldUntold : ''}`
}

function laterEvents(model: CertificateModel, { say, row }: Writer): Block[] {
  const { later } = model.stated
  const attached = model.shown.later.filter((event) => !isOfCustody(event))
  const { events = [], others = [] } = later ?? {}
  const stated = [
    ...events.map((event) => say((w) => statedText(event, w))),
    ...others.map(({ what, count }) => say((w) => w.eventsNotAttached(w.eventNames[what] ?? what, count))),
  ]
  const none = (word: Word): Said => say((w) => (later === null ? w.notAsked : word(w)))
  return [
    { is: 'paragraph', said: say((w) => asOf(model, w)), tone: 'plain' },
    row(
      (w) => w.laterShown,
      ...(attached.length === 0 ? [none((w) => w.noEvents)] : attached.map((event) => say((w) => shownText(event, w)))),
    ),
    row((w) => w.laterStated, ...(stated.length === 0 ? [none((w) => w.noStatedEvents)] : stated)),
  ]
}

function shownText(event: ShownEvent, w: CertificateWords): string {
  const { flags, inLieu } = event
  const ground = (flag: string): string => (flag === 'moved-by-order' && inLieu !== null ? ` (${inLieu})` : '')
  const attached = w.eventAttached(eventText(event, w), event.by, event.attachment)
  return flags.reduce((text, flag) => w.flagged(text, `${w.flags[flag]}${ground(flag)}`), attached)
}

function statedText(event: StatedEvent, w: CertificateWords): string {
  const { what, index, time } = event
  if (time === null) return w.eventStated(w.eventNames[what] ?? what, index)
  return eventText({ ...event, time }, w)
}

function eventText(
  { what, index, time, code, ...more }: Pick<ShownEvent, 'what' | 'index' | 'time' | 'code'> & Partial<ShownEvent>,
  w: CertificateWords,
): string {
  const { compromisedSince = null, item = null, line = null, giver = null, receiver = null, on = null } = more
  const name = w.eventNames[what] ?? what
  const since = compromisedSince === null ? null : w.since(timeShown(compromisedSince))
  const part = item === null ? null : w.part(item, line ?? undefined)
  const passed = giver === null || receiver === null ? null : w.passed(giver, receiver)
  const challenge = on === null ? null : w.onChallenge(on)
  const reasons = [code, passed, since, part, challenge].filter((one) => one !== null)
  return w.event(name, reasons.length === 0 ? '' : ` (${reasons.join(', ')})`, index, timeShown(time))
}

/** How the attachments are taken out of a certificate by what is on many machines. */
const extraction: Readonly<Record<CertificateForm, string>> = {
  pdf: 'pdfdetach -saveall certificate.pdf',
  html: `python3 -c "import base64,json,re;[open(n,'wb').write(base64.b64decode(b)) for n,b in json.loads(re.search('evidence-attachments.>(.*?)</script>',open('certificate.html',encoding='utf-8').read(),re.S)[1]).items()]"`,
}

/** The commands that check it without us. */
function commandsOf({ stated, shown }: CertificateModel, form: CertificateForm): string[] {
  const proof = shown.kind === 'file-proof' ? 'evidence.file-proof' : 'evidence.tlog-proof'
  const what = stated.compared === null ? 'FILE' : shown.kind === 'manifest' ? 'FOLDER' : 'FILE'
  const list = shown.kind === 'manifest' ? ' --manifest evidence.evidence-manifest' : ''
  const transition = shown.byTransition ? ' --transition evidence.key-transition' : ''
  const options = `--receipt ${proof}${list}${transition} --policy YOUR.policy`
  return [extraction[form], `node check.mjs ${what} ${options}`, `python3 evidence_verify.py check ${what} ${options}`]
}

function howTo(model: CertificateModel, { say, own, row }: Writer, form: CertificateForm): Block[] {
  return [
    { is: 'paragraph', said: say((w) => w.howToIntro), tone: 'plain' },
    { is: 'commands', lines: commandsOf(model, form) },
    row((w) => w.policy, own(model.shown.policy)),
    { is: 'paragraph', said: say((w) => w.howToPolicy), tone: 'plain' },
    { is: 'code', data: codeOf(model), said: say((w) => w.qr) },
  ]
}

function platform({ stated }: CertificateModel, { own, row }: Writer): Block[] {
  return [
    row((w) => w.platformRules, own(null)),
    row((w) => w.platformInterest, own(null)),
    row((w) => w.platformSystem, own(null)),
    row((w) => w.platformTechnology, own(null)),
    row((w) => w.platformStated, ...(stated.platform?.split('\n') ?? [null]).map(own)),
  ]
}

function seal(
  { stated }: CertificateModel,
  { say, own, row }: Writer,
  attached: readonly AttachmentName[],
  form: CertificateForm,
): Block[] {
  const { seal: subject } = stated
  return [
    { is: 'paragraph', said: say((w) => (subject === null ? w.sealNone : w.sealed(subject))), tone: 'plain' },
    row((w) => w.attachments, ...inOrder(attached).map(own)),
    // A browser has fonts of its own: there is no box to speak of.
    ...(form === 'pdf' ? [{ is: 'paragraph', said: say((w) => w.box), tone: 'plain' } as const] : []),
  ]
}
