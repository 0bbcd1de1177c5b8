import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { EvidenceError, type ManifestLine, parseManifest } from '../../src/core/index.ts'
import { installNativePrimitives } from '../../src/node/index.ts'
import { exitCodeOf, type Finding, receiptLimits } from '../../src/verify/index.ts'
import {
  type CheckResult,
  checkManifestOnly,
  compareLine,
  type Evidence,
  findEvidence,
  namedEvidence,
  readManifest,
  runCheck,
} from '../check-run.ts'
import { checkPackage } from '../check-package.ts'
import { faultLines, provenance, verdict } from '../check-text.ts'
import { listFolder, manifestPath } from '../folder-manifest.ts'
import { isPackage } from '../package-magic.ts'
import { type CommonOptions, outputOf, policyOf, withCommon } from '../options.ts'
import { type Output, plain } from '../output.ts'
import { progressBar } from '../progress.ts'

interface CheckOptions extends CommonOptions {
  readonly receipt?: string
  readonly manifest?: string
  readonly folder?: string
  readonly policy?: string
  readonly policyFromPackage?: boolean
}

const help = `
Offline: it needs the file, its receipt (or file proof, or manifest and receipt) and the ledger's policy, and asks nobody.
A package that "evidence package" wrote, a folder or a zip, needs the policy alone.

Example:
  evidence check photo.jpg
  evidence check photo.jpg --receipt photo.jpg.tlog-proof --policy court.policy
  evidence check package.zip --policy court.policy`

/** `evidence check FILE` */
export function checkCommand(program: Command): void {
  withCommon(
    program.command('check <path>').description('check a file or folder against its receipt, or a package, offline'),
  )
    .option('--receipt <file>', 'receipt (.tlog-proof) or file proof (.file-proof); by default the one beside the file')
    .option('--manifest <file>', 'manifest that lists the file')
    .option('--folder <dir>', 'folder that the manifest’s paths are relative to')
    .option('--policy <file>', 'the ledger’s policy (default: the one in the data folder)')
    .option('--policy-from-package', 'of a package: take its own word for the ledger’s key')
    .addHelpText('after', help)
    .action(async (path: string, options: CheckOptions) => {
      installNativePrimitives('few')
      process.exitCode = await check(path, options)
    })
}

async function check(path: string, options: CheckOptions): Promise<number> {
  const output = outputOf(options)
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) throw new EvidenceError('file-unreadable', `there is no file ${path}`, { where: path })
  if (isPackage(path, stat, options)) return checkPackage(path, options, output)
  if (options.policyFromPackage === true)
    throw new EvidenceError('usage', `${path} is no package that could bring a policy`, { where: path })
  const policy = policyOf(options)
  if (stat.isDirectory()) return checkFolder(path, options, output)
  const evidence = evidenceFor(path, options)
  const bar = progressBar(output, 'hashing', stat.size, 'bytes')
  let hashed = 0
  const result = await runCheck(path, evidence, policy, (count) => {
    hashed += count
    bar.update(hashed)
  }).finally(() => bar.stop())
  output.result(documentOf(path, result), textOf(path, result))
  return exitCodeOf(result.faults, result.unjudged)
}

function evidenceFor(path: string, options: CheckOptions): Evidence {
  return options.receipt === undefined
    ? findEvidence(path)
    : namedEvidence(path, options.receipt, options.manifest, options.folder)
}

/** Checks every file that a folder's manifest lists, and says what is missing and what it does not list. */
async function checkFolder(folder: string, options: CheckOptions, output: Output): Promise<number> {
  const policy = policyOf(options)
  const manifest = options.manifest ?? manifestPath(folder)
  const receipt = options.receipt ?? manifest.replace(/\.evidence-manifest$/, '.tlog-proof')
  if (statSync(manifest, { throwIfNoEntry: false }) === undefined) {
    throw new EvidenceError('receipt-not-found', `there is no manifest ${manifest} for the folder ${folder}`, {
      where: manifest,
    })
  }
  const deposit = await checkManifestOnly({ kind: 'manifest', receipt, manifest, folder: resolve(folder) }, policy)
  const { files, unlisted } = await compareFolder(folder, parseManifest(readManifest(manifest)), output)
  const faults = [...deposit.faults, ...files.flatMap((file) => file.faults)]
  const lines = [
    ...provenance(deposit.checked),
    ...files.map(({ state, name }) => `${state.padEnd(10)} ${plain(name)}`),
    ...unlisted.map((name) => `not in the deposit: ${plain(name)}`),
    ...faultLines([...new Map(faults.map((fault) => [fault.message, fault])).values()]),
    verdict(faults, deposit.unjudged),
  ]
  const document = files.map(({ name, state, faults: found }) => ({ name, state, faults: found }))
  output.result(
    { path: folder, ok: faults.length === 0, files: document, unlisted, faults, unjudged: deposit.unjudged },
    lines,
  )
  return exitCodeOf(faults, deposit.unjudged)
}

interface ComparedFile {
  readonly name: string
  readonly state: 'unchanged' | 'DIFFERS' | 'missing'
  readonly faults: readonly Finding[]
}

/** Holds each listed file against its line; names are compared as bytes. */
async function compareFolder(
  folder: string,
  listed: readonly ManifestLine[],
  output: Output,
): Promise<{ readonly files: readonly ComparedFile[]; readonly unlisted: readonly string[] }> {
  const present = new Map(listFolder(folder).files.map((file) => [file.name.toString('latin1'), file]))
  const bar = progressBar(output, 'checking', listed.length, 'files')
  const files: ComparedFile[] = []
  for (const line of listed) {
    const key = Buffer.from(line.path).toString('latin1')
    const name = Buffer.from(line.path).toString()
    const file = present.get(key)
    present.delete(key)
    if (file === undefined) {
      const message = `The deposit lists ${name}, which is not here.`
      files.push({ name, state: 'missing', faults: [{ code: 'file-not-in-deposit', message }] })
    } else {
      const faults = await compareLine(line, file.path)
      files.push({ name, state: faults.length === 0 ? 'unchanged' : 'DIFFERS', faults })
    }
    bar.update(files.length)
  }
  bar.stop()
  return { files, unlisted: [...present.values()].map(({ name }) => name.toString()) }
}

function reported({ checked, item }: CheckResult): string[] {
  const { body } = checked ?? {}
  const acquired =
    item !== undefined && body?.kind === 'evidence.deposit' ? body.members.items[item]?.acquired : undefined
  if (acquired === undefined) return []
  const digests = Object.entries(acquired.digest).map(([name, hex]) => `${name} ${hex}`)
  return [`reported by ${acquired.source}, not checked: ${acquired.size} bytes inside, ${digests.join(', ')}`]
}

function textOf(path: string, result: CheckResult): string[] {
  const { faults, unjudged } = result
  const clean = faults.length === 0 && unjudged.length === 0
  return [
    path,
    ...(result.line === undefined
      ? []
      : [`  listed in the deposit as ${plain(Buffer.from(result.line.path).toString())}`]),
    ...(clean ? ['unchanged since deposit, signed by this key, at this time by this ledger’s clock:'] : []),
    ...provenance(result.checked).map((line) => `  ${line}`),
    ...reported(result).map((line) => `  ${line}`),
    ...faultLines(faults),
    ...unjudged.map(({ message }) => `not judged: ${message}`),
    ...(clean ? ['not shown by a receipt:', ...receiptLimits.map((line) => `  ${line}`)] : []),
    verdict(faults, unjudged),
  ]
}

function documentOf(path: string, result: CheckResult): object {
  const { checked, faults, unjudged, item, evidence } = result
  const statement = checked?.statement
  return {
    path,
    ok: faults.length === 0 && unjudged.length === 0,
    evidence,
    ...(checked === undefined ? {} : { index: checked.receipt.entry.index, time: checked.receipt.entry.time }),
    ...(checked === undefined
      ? {}
      : { origin: checked.receipt.proof.checkpoint.origin, size: checked.receipt.proof.checkpoint.size }),
    ...(statement === undefined
      ? {}
      : { iss: statement.common.iss, kid: statement.header.kid, kind: statement.common.kind }),
    ...(item === undefined ? {} : { item }),
    claims: Object.fromEntries((checked?.disclosures ?? []).map(({ claim, value }) => [claim, value])),
    withheld: checked?.withheld ?? 0,
    faults,
    unjudged,
    notChecked: receiptLimits,
  }
}
