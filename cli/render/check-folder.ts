import type { ComparedFile, ComparedFolder, FileState } from '../../src/check/steps/compare.ts'
import { standingOf } from '../../src/check/steps/later.ts'
import type { FolderReport } from '../../src/check/steps/report.ts'
import { manifestAt } from '../../src/check/node/artefact.ts'
import type { Manifest } from '../../src/core/manifest.ts'
import { count, counted } from '../../src/core/text.ts'
import { anchorDocument, provenanceOf, sinceDeposit, statusDocument, timeDocument } from './check-file.ts'
import { checkerLine, thisChecker } from './checker.ts'
import { headline, lineRetractions } from './later.ts'
import { faultLines } from './provenance.ts'
import { policyDocument, type PolicyFile, policyLine } from '../options/policy.ts'
import { isSound, verdictLine } from './verdict.ts'
import type { Line } from './output.ts'

/** Unchanged files are listed one by one up to so many; beyond, they are counted. */
const listedAtMost = 20

const nothing: ComparedFolder = { files: [], unlisted: [], skipped: [], unreadable: [] }

/** The result of a check of a folder, for programs. */
export function folderDocument(report: FolderReport, policy: PolicyFile): object {
  const { path, result, later, time, faults, unjudged, compared = nothing } = report
  return {
    path,
    ok: isSound(report),
    standing: standingOf(later, { item: result.item }),
    counts: countsOf(compared),
    files: compared.files,
    unlisted: compared.unlisted,
    skipped: compared.skipped,
    faults,
    unjudged,
    ...statusDocument(later),
    ...anchorDocument(result),
    ...timeDocument(time),
    policy: policyDocument(policy),
    checker: thisChecker(),
  }
}

/** The result of a check of a folder, for people. */
export function folderLines(report: FolderReport, policy: PolicyFile): Line[] {
  const { result, later, time, faults, unjudged, compared = nothing } = report
  const part = { item: result.item }
  return [
    ...headline(later, part),
    ...lineRetractions(later, result.item, manifestLines(report)),
    ...provenanceOf(result, later),
    ...time.lines,
    ...comparedLines(compared),
    ...faultLines(faults),
    ...unjudged.map(({ message }) => `not judged: ${message}`),
    ...(time.limits.length > 0 ? ['not shown by the time stamp:', ...time.limits.map((line) => `  ${line}`)] : []),
    policyLine(policy),
    checkerLine(thisChecker()),
    ...(report.compared === undefined ? [notCompared] : []),
    ...(report.compared === undefined || isSound(report) ? [] : [countLine(countsOf(compared))]),
    verdictLine(report, { sound: countLine(countsOf(compared), ` ${sinceDeposit(result, later)};`) }),
  ]
}

function manifestLines({ result: { evidence } }: FolderReport): Pick<Manifest, 'line'> | undefined {
  return evidence.kind === 'manifest' ? manifestAt(evidence.manifest) : undefined
}

const notCompared = 'no file was compared: the receipt does not show that this manifest is the one deposited'

type Counts = Readonly<Record<Lowercase<FileState>, number>> & { readonly listed: number; readonly unlisted: number }

function countsOf({ files, unlisted }: ComparedFolder): Counts {
  const counts = { unchanged: 0, respelled: 0, moved: 0, differs: 0, missing: 0, unreadable: 0 }
  for (const { state } of files) counts[state.toLowerCase() as Lowercase<FileState>]++
  return { listed: files.length, ...counts, unlisted: unlisted.length }
}

/** `120 of 123 files unchanged, 1 differs, 2 missing, 1 unreadable`; `since` stands after the files that are unchanged. */
function countLine(
  { listed, unchanged, respelled, moved, differs, missing, unreadable, unlisted }: Counts,
  since = ',',
): string {
  const others: readonly (readonly [number, string])[] = [
    [respelled, 'with the name spelled otherwise'],
    [moved, 'under another name'],
    [differs, differs === 1 ? 'differs' : 'differ'],
    [missing, 'missing'],
    [unreadable, 'unreadable'],
    [unlisted, 'not in the deposit'],
  ]
  const said = others.filter(([n]) => n > 0).map(([n, what]) => `${count(n)} ${what}`)
  const first = `${count(unchanged)} of ${counted(listed, 'file')} unchanged${since}`
  return said.length === 0 ? first.slice(0, -1) : `${first} ${said.join(', ')}`
}

function comparedLines({ files, unlisted, skipped, unreadable }: ComparedFolder): string[] {
  const shown = files.length <= listedAtMost ? files : files.filter(({ state }) => state !== 'unchanged')
  return [
    ...shown.map((file) => `${file.state.padEnd(10)} ${file.name}${whereNow(file)}`),
    ...unlisted.map((name) => `not in the deposit: ${name}`),
    ...skipped.map(({ name, why }) => `not looked at: ${name}, ${why}`),
    ...unreadable.map(({ name, why }) => `not looked at: the folder ${name}: ${why}`),
  ]
}

function whereNow({ state, now }: ComparedFile): string {
  if (now === undefined) return ''
  if (state === 'respelled') return `: same bytes, name spelled otherwise: ${now}`
  return state === 'moved' ? `: same bytes, now at ${now}` : `: the bytes deposited under this name are now at ${now}`
}
