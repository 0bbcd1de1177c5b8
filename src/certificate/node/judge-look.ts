import { equalBytes } from '../../core/bytes.ts'
import { isEvidenceError } from '../../core/errors.ts'
import { type Finding, findingOf } from '../../verify/report.ts'
import type { CertificateModel } from '../model.ts'
import { writeHtmlCertificate } from '../html/write.ts'
import type { AnyCertificate } from '../read.ts'
import { writerBuild } from './build.ts'
import { checkSeal, type CheckedSeal } from './check-seal.ts'
import { htmlWriter } from './html.ts'
import { writeCertificate } from './write.ts'

/*
 * What only a machine with the writer can judge of a certificate: how it looks, and its seal. Loaded when there is one, and not a part of
 * the checker that is one file: data alone passes in and out.
 */

export interface JudgedLook {
  readonly look: 'same' | 'differs' | 'not-compared'
  readonly seal: CheckedSeal | undefined
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
}

/** Writes a certificate anew and compares it, byte for byte, with the one that was read; and judges its seal. Throws `file-unreadable`. */
export async function judgeLook(read: AnyCertificate, model: CertificateModel | undefined): Promise<JudgedLook> {
  const seal = read.seal === undefined ? undefined : await checkSeal(read.seal)
  const faults = [...(seal?.faults ?? []), ...sealMarks(read, model, seal)]
  if (model === undefined) return { look: 'not-compared', seal, faults, unjudged: [] }
  const { version, build } = model.stated.program
  const html = read.form === 'html' ? htmlWriter() : undefined
  if (build !== (html?.build ?? writerBuild())) {
    const message = `The certificate says that it was made by version ${version} of the program, in another build than this one: its look was not compared.`
    return {
      look: 'not-compared',
      seal,
      faults,
      unjudged: [{ code: 'certificate-other-version', message, found: build }],
    }
  }
  try {
    const own =
      html === undefined
        ? await writeCertificate(model, read.attachments)
        : writeHtmlCertificate(model, read.attachments, html)
    if (equalBytes(own, read.unsealed)) return { look: 'same', seal, faults, unjudged: [] }
  } catch (error) {
    if (!isEvidenceError(error)) throw error
    return { look: 'not-compared', seal, faults: [...faults, findingOf(error)], unjudged: [] }
  }
  const message =
    'The document is not the one that this very program writes of its fields: something was changed on it. Its attachments are judged apart.'
  return {
    look: 'differs',
    seal,
    faults: [...faults, { code: 'certificate-altered', message, where: 'look' }],
    unjudged: [],
  }
}

/** A seal where none is stated, or by another: the text of the document would name somebody else than its seal. */
function sealMarks(
  read: AnyCertificate,
  model: CertificateModel | undefined,
  seal: CheckedSeal | undefined,
): Finding[] {
  const stated = model?.stated.seal ?? undefined
  const found = seal?.certificate?.subject
  if (model === undefined || stated === found || (seal !== undefined && found === undefined)) return []
  if (read.seal === undefined && stated !== undefined) {
    const message = 'The document says that it is sealed, and there is no seal on it.'
    return [{ code: 'certificate-altered', message, where: 'seal', expected: stated }]
  }
  const message = 'The document was sealed by another certificate than it says.'
  return [
    {
      code: 'certificate-altered',
      message,
      where: 'seal',
      expected: stated ?? 'no seal',
      found: found ?? 'no seal',
    },
  ]
}
