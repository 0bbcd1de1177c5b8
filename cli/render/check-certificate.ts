import {
  type CertificateModel,
  type ShownEvent,
  type ShownHolding,
  standingOf as statedStanding,
} from '../../src/certificate/model.ts'
import { doubtOf, stepsOf } from '../../src/certificate/custody.ts'
import { type OnlineStatus, standingOf } from '../../src/check/steps/later.ts'
import { counted } from '../../src/core/text.ts'
import { defined } from '../../src/core/objects.ts'
import { type LaterEvent, partText, passedText } from '../../src/statements/later-events.ts'
import { receiptLimits } from '../../src/verify/check-receipt.ts'
import type { CertificateReport, ReadReport } from '../certificate/check.ts'
import { policyDocument, type PolicyFile, policyLine } from '../options/policy.ts'
import { provenanceOf, sinceDeposit, statusDocument, timeDocument } from './check-file.ts'
import { checkerLine, thisChecker } from './checker.ts'
import { headline } from './later.ts'
import type { Line } from './output.ts'
import { faultLines } from './provenance.ts'
import { toned } from './tone.ts'
import { isSound, verdictLine } from './verdict.ts'
import { when } from './when.ts'

const lookWords: Readonly<Record<ReadReport['look']['look'], string>> = {
  same: 'look: byte for byte what this program writes of the attachments',
  differs: 'look: NOT what this program writes of the attachments; go by the attachments alone',
  'not-compared': 'look: not compared; go by the attachments alone',
}

/** What a certificate says that only its maker's word stands for. */
function statedLines({ stated }: CertificateModel): string[] {
  const { compared, applicant, onRequestOf, later, timeStamp } = stated
  return [
    compared === null
      ? 'no file was compared'
      : compared.what === 'file'
        ? `compared: ${compared.name}, ${compared.size} bytes`
        : `compared: ${compared.name}, ${compared.files} files`,
    ...(applicant === null ? [] : [`applicant: ${applicant}`]),
    ...(onRequestOf === null ? [] : [`made for: ${onRequestOf}`]),
    later === null
      ? 'the ledger was not asked'
      : `${later.url} was asked, and answered as of size ${later.size}; that it named nothing later but what is attached or listed is the maker’s word`,
    ...(timeStamp === null ? [] : [`time stamp: no later than ${timeStamp.noLaterThan}, ${timeStamp.authority}`]),
  ]
}

/** What must be read first: what the ledger proves now, or else what the attached receipts of later entries prove. */
function headlines({ certificate, later }: CertificateReport): Line[] {
  const asked = headline(later, { item: certificate?.model?.shown.part?.item })
  if (asked.length > 0 || certificate?.model === undefined) return asked
  const standing = statedStanding(certificate.model)
  const words = {
    retracted: 'RETRACTED, as its attachments show',
    'part-retracted': 'RETRACTED IN PART, as its attachments show',
    'key-compromised': 'KEY COMPROMISED, as its attachments show',
  }
  return standing === 'sound' ? [] : [toned('notice', `${words[standing]}: see its later events`)]
}

/** Later events by the attached receipts, and who holds what by them; of an item that the ledger proves more steps of, that they are missing. */
function laterLines({ shown: { later, custody } }: CertificateModel, online: OnlineStatus | undefined): string[] {
  const textOf = (one: ShownHolding): string => missingText(one, later, online) ?? holdingText(one)
  const isOne = new Set(custody.map(textOf)).size === 1
  return [
    ...later.map((event) => {
      const { what, code, index, time, by, attachment } = event
      const said = `${code === null ? what : `${what}, ${code}`}${partText(toldOf(event))}${passedText(toldOf(event))}`
      return `later: ${said}: entry ${index} at ${when(time)}, by ${by} (${attachment})`
    }),
    ...(isOne ? custody.slice(0, 1) : custody).map((one) => `${isOne ? '' : `item ${one.item}: `}${textOf(one)}`),
  ]
}

/** What the ledger proves of an item's custody and the certificate does not show; undefined where that is nothing, or it was not asked. */
function missingText(
  { item }: ShownHolding,
  later: readonly ShownEvent[],
  online: OnlineStatus | undefined,
): string | undefined {
  const proven = (online?.events ?? []).filter((event) => event.proven)
  const attached = new Set(stepsOf(later, item))
  const missing = stepsOf(proven, item).filter((index) => !attached.has(index))
  if (missing.length === 0) return undefined
  return `custodian NOT STATED: the ledger proves ${counted(missing.length, 'step')} of custody that the certificate does not show, the last of them entry ${missing.at(-1)}`
}

const doubts: Readonly<Record<NonNullable<ReturnType<typeof doubtOf>>, (steps: ShownHolding['steps']) => string>> = {
  'not-told': () => 'how many steps of custody there are was not asked, or the answer broke off',
  'not-all': ({ attached, told }) =>
    `NOT ALL STEPS OF CUSTODY ARE ATTACHED: ${attached} of ${told}; what is to be said of the others for ever, such as a move by order, is not said here`,
  gap: () => 'the attached steps of custody have a gap',
}

function holdingText(holding: ShownHolding): string {
  const { holder, since, ended, byOrder, gaps, steps } = holding
  const order = byOrder === null ? '' : `; moved by order, without the holder’s signature, by entry ${byOrder}`
  const doubt = doubtOf(holding)
  const held = ended === null ? `custodian ${holder}` : `custody ended (${ended}), last held by ${holder}`
  const gap = gaps.length === 0 ? '' : `; an entry before entry ${gaps.join(', ')} is not attached`
  if (doubt !== undefined) return `custodian not stated: ${doubts[doubt](steps)}; only the ledger can say${order}${gap}`
  return `${held}, through entry ${since}, by the entries that are attached; whether there are others, only the ledger can say${order}${gap}`
}

/** What an event says beside its name, without what it does not say. */
function toldOf({ item, line, on, giver, receiver, flags, inLieu }: ShownEvent): Omit<LaterEvent, 'what'> {
  const some = <T>(value: T | null): T | undefined => value ?? undefined
  return {
    flags,
    ...defined({
      item: some(item),
      line: some(line),
      on: some(on),
      giver: some(giver),
      receiver: some(receiver),
      inLieu: some(inLieu),
    }),
  }
}

/** What the certificate is silent of, and its maker may not have known. */
function untoldLine(certificate: ReadReport | undefined): string[] {
  const untold = certificate?.untold ?? []
  if (untold.length === 0) return []
  return [
    `  not in the certificate: entry ${untold.join(', ')}: readers of the deposit alone are told of such, which its maker need not have been`,
  ]
}

function itemLines({ shown: { items, part } }: CertificateModel): string[] {
  return [
    ...items.flatMap(({ number, name, size, digests }) => [
      `item ${number}: ${name ?? 'name sealed'}, ${size} bytes`,
      ...digests.map(([algorithm, hex]) => `  ${algorithm} ${hex}`),
    ]),
    ...(part?.line == null
      ? []
      : [`line ${part.line.number} of its list: ${part.line.path}, sha256 ${part.line.sha256}`]),
  ]
}

function policyLines(file: PolicyFile | undefined, differs: boolean): string[] {
  if (file === undefined) return ['policy: the certificate’s own word; compare its key with what the ledger publishes']
  return [policyLine(file), ...(differs ? ['the certificate brings another policy, which was not used'] : [])]
}

function sealLine({ look: { seal } }: ReadReport): string {
  if (seal === undefined) return 'seal: none was judged'
  const { certificate } = seal
  if (certificate === undefined) return 'seal: it does not hold'
  const { subject, issuer, fingerprint, until } = certificate
  return `seal: by ${subject}, certificate of ${issuer} until ${until}, SHA-256 ${fingerprint}; nobody vouches here for who that is`
}

/** The result of a check of a certificate, for people. */
export function certificateLines(report: CertificateReport, policy: PolicyFile | undefined): Line[] {
  const { path, certificate, later, time, faults, unjudged } = report
  const model = certificate?.model
  const clean = faults.length === 0 && unjudged.length === 0
  return [
    ...headlines(report),
    model === undefined
      ? `${path}: a certificate`
      : `${path}: certificate ${model.number}, made at ${when(model.stated.madeAt)} by version ${model.stated.program.version}`,
    ...(certificate === undefined ? [] : ['what its attachments show:']),
    ...(certificate === undefined ? [] : provenanceOf(certificate.result, later)).map((line) => `  ${line}`),
    ...(model === undefined ? [] : itemLines(model)).map((line) => `  ${line}`),
    ...(model === undefined ? [] : laterLines(model, later)).map((line) => `  ${line}`),
    ...untoldLine(certificate),
    ...time.lines.map((line) => `  ${line}`),
    ...(model === undefined ? [] : ['what its maker states, and nothing here shows:']),
    ...(model === undefined ? [] : statedLines(model)).map((line) => `  ${line}`),
    ...(certificate === undefined ? [] : [lookWords[certificate.look.look], sealLine(certificate)]),
    ...faultLines(faults),
    ...unjudged.map(({ message }) => `not judged: ${message}`),
    ...(clean ? ['not shown by a receipt:', ...receiptLimits.map((line) => `  ${line}`)] : []),
    ...(time.limits.length > 0 ? ['not shown by the time stamp:', ...time.limits.map((line) => `  ${line}`)] : []),
    ...policyLines(policy, certificate?.policy.differs === true),
    checkerLine(thisChecker()),
    verdictLine(
      { faults, unjudged },
      {
        sound: certificate === undefined ? undefined : `the receipt holds, ${sinceDeposit(certificate.result, later)}`,
      },
    ),
  ]
}

/** The result of a check of a certificate, for programs. */
export function certificateDocument(report: CertificateReport, policy: PolicyFile | undefined): object {
  const { path, certificate, later, time, faults, unjudged } = report
  const checked = certificate?.result.checked
  return {
    path,
    certificate:
      certificate === undefined
        ? null
        : {
            number: certificate.model?.number ?? null,
            fields: certificate.model ?? null,
            attachments: certificate.attached,
            untold: certificate.untold,
            look: certificate.look.look,
            seal: certificate.look.seal?.certificate ?? null,
          },
    ok: isSound(report),
    standing: standingOf(later, { item: certificate?.model?.shown.part?.item }),
    ...(checked === undefined
      ? {}
      : {
          index: checked.receipt.entry.index,
          time: checked.receipt.entry.time,
          origin: checked.receipt.proof.checkpoint.origin,
          size: checked.receipt.proof.checkpoint.size,
        }),
    faults,
    unjudged,
    notChecked: receiptLimits,
    ...statusDocument(later),
    ...timeDocument(time),
    policy:
      policy === undefined
        ? { source: 'certificate' }
        : { ...policyDocument(policy), differs: certificate?.policy.differs === true },
    checker: thisChecker(),
  }
}
