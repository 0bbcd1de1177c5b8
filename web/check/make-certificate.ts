import { partsOfChecker } from '../../src/certificate/html/checker.ts'
import { writeHtmlCertificate } from '../../src/certificate/html/write.ts'
import { completed, gathered, type Subject } from '../../src/certificate/gathered.ts'
import { baseName } from '../../src/check/steps/dropped-set.ts'
import { proofOfLine } from '../../src/check/steps/line-proof.ts'
import type { ListedLine } from '../../src/check/steps/manifest-line.ts'
import { transitionPath } from '../../src/core/artefact-names.ts'
import { toHex } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { sha256 } from '../../src/core/hash.ts'
import { formatTime } from '../../src/core/time.ts'
import { type HoldingResult, pathOfTask } from './run.ts'

/* Makes the certificate of a result in the browser. Loaded when somebody asks for one. */

/** What the build notes of certificates in HTML. */
interface Noted {
  readonly build: string
  readonly checker: string
  readonly version: string
}

/** Asks this page's server for one of its own files. Throws `server-unreachable`. */
async function own(path: string): Promise<Response> {
  const refused = (why: string): EvidenceError =>
    new EvidenceError('server-unreachable', `${path} could not be loaded: ${why}`, { where: path })
  const answer = await fetch(path).catch((error: unknown) => {
    throw refused(String(error))
  })
  if (!answer.ok) throw refused(`${answer.status}`)
  return answer
}

/**
 * Makes the certificate in HTML of a result that holds: the same fields, attachments and bytes as `evidence certificate` makes of that check at that
 * time. Throws `server-unreachable` where the checker that goes into it cannot be loaded, `file-unreadable` where it is of another build.
 */
export async function makeCertificate(
  result: HoldingResult,
): Promise<{ readonly name: string; readonly bytes: Uint8Array }> {
  const { report, set, task, policy } = result
  const [noted, text] = await Promise.all([
    own('/assets/certificate.json').then((answer) => answer.json() as Promise<Noted>),
    own('/evidence-check.html').then((answer) => answer.text()),
  ])
  const { build, checker, version } = noted
  if (toHex(sha256(utf8(text))) !== checker)
    throw new EvidenceError('file-unreadable', 'evidence-check.html is of another build than this page: reload it', {
      where: 'evidence-check.html',
    })
  const path = pathOfTask(task)
  const made = gathered(report, subjectOf(result), {
    artefact: (name) => set.artefact(name),
    manifest: (name) => set.artefact(name),
    timeProof: (name) => set.artefact(name),
    lineProof: ({ manifest, receipt }, item) =>
      proofOfLine({
        line: report.result.line as ListedLine,
        manifest: set.artefact(manifest),
        receipt: set.artefact(receipt),
        item,
        withClaims: false,
      }).proof,
    transition: (beside) => set.artefact(transitionPath(beside)),
    policy: policy.bytes,
  })
  const stated = {
    madeAt: formatTime(Date.now()),
    program: { version, build },
    language: 'both',
    applicant: null,
    onRequestOf: null,
    case: null,
    platform: null,
    seal: null,
  } as const
  const { model, attachments } = await completed(made, stated, set.handed)
  const bytes = writeHtmlCertificate(model, attachments, { parts: partsOfChecker(text), sha256: checker })
  return { name: `${baseName(path)}.certificate.html`, bytes }
}

function subjectOf({ report, set, task }: HoldingResult): Subject {
  if (report.what === 'receipt') return { what: 'alone' }
  const path = pathOfTask(task)
  const name = baseName(path)
  if (report.what === 'folder') return { what: 'folder', name, files: report.compared?.files.length ?? 0 }
  return { what: 'file', name, size: () => set.file(path).size }
}
