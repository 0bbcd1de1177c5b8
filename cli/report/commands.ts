import type { Report } from '../../src/check/steps/report.ts'
import type { Evidence } from '../../src/check/steps/handed.ts'
import { withoutCredentials } from '../../src/client/server-url.ts'
import type { Command } from '../../src/report/model.ts'
import { commandLine } from '../render/command-line.ts'
import type { Named, Used } from './inputs.ts'

/** What was asked for on the command line. */
export interface Asked extends Named {
  readonly online?: boolean | undefined
  readonly url?: string | undefined
  readonly lowerUrl?: readonly string[] | undefined
  readonly policyFromPackage?: boolean | undefined
}

type Part = string | readonly [option: string, value: string | undefined]

/** The commands by which a check is run again, by this program and without it: with every option written out. */
export function commandsFor(
  path: string,
  report: Report | undefined,
  asked: Asked,
  { used, isOneFile }: { readonly used: readonly Used[]; readonly isOneFile: boolean },
): Command[] {
  const isDeposit = report?.what === 'file' || report?.what === 'folder'
  const evidence = isDeposit ? report.result.evidence : undefined
  const named = evidence === undefined ? asNamed(asked) : byEvidence(evidence, report?.what === 'file')
  const shared: Part[] = [
    ...named,
    ['--policy', pathOf(used, 'policy')],
    ['--transition', pathOf(used, 'transition')],
    ['--time-proof', pathOf(used, 'time-proof')],
    ...(asked.rotation ?? []).map((one) => ['--rotation', one] as const),
    ...(asked.anchor ?? []).map((one) => ['--anchor', one] as const),
    ...(asked.policyFromPackage === true ? ['--policy-from-package'] : []),
  ]
  const own: Part[] = [
    ...shared,
    ['--timestamp-anchors', asked.timestampAnchors],
    ...(asked.lowerUrl ?? []).map((one) => ['--lower-url', withoutCredentials(one)] as const),
  ]
  const program = isOneFile ? ['node', 'check.mjs'] : ['evidence', 'check']
  const url = asked.url ?? (isDeposit ? report.later?.url : undefined)
  const online: Part[] = ['--online', ['--url', url === undefined ? undefined : withoutCredentials(url)]]
  const files = used
    .filter(([role]) => role !== 'package-list')
    .filter(([role]) => role !== 'checked' || !isFolder(report))
  return [
    ...(files.length === 0 ? [] : [command('digests', 'sha256sum', '--', ...files.map(([, name]) => name))]),
    command('ours', ...program, path, ...own),
    ...(isDeposit ? [command('online', ...program, path, ...own, ...online)] : []),
    command('python', 'python3', 'evidence_verify.py', 'check', path, ...shared),
    ...(report?.what === 'package' ? [guideOf(path, used)] : []),
    ...(isDeposit && evidence?.kind === 'receipt' && report.what === 'file' ? [packed(path, used)] : []),
    ...(isDeposit && evidence?.kind === 'manifest' ? [packed(evidence.folder, used)] : []),
  ]
}

function command(what: Command['what'], ...parts: readonly Part[]): Command {
  return { what, line: commandLine(...parts) }
}

function asNamed({ receipt, manifest, folder }: Named): Part[] {
  return [
    ['--receipt', receipt],
    ['--manifest', manifest],
    ['--folder', folder],
  ]
}

/** The evidence that was found, named: nothing is looked for again. Of a folder its own path is the folder. */
function byEvidence(evidence: Evidence, isFile: boolean): Part[] {
  if (evidence.kind === 'file-proof') return [['--receipt', evidence.proof]]
  if (evidence.kind === 'receipt') return [['--receipt', evidence.receipt]]
  const { receipt, manifest, folder } = evidence
  return [['--receipt', receipt], ['--manifest', manifest], ...(isFile ? [['--folder', folder] as const] : [])]
}

function pathOf(used: readonly Used[], role: Used[0]): string | undefined {
  return used.find(([one]) => one === role)?.[1]
}

function isFolder(report: Report | undefined): boolean {
  return report?.what === 'folder'
}

function guideOf(path: string, used: readonly Used[]): Command {
  const isBag = used.some(([role]) => role === 'package-list')
  const line = isBag
    ? commandLine('sha256sum', `${path}/VERIFY.md`)
    : `${commandLine('unzip', '-p', path)} '*VERIFY.md' | sha256sum`
  return { what: 'guide', line }
}

function packed(path: string, used: readonly Used[]): Command {
  return command(
    'pack',
    'evidence',
    'package',
    path,
    ['--policy', pathOf(used, 'policy')],
    '--out',
    'for-the-expert.zip',
  )
}
