import type { AttachmentName, Attachments } from '../../src/certificate/attachments.ts'
import { judgeLater } from '../../src/certificate/later.ts'
import { judgeAttachments, judgeFields } from '../../src/certificate/judge.ts'
import { type CertificateModel, type ShownHolding, standingOf } from '../../src/certificate/model.ts'
import { maxCertificateBytes } from '../../src/certificate/pdf/syntax.ts'
import { readAnyCertificate } from '../../src/certificate/read.ts'
import { DroppedSet } from '../../src/check/steps/dropped-set.ts'
import { gather, type Task } from '../../src/check/steps/gather.ts'
import type { AnyReport } from '../../src/check/steps/report.ts'
import { attempt, settled } from '../../src/core/attempt.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { count, visible } from '../../src/core/text.ts'
import { type Finding, findingOf } from '../../src/verify/report.ts'
import { certified as wordsEn } from '../../src/words/en/certified.ts'
import { inLanguage } from '../../src/words/index.ts'
import { certified as wordsZh } from '../../src/words/zh/certified.ts'
import { el } from '../ui/dom.ts'
import { nameText } from '../ui/text.ts'
import { type DroppedFile, droppedFile } from './hashing.ts'
import { policyChoice } from './policies.ts'
import { type Asks, checkAll, judge, type Result } from './run.ts'

/* Certificates among what was dropped: each is opened, and what it carries is sorted and judged as if it had been dropped beside it. */

interface Opened {
  readonly path: string
  readonly attachments: Attachments
  readonly marks: readonly Finding[]
}

/** What proves, of the attachments; a proof of one file brings its receipt itself. */
const evidence: readonly AttachmentName[] = [
  'evidence.tlog-proof',
  'evidence.file-proof',
  'evidence.evidence-manifest',
  'evidence.time-proof',
  'evidence.key-transition',
]

/** Checks all that was dropped, with what the certificates among it carry. A certificate that cannot be read is refused. */
export async function checkWithCertificates(
  dropped: readonly DroppedFile[],
  paths: readonly string[],
  asks: Asks,
): Promise<readonly Result[]> {
  const certificates: Opened[] = []
  const refused: Result[] = []
  const take = (path: string, opened: Opened | EvidenceError): void => {
    if (!(opened instanceof EvidenceError)) certificates.push(opened)
    else refused.push({ what: 'refused', task: { what: 'certificate', path }, refusal: opened })
  }
  const { own } = asks
  if (own !== undefined) {
    const read = (): Opened => ({ path: own.path, attachments: own.attachments() as Attachments, marks: [] })
    take(own.path, attempt(read))
  }
  for (const file of dropped) if (paths.includes(file.path)) take(file.path, await settled(opened(file)))
  const rest = dropped.filter(({ path }) => !paths.includes(path))
  const set = await DroppedSet.read([...rest, ...certificates.flatMap(filesIn)], asks.hashing)
  const judged = await checkAll(set, await gather(set, asks.onBytes), asks, (all, task, given) => {
    const certificate = certificates.find((one) => bringsEvidence(one, task))
    return certificate === undefined ? judge(all, task, given) : judgeBeside(certificate, all, task, given)
  })
  return [...refused, ...judged]
}

async function opened(file: DroppedFile): Promise<Opened> {
  const { path, size } = file
  if (size > maxCertificateBytes)
    throw new EvidenceError('certificate-malformed', `${path} has ${size} bytes; the most is ${maxCertificateBytes}`, {
      where: path,
    })
  return { path, ...readAnyCertificate(await file.readAt(0, size)) }
}

function placeOf({ path }: Opened, name: string): string {
  return `${path}/${name}`
}

function filesIn(certificate: Opened): DroppedFile[] {
  const { attachments } = certificate
  return evidence.flatMap((name) => {
    const bytes = attachments.get(name)
    const isWithin = name === 'evidence.tlog-proof' && attachments.has('evidence.file-proof')
    return bytes === undefined || isWithin ? [] : [droppedFile(placeOf(certificate, name), new Blob([bytes.slice()]))]
  })
}

function evidencePath(task: Task): string | undefined {
  if (!('evidence' in task)) return undefined
  return task.evidence.kind === 'file-proof' ? task.evidence.proof : task.evidence.receipt
}

function bringsEvidence({ path }: Opened, task: Task): boolean {
  return evidencePath(task)?.startsWith(`${path}/evidence.`) === true
}

/** Makes one check by what a certificate carries. Its policy is its own word: it goes after all that the reader and the page have. */
async function judgeBeside(certificate: Opened, set: DroppedSet, task: Task, asks: Asks): Promise<readonly Result[]> {
  const { attachments, path } = certificate
  const own = attachments.get('policy')
  const brought = own === undefined ? [] : [policyChoice('package', own)]
  const isAlone = task.what === 'receipt' || (task.what === 'file' && task.path.startsWith(`${path}/`))
  const receipt = evidencePath(task) as string
  const alone: Task =
    task.what === 'file' && isAlone ? { what: 'receipt', evidence: { kind: 'receipt', receipt } } : task
  const results = await judge(set, alone, { ...asks, offered: [...asks.offered, ...brought] })
  return Promise.all(results.map((result) => withCertificate(certificate, result, isAlone, asks)))
}

async function withCertificate(certificate: Opened, result: Result, isAlone: boolean, asks: Asks): Promise<Result> {
  if (result.what !== 'report' || result.policy === undefined) return result
  const { attachments, marks, path } = certificate
  const { report } = result
  if (report.what === 'package' || report.what === 'misbehaviour') return result
  const whole = await settled(judgeAttachments(attachments, result.policy.policy, asks.hashing))
  const known = new Set(report.faults.map(({ code }) => code))
  const more = (whole instanceof EvidenceError ? [findingOf(whole)] : whole.faults).filter(
    ({ code }) => !known.has(code),
  )
  const later = judgeLater(attachments, report.result, result.policy.policy)
  const fields = await judgeFields(attachments, asks.hashing)
  const together: AnyReport = {
    ...report,
    carried: later.proven,
    path: isAlone ? path : report.path,
    faults: [...report.faults, ...more, ...later.faults, ...fields.faults, ...marks],
    unjudged: [...report.unjudged, ...later.unjudged, ...fields.unjudged],
  }
  return { ...result, report: together, beside: saidBy(fields.model) }
}

/** What a certificate says, beside what was judged. */
function saidBy(model: CertificateModel | undefined): HTMLElement {
  const words = inLanguage(document.documentElement.lang.startsWith('zh') ? 'zh' : 'en', wordsEn, wordsZh)
  const section = el('section', { class: 'certificate-said facts' }, el('h3', {}, words.title))
  if (model === undefined) section.append(el('p', {}, words.noFields))
  else {
    const { number, stated, shown } = model
    const { compared, later } = stated
    const standing = standingOf(model)
    if (standing !== 'sound') section.append(el('p', { role: 'note' }, words.standing[standing]))
    for (const { attached, told } of missingSteps(shown.custody))
      section.append(el('p', { role: 'note' }, words.steps(count(attached), count(told))))
    const file =
      compared?.what === 'folder' ? `${compared.name}, ${words.files(count(compared.files))}` : compared?.name
    section.append(
      facts([
        [words.number, number],
        [words.madeAt, stated.madeAt],
        [words.madeBy, stated.program.version],
      ]),
      el('p', {}, words.stated),
      facts([
        [words.compared, file ?? words.notCompared],
        [words.applicant, stated.applicant],
        [words.onRequestOf, stated.onRequestOf],
        [words.asked, later === null ? words.notAsked : `${count(later.size)} (${later.url})`],
      ]),
    )
  }
  section.append(el('p', { class: 'look' }, words.look))
  return section
}

/** Of items whose steps of custody are not all attached, how many are and how many there are: each pair of numbers once. */
function missingSteps(custody: readonly ShownHolding[]): { readonly attached: number; readonly told: number }[] {
  const missing = custody.flatMap(({ steps: { attached, told } }) =>
    told === null || told === attached ? [] : [{ attached, told }],
  )
  return [...new Map(missing.map((one) => [`${one.attached} ${one.told}`, one] as const)).values()]
}

function facts(lines: readonly (readonly [string, string | null])[]): HTMLElement {
  const table = el('dl')
  for (const [label, value] of lines)
    if (value !== null) table.append(el('dt', {}, label), el('dd', {}, nameText(visible(value))))
  return table
}
