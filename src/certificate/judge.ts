import { attempt } from '../core/attempt.ts'
import { equalBytes } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import { parseFileProof } from '../core/file-proof.ts'
import { parseKeyTransition } from '../core/key-transition.ts'
import { Manifest, parseManifest } from '../core/manifest.ts'
import { parsePolicy, type Policy } from '../core/policy.ts'
import type { Evidence, Handed } from '../check/steps/handed.ts'
import { checkAlone, checkManifestOnly, type CheckResult } from '../check/steps/receipt.ts'
import { type Finding, findingOf } from '../verify/report.ts'
import { type AttachmentName, type Attachments, isAttachmentName } from './attachments.ts'
import { judgeLater } from './later.ts'
import { type CertificateModel, encodeModel, readStated } from './model.ts'
import { type Evidenced, modelOf } from './shown.ts'

/* What a certificate's attachments come to, by the ordinary steps of a check. */

/** What a machine lends: how digests are made on it. */
export type Digests = Pick<Handed, 'digestsOf' | 'canDigest'>

function required(attachments: Attachments, name: AttachmentName): Uint8Array {
  const bytes = attachments.get(name)
  if (bytes !== undefined) return bytes
  throw new EvidenceError('certificate-malformed', `the certificate has no attachment ${name}`, { where: name })
}

/** The attachments as something that was handed over to be checked: there is no file among them. */
function handedBy(attachments: Attachments, digests: Digests): Handed {
  const noFile = (name: string): EvidenceError =>
    new EvidenceError('file-unreadable', `${name} is not in the certificate`, { where: name })
  const artefact = (name: string): Uint8Array => {
    if (isAttachmentName(name)) return required(attachments, name)
    throw noFile(name)
  }
  return {
    ...digests,
    artefact,
    manifest: (name) => new Manifest(artefact(name)),
    manifestBytes: async (name) => artefact(name),
    digests: (name) => Promise.reject(noFile(name)),
    transitionBeside: () => {
      const bytes = attachments.get('evidence.key-transition')
      return bytes === undefined ? undefined : parseKeyTransition(bytes)
    },
    baseName: (name) => name,
    pathWithin: (_folder, name) => name,
  }
}

const receipt = 'evidence.tlog-proof'
const manifest = 'evidence.evidence-manifest'
const fileProof = 'evidence.file-proof'

/** What proves the deposit, among the attachments. */
function evidenceIn(attachments: Attachments): Evidence {
  if (attachments.has(fileProof)) return { kind: 'file-proof', proof: fileProof }
  if (attachments.has(manifest)) return { kind: 'manifest', receipt, manifest, folder: '' }
  return { kind: 'receipt', receipt }
}

/**
 * Judges the attachments of a certificate by a policy. What does not hold is in the result. Throws `certificate-malformed` where they lack
 * what every certificate has, or do not belong together.
 */
export async function judgeAttachments(
  attachments: Attachments,
  policy: Policy,
  digests: Digests,
): Promise<CheckResult> {
  const handed = handedBy(attachments, digests)
  const evidence = evidenceIn(attachments)
  const own = required(attachments, receipt)
  if (evidence.kind === 'file-proof') {
    const proof = attempt(() => parseFileProof(required(attachments, fileProof)))
    if (!(proof instanceof EvidenceError) && !equalBytes(proof.receipt, own))
      throw new EvidenceError('certificate-malformed', 'the attached file proof is of another receipt', {
        where: fileProof,
      })
  }
  return evidence.kind === 'manifest'
    ? await checkManifestOnly(handed, evidence, policy)
    : checkAlone(handed, evidence, policy)
}

/** What the attachments show by the policy that is attached to them, for the fields of the certificate. Throws as {@link judgeAttachments}, and the codes of a policy. */
export async function evidenced(attachments: Attachments, digests: Digests): Promise<Evidenced> {
  const policy = required(attachments, 'policy')
  const trusted = parsePolicy(policy)
  const result = await judgeAttachments(attachments, trusted, digests)
  const later = judgeLater(attachments, result, trusted)
  const [fault] = [...later.faults, ...later.unjudged]
  if (fault !== undefined) throw new EvidenceError(fault.code, `${fault.file ?? ''}: ${fault.message}`, fault)
  const list = attachments.get(manifest)
  return { result, policy, lines: list === undefined ? [] : parseManifest(list), later: later.events }
}

/** A certificate's fields, worked out again. */
export interface JudgedFields {
  /** Undefined where the attachments do not bear out the fields that they come with. */
  readonly model: CertificateModel | undefined
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
}

/** Works a certificate's fields out again, and holds them against those that it has. Never throws for what the attachments hold. */
export async function judgeFields(attachments: Attachments, digests: Digests): Promise<JudgedFields> {
  try {
    const fields = required(attachments, 'certificate.json')
    const model = modelOf(await evidenced(attachments, digests), readStated(fields))
    if (equalBytes(encodeModel(model), fields)) return { model, faults: [], unjudged: [] }
    const message = 'The certificate’s fields are not those that its attachments show.'
    return {
      model: undefined,
      faults: [{ code: 'certificate-differs', message, where: 'certificate.json' }],
      unjudged: [],
    }
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error
    const finding = findingOf(error)
    return error.kind.exit === 4
      ? { model: undefined, faults: [], unjudged: [finding] }
      : { model: undefined, faults: [finding], unjudged: [] }
  }
}
