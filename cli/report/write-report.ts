import { createHash } from 'node:crypto'
import { realpathSync, statSync } from 'node:fs'
import { arch, release, type } from 'node:os'
import { basename, dirname, join, relative, sep } from 'node:path'
import type { Report } from '../../src/check/steps/report.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { policyFingerprint } from '../../src/core/policy-fingerprint.ts'
import { tryTime } from '../../src/core/time.ts'
import { absolutePath, fsPath } from '../../src/node/file-path.ts'
import { readPolicyBytes } from '../../src/ledger/data-folder.ts'
import { valueOr } from '../../src/core/attempt.ts'
import type { ReportDocument } from '../../src/report/document.ts'
import { reportHtml } from '../../src/report/html.ts'
import type { ReportFrame } from '../../src/report/node/pdf.ts'
import { type Examined, reportModel } from '../../src/report/model.ts'
import { type ReportLanguages, reportLanguages } from '../../src/report/said.ts'
import { reportDocument } from '../../src/report/sections.ts'
import { runSelfTest, type VectorSet } from '../../src/report/self-test.ts'
import { selfTestVectors } from '../../src/report/self-test-vectors.ts'
import { outputKinds, requireOutput, writeOutput } from '../files/outputs.ts'
import { thisChecker } from '../render/checker.ts'
import { type Asked, commandsFor } from './commands.ts'
import { measure, usedFiles, watchFile } from './inputs.ts'

/** What of the command line a report is made by. */
export interface ReportOptions extends Asked {
  readonly report?: string | undefined
  readonly lang?: string | undefined
}

/** A report that was written. */
export interface WrittenReport {
  readonly path: string
  readonly sha256: string
}

/** Writes the report of one check that is about to be made. */
export interface ReportWriter {
  /**
   * Writes what was found, or why nothing was; `policy` is the path of the policy's file, if there is one. Throws `self-test-failed` where the
   * self-test fails, after the report was written; `file-changed`, and the codes of {@link writeOutput}.
   */
  readonly write: (found: Report | EvidenceError, policy: string | undefined) => Promise<WrittenReport>
}

/**
 * Prepares the report of a check of what lies at a path; undefined where none is asked for. The vectors of the self-test are those of the
 * program, or others for a test of it. Throws `usage` for a name or language that cannot be, `file-exists` where something else is there.
 */
export function reportWriter(
  path: string,
  options: ReportOptions,
  vectors: VectorSet = selfTestVectors,
): ReportWriter | undefined {
  const { report: to, lang = 'both' } = options
  if (to === undefined) {
    if (options.lang === undefined) return undefined
    throw new EvidenceError('usage', '--lang is the language of --report: give that too', { where: '--lang' })
  }
  const languages = languagesOf(lang)
  requireKind(to)
  requireOutside(to, path)
  requireOutput(outputKinds.report, to)
  const requireUnchanged = watchFile(path)
  return {
    write: async (found, policy) => {
      const report = found instanceof EvidenceError ? undefined : found
      const examined: Examined = found instanceof EvidenceError ? { what: 'refused', path, refusal: found } : found
      const used = usedFiles(path, report, options, policy)
      const inputs = await measure(used)
      requireUnchanged()
      const { version, program, at } = thisChecker()
      const selfTest = runSelfTest(vectors)
      const model = reportModel({
        examined: [examined],
        policy: {
          from: policy !== undefined ? 'given' : report?.what === 'package' ? 'package' : 'none',
          fingerprint:
            policy === undefined ? undefined : valueOr(() => policyFingerprint(readPolicyBytes(policy)), undefined),
        },
        inputs,
        program: {
          version,
          file: program,
          runtime: `Node.js ${process.version}, OpenSSL ${process.versions.openssl}`,
          machine: `${type()} ${release()} ${arch()}`,
        },
        ranAt: tryTime(at) as number,
        selfTest,
        commands: commandsFor(path, report, options, { used, isOneFile: program !== undefined }),
      })
      const bytes = await bytesOf(reportDocument(model, languages), to, { version, ranAt: model.ranAt })
      writeOutput(outputKinds.report, to, bytes)
      if (selfTest.failed > 0)
        throw new EvidenceError(
          'self-test-failed',
          `this program misjudges ${selfTest.failed} of ${selfTest.results.length} known inputs; the report ${to} says which`,
          { where: to },
        )
      return { path: to, sha256: createHash('sha256').update(bytes).digest('hex') }
    },
  }
}

function languagesOf(lang: string): ReportLanguages {
  if (Object.hasOwn(reportLanguages, lang)) return lang as ReportLanguages
  throw new EvidenceError('usage', `--lang is zh, en or both, not ${lang}`, { where: '--lang' })
}

function requireKind(to: string): void {
  if (/\.(?:html?|pdf)$/i.test(to)) return
  const why = `a report is an HTML or PDF file: give it a name that ends in .html or .pdf, not ${to}`
  throw new EvidenceError('usage', why, { where: '--report' })
}

/** The report in the form that the name of its file asks for. What writes PDF takes far more to load than all the rest. */
async function bytesOf(document: ReportDocument, to: string, frame: ReportFrame): Promise<string | Uint8Array> {
  if (!/\.pdf$/i.test(to)) return reportHtml(document)
  try {
    return await (await import('../../src/report/node/pdf.ts')).reportPdf(document, frame)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new EvidenceError(
      'usage',
      'this checker is one file, without the writer of PDF: name a file that ends in .html',
      {
        where: '--report',
      },
    )
  }
}

/** A path with its links followed; as it is, where nothing is there. */
function realPath(path: string): string {
  try {
    return realpathSync(fsPath(path))
  } catch {
    return path
  }
}

/** A report within the folder would be a file that the deposit does not list, and the next check would name it. */
function requireOutside(to: string, path: string): void {
  if (statSync(fsPath(path), { throwIfNoEntry: false })?.isDirectory() !== true) return
  // Links are followed: what lies behind one may be that folder. The report itself need not be there yet.
  const folder = realPath(dirname(absolutePath(to)))
  const way = relative(realPath(absolutePath(path)), join(folder, basename(to)))
  if (way === '..' || way.startsWith(`..${sep}`)) return
  throw new EvidenceError('usage', `${to} lies in the folder that is checked: write the report beside it`, {
    where: '--report',
  })
}
