import type { Command } from 'commander'
import { utf8Length, withoutFinalSlashes } from '../../src/core/bytes.ts'
import type { Attachments, CertificateForm } from '../../src/certificate/attachments.ts'
import { type CaseFields, type CertificateModel, type Stated } from '../../src/certificate/model.ts'
import type { Sealer } from '../../src/certificate/node/seal.ts'
import { completed } from '../../src/certificate/gathered.ts'
import { modelText } from '../../src/certificate/shown.ts'
import { handedFiles } from '../../src/check/node/handed-files.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { formatTime, tryTime } from '../../src/core/time.ts'
import { readPolicyBytes } from '../../src/ledger/data-folder.ts'
import { fileBounds, readNamed } from '../../src/node/bounded-file.ts'
import { readPrivateFile, readSecretFile } from '../../src/node/private-file.ts'
import { depositorFlag } from '../options/named-deposit.ts'
import { exhibitNumbers, fetchExhibits } from '../certificate/exhibits.ts'
import { type FetchedReceipt, gather, gatherFetched } from '../certificate/gather.ts'
import { outputKinds, requireOutput, writeOutput } from '../files/outputs.ts'
import { askTerminal } from '../options/ask-terminal.ts'
import { clientFlags, outputOf } from '../options/client.ts'
import { declare, type OptionsOf, repeated } from '../options/declare.ts'
import { fileArgument } from '../options/file-argument.ts'
import { requirePolicy } from '../options/policy.ts'
import { codeArgument } from '../options/values.ts'
import { notAllToldLines } from '../render/later.ts'
import type { Output } from '../render/output.ts'
import { progressBar } from '../render/progress.ts'
import { exitCodeOf } from '../../src/verify/report.ts'
import { version } from '../version.ts'
import { ledgerOf } from './check.ts'

const help = `
Checks each path as "evidence check" does, and writes what was found as a document for people: PDF/A-3a in Chinese and English. Nothing is
proven by how it looks; what proves stands in it as attachments, and "evidence check FILE.certificate.pdf" judges those. Of what does not
hold, or is not judged, none is made. A receipt or file proof alone will do: then the certificate says that no file was compared.
With --online the ledger is asked, and what happened later (retracted, key compromised) stands at its head.
Those later entries are attached as receipts, so that they are proven without the ledger: the chain of custody, too.
By --exhibit NUMBER, or an argument that is no path beside --online or --url, the ledger is asked for the receipt of the deposit with that exhibit
number, as who you are there; no file is compared. Of several such deposits name one by --entry INDEX.
An --out that ends in .html makes one HTML file instead, which can be read without scripts and printed, and judges itself where it is opened.
With --seal a PDF gets a PAdES signature by a certificate of its own. That is never the ledger's key.
The same check at the same --made-at by the same program gives the same bytes.

Example:
  evidence certificate photo.jpg --policy court.policy --for "Hangzhou Internet Court" --out photo.pdf
  evidence certificate photo.jpg --seal office.crt --seal-key office.key`

const flags = [
  ...clientFlags({ url: '$EVIDENCE_URL, the profile’s, or the URL in the policy’s log line' }),
  ['--out <file>', 'where to write it, as PDF, or as HTML where it ends in .html (default: PATH.certificate.pdf)'],
  ['--lang <language>', 'zh, en or both', 'both'],
  ['--exhibit <number>', 'number of a deposited exhibit, whose receipt the ledger is asked for', repeated],
  ['--entry <index>', 'of several deposits of one exhibit number: the one that is meant', repeated],
  depositorFlag,
  ['--online', 'ask the ledger what happened to the entry later'],
  ['--applicant <name>', 'who asks for the certificate'],
  ['--for <name>', 'on whose request it is made, or for which authority'],
  ['--case <number>', 'number of the case that it is for'],
  ['--authority <name>', 'authority of that case'],
  ['--stage <text>', 'stage of that case'],
  ['--cause <text>', 'cause of that case'],
  ['--platform-statement <file>', 'text (UTF-8) of the platform about its service, put in as stated'],
  ['--receipt <file>', 'receipt (.tlog-proof) or file proof (.file-proof); by default the one beside the file'],
  ['--manifest <file>', 'manifest that lists the file'],
  ['--folder <dir>', 'folder that the manifest’s paths are relative to'],
  ['--with-claims', 'of one file of a folder: show the sealed claims of the folder’s receipt too'],
  ['--time-proof <file>', 'time proof (.time-proof); by default the one beside the receipt'],
  ['--timestamp-anchors <file>', 'certificates (PEM) of the time-stamping authorities that you trust'],
  ['--transition <file>', 'for a receipt under a retired key: its key transition; by default the one beside it'],
  ['--made-at <time>', 'time of making, YYYY-MM-DDTHH:MM:SS.mmmZ (default: now, by this machine’s clock)'],
  ['--seal <file>', 'certificate (PEM, then those above it) to seal with'],
  ['--seal-key <file>', 'private key (PEM) of that certificate'],
  [
    '--seal-passphrase-file <file>',
    'file that holds that key’s passphrase (default: $EVIDENCE_SEAL_PASSPHRASE_FILE, or asked for on a terminal)',
  ],
] as const
type CertificateOptions = OptionsOf<typeof flags>

/** `evidence certificate PATH…` */
export function certificateCommand(program: Command): void {
  declare(
    program.command('certificate [paths...]'),
    'write a certificate (PDF/A-3a) that carries its proof, of files, folders, receipts or exhibits',
    flags,
    help,
  ).action(async (paths: readonly string[], options: CertificateOptions) => {
    await certificates(paths.map(fileArgument), options)
  })
}

async function certificates(paths: readonly string[], options: CertificateOptions): Promise<void> {
  const output = outputOf(options)
  const { files, numbers } = exhibitNumbers(paths, options)
  const fetched = numbers.length === 0 ? [] : await fetchExhibits(numbers, options, output)
  const subjects: readonly (string | FetchedReceipt)[] = [...files, ...fetched]
  if (options.out !== undefined && subjects.length > 1)
    throw new EvidenceError('usage', '--out names one file, and there are several paths: leave it out', {
      where: '--out',
    })
  const places = subjects.map((subject) => {
    const name = typeof subject === 'string' ? withoutFinalSlashes(subject) : subject.name
    return { subject, out: options.out ?? `${name}.certificate.pdf` }
  })
  for (const { out } of places) requireOutput(outputKinds.certificate, out)
  const form = options.out?.toLowerCase().endsWith('.html') === true ? 'html' : 'pdf'
  if (form === 'html' && (options.seal !== undefined || options.sealKey !== undefined))
    throw new EvidenceError('usage', 'a certificate in HTML has no seal: write a PDF, or leave --seal out', {
      where: '--seal',
    })
  const maker = await makerOf(options, form)
  for (const { subject, out } of places) await certificate(subject, out, maker, options, output)
}

/** What all certificates of one call have in common. */
interface Maker {
  /** Writes a certificate, without a seal. */
  readonly write: (model: CertificateModel, attachments: Attachments) => Promise<Uint8Array>
  readonly stated: Omit<Stated, 'compared' | 'later' | 'timeStamp'>
  readonly sealer: Sealer | undefined
}

/** The writer of a form, with its build. */
async function writerOf(form: CertificateForm): Promise<{ readonly build: string; readonly write: Maker['write'] }> {
  if (form === 'pdf') {
    const { writerBuild } = await import('../../src/certificate/node/build.ts')
    const { writeCertificate } = await import('../../src/certificate/node/write.ts')
    return { build: writerBuild(), write: writeCertificate }
  }
  const { htmlWriter } = await import('../../src/certificate/node/html.ts')
  const { writeHtmlCertificate } = await import('../../src/certificate/html/write.ts')
  const checker = htmlWriter()
  const write: Maker['write'] = (...given) => Promise.resolve(writeHtmlCertificate(...given, checker))
  return { build: checker.build, write }
}

async function makerOf(options: CertificateOptions, form: CertificateForm): Promise<Maker> {
  const { build, write } = await writerOf(form)
  const sealer = await sealerOf(options)
  const stated = {
    madeAt: timeOfMaking(options.madeAt),
    program: { version, build },
    language: codeArgument(options.lang, ['zh', 'en', 'both'], 'language of certificates'),
    applicant: shortText(options.applicant, '--applicant'),
    onRequestOf: shortText(options.for, '--for'),
    case: caseOf(options),
    platform: platformOf(options.platformStatement),
    seal: sealer === undefined ? null : modelText(sealer.subject),
  }
  return { write, stated, sealer }
}

function timeOfMaking(given: string | undefined): string {
  if (given === undefined) return formatTime(Date.now())
  if (tryTime(given) !== undefined) return given
  throw new EvidenceError(
    'usage',
    `--made-at ${JSON.stringify(given)} is no time of the form YYYY-MM-DDTHH:MM:SS.mmmZ`,
    {
      where: '--made-at',
    },
  )
}

const longest = 1024

/** A text that somebody typed, for a line of the document. Throws `usage`. */
function shortText(text: string | undefined, flag: string): string | null {
  if (text === undefined) return null
  if (text.trim() === '' || utf8Length(text) > longest)
    throw new EvidenceError('usage', `${flag} is empty, or longer than ${longest} bytes`, { where: flag })
  return modelText(text)
}

function caseOf({ authority, case: number, stage, cause }: CertificateOptions): CaseFields | null {
  const fields = {
    authority: shortText(authority, '--authority'),
    number: shortText(number, '--case'),
    stage: shortText(stage, '--stage'),
    cause: shortText(cause, '--cause'),
  }
  return Object.values(fields).every((value) => value === null) ? null : fields
}

function platformOf(path: string | undefined): string | null {
  if (path === undefined) return null
  const text = readNamed(path, 4096, { what: 'the statement' }).toString('utf8').replaceAll('\r\n', '\n').trim()
  if (text === '') throw new EvidenceError('usage', `${path} is empty`, { where: path })
  return modelText(text)
}

/** Who seals. Throws `usage`, `seal-key-unfit`, and what reading the files throws. */
async function sealerOf({ seal, sealKey, sealPassphraseFile }: CertificateOptions): Promise<Sealer | undefined> {
  if (seal === undefined && sealKey === undefined) return undefined
  if (seal === undefined || sealKey === undefined)
    throw new EvidenceError('usage', 'a seal needs both --seal CERTIFICATE and --seal-key KEY', { where: '--seal' })
  const pem = readPrivateFile(sealKey)
  const isLocked = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem)
  const file = sealPassphraseFile ?? process.env['EVIDENCE_SEAL_PASSPHRASE_FILE']
  const passphrase =
    file !== undefined && file !== ''
      ? readSecretFile(file, 'passphrase file')
      : isLocked
        ? askTerminal(`passphrase of ${sealKey}: `, 'hidden')
        : undefined
  const { openSealer } = await import('../../src/certificate/node/seal.ts')
  const certificates = readNamed(seal, fileBounds.small).toString('latin1')
  return openSealer({ path: seal, pem: certificates }, { path: sealKey, pem, passphrase })
}

async function certificate(
  subject: string | FetchedReceipt,
  out: string,
  { write, stated, sealer }: Maker,
  options: CertificateOptions,
  output: Output,
): Promise<void> {
  const { receipt, manifest, folder, timeProof, timestampAnchors, transition, online } = options
  const policyFile = requirePolicy(options)
  const policy = { path: policyFile.path, bytes: readPolicyBytes(policyFile.path) }
  const request = {
    receipt,
    manifest,
    folder,
    timeProof,
    timestampAnchors,
    transition,
    rotation: [],
    anchor: [],
    lowerUrls: [],
    policyFromPackage: false,
    policy: () => policy,
    ledger:
      online === true || typeof subject !== 'string'
        ? (origin: string, trusted: Parameters<typeof ledgerOf>[1]) => ledgerOf(origin, trusted, options, output)
        : undefined,
    withClaims: options.withClaims === true,
  }
  const watch = {
    note: (text: string) => output.note(text),
    progress: (label: string, total: number, unit: 'bytes' | 'files') => progressBar(output, label, total, unit),
  }
  const gathered = typeof subject === 'string' ? gather(subject, request, watch) : gatherFetched(subject, request)
  const path = typeof subject === 'string' ? subject : subject.name
  const { leftOut, ...found } = await gathered
  const { model, attachments } = await completed(found, stated, handedFiles)
  const { sealCertificate } = await import('../../src/certificate/node/seal.ts')
  const unsealed = await write(model, attachments)
  const bytes = sealer === undefined ? unsealed : sealCertificate(unsealed, sealer)
  writeOutput(outputKinds.certificate, out, bytes)
  const notWhole = leftOut.length === 0 ? {} : { notAllTold: leftOut }
  output.result(
    { path, certificate: out, number: model.number, bytes: bytes.length, sealed: stated.seal, ...notWhole },
    [
      ...notAllToldLines(leftOut),
      `wrote ${out}: certificate ${model.number}${sealer === undefined ? '' : `, sealed by ${sealer.subject}`}`,
    ],
  )
  if (leftOut.length > 0) process.exitCode = exitCodeOf(leftOut, [])
}
