import { statSync } from 'node:fs'
import { type Attachments } from '../../src/certificate/attachments.ts'
import { judgeLater } from '../../src/certificate/later.ts'
import { leftOut, type SaidLater, untoldIn } from '../../src/certificate/left-out.ts'
import { judgeAttachments, judgeFields } from '../../src/certificate/judge.ts'
import type { CertificateModel, StatedLater } from '../../src/certificate/model.ts'
import type { JudgedLook } from '../../src/certificate/node/judge-look.ts'
import { maxCertificateBytes } from '../../src/certificate/pdf/syntax.ts'
import { certificateBeginning, certificateForm, readAnyCertificate } from '../../src/certificate/read.ts'
import { type CheckRequest, type PolicyBytes, withRotations } from '../../src/check/node/check.ts'
import { hasEvidence } from '../../src/check/node/evidence-files.ts'
import { handedFiles } from '../../src/check/node/handed-files.ts'
import { timeJudge } from '../../src/check/node/time.ts'
import { askStatus } from '../../src/check/steps/ask-later.ts'
import type { OnlineStatus } from '../../src/check/steps/later.ts'
import type { CheckResult } from '../../src/check/steps/receipt.ts'
import { type Findings, together } from '../../src/check/steps/report.ts'
import { noTime, type TimeResult } from '../../src/check/steps/time.ts'
import { attempt, settled } from '../../src/core/attempt.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { equalBytes } from '../../src/core/bytes.ts'
import { parsePolicy, type Policy } from '../../src/core/policy.ts'
import { parsePolicyFile } from '../../src/ledger/data-folder.ts'
import { readBeginning, readNamed } from '../../src/node/bounded-file.ts'
import { fsPath } from '../../src/node/file-path.ts'
import { type Finding, findingOf } from '../../src/verify/report.ts'

/** What a certificate comes to: what its attachments prove, and apart from that how it looks. */
export interface CertificateReport extends Findings {
  readonly path: string
  /** Undefined where it could not be read: the one fault says why. */
  readonly certificate: ReadReport | undefined
  readonly later: OnlineStatus | undefined
  readonly time: TimeResult
}

export interface ReadReport {
  /** The check of the attachments, by the reader's policy. */
  readonly result: CheckResult
  /** The fields, where the attachments bear them out. */
  readonly model: CertificateModel | undefined
  readonly look: JudgedLook
  readonly attached: readonly string[]
  /** Later entries that the certificate says nothing of, and of which its maker may not have been told. */
  readonly untold: readonly number[]
  /** Whose policy it was judged by; `differs` where the certificate brings another than was given. */
  readonly policy: { readonly from: 'given' | 'certificate'; readonly differs: boolean }
}

export interface CertificateRequest extends Pick<CheckRequest, 'rotation' | 'timestampAnchors' | 'ledger'> {
  /** Undefined where the certificate's own is to be taken. */
  readonly policy: PolicyBytes | undefined
}

/** True for a certificate that is not itself evidence: one that was deposited is checked as any other file. */
export function isCertificateAt(path: string): boolean {
  const stat = statSync(fsPath(path), { throwIfNoEntry: false })
  if (stat?.isFile() !== true || hasEvidence(path)) return false
  return certificateForm(readBeginning(path, certificateBeginning)) !== undefined
}

/** Checks a certificate. What does not hold is in the report. Throws `file-unreadable`, the codes of a policy, and of what is asked. */
export async function checkCertificate(path: string, request: CertificateRequest): Promise<CertificateReport> {
  const bytes = new Uint8Array(readNamed(path, maxCertificateBytes, { tooLong: 'certificate-malformed' }))
  const given = request.policy === undefined ? undefined : parsePolicyFile(request.policy.path, request.policy.bytes)
  const read = attempt(() => readAnyCertificate(bytes))
  if (read instanceof EvidenceError) return unread(path, read)
  const { attachments, marks } = read
  const own = attachments.get('policy')
  const policy = withRotations(given ?? parsePolicy(own ?? new Uint8Array()), request)
  const result = await settled(judgeAttachments(attachments, policy, handedFiles))
  if (result instanceof EvidenceError) return unread(path, result)
  const fields = await judgeFields(attachments, handedFiles)
  const look = await lookOf(read, fields.model)
  const time = await timeOf(attachments, result, policy, request)
  const later = await laterOf(result, policy, request)
  const carried = judgeLater(attachments, result, policy)
  const { model } = fields
  const stated = model?.stated.later ?? undefined
  const isCompared = model !== undefined && stated !== undefined && later !== undefined
  const missing = isCompared ? leftOut(saidLater(model.shown, stated), later) : []
  const untold = isCompared ? untoldIn(stated, model.shown.later, later) : []
  const differs = request.policy !== undefined && own !== undefined && !equalBytes(own, request.policy.bytes)
  return {
    path,
    certificate: {
      result,
      model: fields.model,
      look,
      attached: [...attachments.keys()],
      untold,
      policy: { from: request.policy === undefined ? 'certificate' : 'given', differs },
    },
    later,
    time,
    ...together(
      result,
      carried,
      later,
      time,
      fields,
      { faults: missing, unjudged: [] },
      { faults: marks, unjudged: [] },
      look,
    ),
  }
}

function unread(path: string, error: EvidenceError): CertificateReport {
  return { path, certificate: undefined, later: undefined, time: noTime, faults: [findingOf(error)], unjudged: [] }
}

function saidLater({ later, time, items, part }: CertificateModel['shown'], stated: StatedLater): SaidLater {
  return { stated, shown: later, time, items: items.length, part }
}

/** The writer takes far more to load than all the rest, and is not a part of the checker that is one file. */
async function lookOf(...given: Parameters<typeof import('../../src/certificate/node/judge-look.ts')['judgeLook']>) {
  try {
    const { judgeLook } = await import('../../src/certificate/node/judge-look.ts')
    return await judgeLook(...given)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    return { look: 'not-compared', seal: undefined, faults: [], unjudged: [notLoaded] } as const
  }
}

const notLoaded: Finding = {
  code: 'certificate-other-version',
  message:
    'The certificate’s look and seal were not judged: this checker is one file, without the writer of certificates.',
}

async function timeOf(
  attachments: Attachments,
  { checked, byTransition }: CheckResult,
  policy: Policy,
  { timestampAnchors }: CertificateRequest,
): Promise<TimeResult> {
  const name = 'evidence.time-proof'
  const bytes = attachments.get(name)
  if (bytes === undefined || checked === undefined) return noTime
  return timeJudge(timestampAnchors)(name, bytes, checked.receipt, byTransition ? undefined : policy)
}

async function laterOf(
  { checked }: CheckResult,
  policy: Policy,
  { ledger }: CertificateRequest,
): Promise<OnlineStatus | undefined> {
  if (ledger === undefined || checked === undefined || checked.faults.length > 0) return undefined
  return askStatus(await ledger(checked.receipt.proof.checkpoint.origin, policy), checked, policy)
}
