import { EvidenceError } from '../src/core/errors.ts'
import type { Policy } from '../src/core/policy.ts'
import { absolutePath } from '../src/node/file-path.ts'
import type { AnchoredResult } from './check-anchored.ts'
import { headline, lineRetractions, type OnlineStatus, standingOf } from './check-online.ts'
import { anchorDocument, provenanceOf, statusDocument, together } from './check-report.ts'
import { checkManifestOnly, type CheckResult, isTied } from './check-run.ts'
import { faultLines } from './check-text.ts'
import type { TimeResult } from './check-time.ts'
import { checkerLine, thisChecker } from './checker.ts'
import { isFileAt, isThere, manifestAt } from './artefact.ts'
import { type ManifestEvidence, manifestOf, receiptOf } from './evidence-files.ts'
import { type ComparedFile, type ComparedFolder, compareFolder, type FileState } from './folder-compare.ts'
import { manifestPath } from './folder-manifest.ts'
import { type Output } from './render/output.ts'
import { count, counted } from '../src/core/text.ts'
import { policyDocument, type PolicyFile, policyLine } from './options/policy.ts'
import { exitOfVerdict, isSound, verdictLine } from './render/verdict.ts'

/** Unchanged files are listed one by one up to so many; beyond, they are counted. */
const listedAtMost = 20

/** What is asked besides of the folder's deposit. */
export interface Besides {
  readonly policy: PolicyFile
  readonly anchored: (result: CheckResult) => Promise<CheckResult | AnchoredResult>
  readonly online: (result: CheckResult) => Promise<OnlineStatus | undefined>
  readonly time: (result: CheckResult) => Promise<TimeResult>
  readonly transition?: Parameters<typeof checkManifestOnly>[2]
}

/**
 * The manifest and receipt of a folder: those that were named, the manifest beside the named receipt, or those beside the folder.
 * Throws `receipt-not-found`.
 */
export function folderEvidence(
  folder: string,
  named: { readonly receipt?: string; readonly manifest?: string },
): ManifestEvidence {
  const own = manifestPath(folder)
  const beside = named.receipt === undefined ? undefined : manifestOf(named.receipt)
  const manifest = named.manifest ?? [beside, own].find((path) => path !== undefined && isFileAt(path)) ?? own
  const receipt = named.receipt ?? receiptOf(manifest)
  for (const [what, path] of [
    ['manifest', manifest],
    ['receipt', receipt],
  ] as const) {
    // What was named may be a pipe; what is looked for may not, for reading it might never end.
    if (named[what] === undefined ? isFileAt(path) : isThere(path)) continue
    const how = `name it by --${what} FILE`
    const also = beside === undefined || what === 'receipt' || beside === path ? '' : `, nor ${beside}`
    throw new EvidenceError(
      'receipt-not-found',
      `there is no ${what} ${path}${also} for the folder ${folder}; ${how}`,
      {
        where: path,
      },
    )
  }
  return { kind: 'manifest', receipt, manifest, folder: absolutePath(folder) }
}

/** Checks every file that a folder's manifest lists, and says what is missing and what it does not list. Gives the exit code. */
export async function checkFolder(
  folder: string,
  evidence: ManifestEvidence,
  policy: Policy,
  besides: Besides,
  output: Output,
): Promise<number> {
  const deposit = await besides.anchored(await checkManifestOnly(evidence, policy, besides.transition))
  const compared = isTied(deposit) ? await compareFolder(folder, manifestAt(evidence.manifest).lines, output) : nothing
  const time = await besides.time(deposit)
  const online = await besides.online(deposit)
  const faults = [...deposit.faults]
  for (const file of compared.files) for (const fault of file.faults) faults.push(fault)
  const verdict = together({ faults, unjudged: deposit.unjudged }, online, time)
  const counts = countsOf(compared)
  output.result(
    {
      path: folder,
      ok: isSound(verdict),
      standing: standingOf(online, { item: deposit.item }),
      counts,
      files: compared.files,
      unlisted: compared.unlisted,
      skipped: compared.skipped,
      ...verdict,
      ...statusDocument(online),
      ...anchorDocument(deposit),
      ...time.document,
      policy: policyDocument(besides.policy),
      checker: thisChecker(),
    },
    [
      ...headline(online, { item: deposit.item }),
      ...lineRetractions(online, deposit.item, manifestAt(evidence.manifest).lines),
      ...provenanceOf(deposit, online),
      ...time.lines,
      ...fileLines(compared),
      ...faultLines(verdict.faults),
      ...verdict.unjudged.map(({ message }) => `not judged: ${message}`),
      ...(time.limits.length > 0 ? ['not shown by the time stamp:', ...time.limits.map((line) => `  ${line}`)] : []),
      policyLine(besides.policy),
      checkerLine(thisChecker()),
      compared === nothing ? notCompared : countLine(counts),
      verdictLine(verdict),
    ],
  )
  return exitOfVerdict(verdict)
}

const nothing: ComparedFolder = { files: [], unlisted: [], skipped: [], unreadable: [] }
const notCompared = 'no file was compared: the receipt does not show that this manifest is the one deposited'

type Counts = Readonly<Record<Lowercase<FileState>, number>> & { readonly listed: number; readonly unlisted: number }

function countsOf({ files, unlisted }: ComparedFolder): Counts {
  const counts = { unchanged: 0, respelled: 0, moved: 0, differs: 0, missing: 0, unreadable: 0 }
  for (const { state } of files) counts[state.toLowerCase() as Lowercase<FileState>]++
  return { listed: files.length, ...counts, unlisted: unlisted.length }
}

/** `120 of 123 files unchanged, 1 differs, 2 missing, 1 unreadable`. */
function countLine({ listed, unchanged, respelled, moved, differs, missing, unreadable, unlisted }: Counts): string {
  const others: readonly (readonly [number, string])[] = [
    [respelled, 'with the name spelled otherwise'],
    [moved, 'under another name'],
    [differs, differs === 1 ? 'differs' : 'differ'],
    [missing, 'missing'],
    [unreadable, 'unreadable'],
    [unlisted, 'not in the deposit'],
  ]
  const said = others.filter(([n]) => n > 0).map(([n, what]) => `${count(n)} ${what}`)
  return [`${count(unchanged)} of ${counted(listed, 'file')} unchanged`, ...said].join(', ')
}

function fileLines({ files, unlisted, skipped, unreadable }: ComparedFolder): string[] {
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
