import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { EvidenceError, type ManifestLine, parseManifest, type Policy } from '../../src/core/index.ts'
import { installNativePrimitives } from '../../src/node/index.ts'
import { exitCodeOf, type Finding, findingOf, receiptLimits } from '../../src/verify/index.ts'
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
import { listFolder, manifestPath } from '../folder-manifest.ts'
import { type CommonOptions, outputOf, policyOf, withCommon } from '../options.ts'
import { type Output, plain } from '../output.ts'
import { progressBar } from '../progress.ts'
import { findTimeProof } from '../time-proof-path.ts'

interface CheckOptions extends CommonOptions {
  readonly receipt?: string
  readonly manifest?: string
  readonly folder?: string
  readonly policy?: string
  readonly timeProof?: string
  readonly timestampAnchors?: string
}

const help = `
Offline: it needs the file, its receipt (or file proof, or manifest and receipt) and the ledger's policy, and asks nobody.

Example:
  evidence check photo.jpg
  evidence check photo.jpg --receipt photo.jpg.tlog-proof --policy court.policy`

/** `evidence check FILE` */
export function checkCommand(program: Command): void {
  withCommon(program.command('check <path>').description('check a file or folder against its receipt, offline'))
    .option('--receipt <file>', 'receipt (.tlog-proof) or file proof (.file-proof); by default the one beside the file')
    .option('--manifest <file>', 'manifest that lists the file')
    .option('--folder <dir>', 'folder that the manifest’s paths are relative to')
    .option('--policy <file>', 'the ledger’s policy (default: the one in the data folder)')
    .option('--time-proof <file>', 'time proof (.time-proof); by default the one beside the receipt')
    .option('--timestamp-anchors <file>', 'certificates (PEM) of the time-stamping authorities that you trust')
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
  const policy = policyOf(options)
  if (stat.isDirectory()) return checkFolder(path, options, output)
  const evidence = evidenceFor(path, options)
  const bar = progressBar(output, 'hashing', stat.size, 'bytes')
  let hashed = 0
  const result = await runCheck(path, evidence, policy, (count) => {
    hashed += count
    bar.update(hashed)
  }).finally(() => bar.stop())
  const time = await checkTime(result, policy, options)
  const all = {
    ...result,
    faults: [...result.faults, ...time.faults],
    unjudged: [...result.unjudged, ...time.unjudged],
  }
  output.result({ ...documentOf(path, all), ...time.document }, textOf(path, all, time))
  return exitCodeOf(all.faults, all.unjudged)
}

/** What a time proof adds to a check. */
interface TimeResult {
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
  readonly lines: readonly string[]
  readonly limits: readonly string[]
  readonly document: object
}

const noTime: TimeResult = { faults: [], unjudged: [], lines: [], limits: [], document: {} }

/** Checks the time proof that lies beside the receipt, or was named. */
async function checkTime(
  { checked, evidence }: CheckResult,
  policy: Policy,
  options: CheckOptions,
): Promise<TimeResult> {
  const path = findTimeProof(evidence, options.timeProof)
  if (path === undefined || checked === undefined) return noTime
  // Loaded here: reading certificates takes more to load than all the rest.
  const { checkTimeProofFile, readAnchors, timeStatementDocument, timeStatementLines } = await import(
    '../time-proof-check.ts'
  )
  const anchors = readAnchors(options.timestampAnchors)
  const time = checkTimeProofFile(path, checked.receipt, policy, anchors)
  const isVerified = anchors !== undefined
  return {
    faults: time.faults.map((error) => findingOf(error)),
    unjudged: time.unjudged.map((error) => findingOf(error)),
    lines: timeStatementLines(time, isVerified),
    limits: time.limits,
    document: { time: timeStatementDocument(path, time, isVerified) },
  }
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
  const time = await checkTime(deposit, policy, options)
  const unjudged = [...deposit.unjudged, ...time.unjudged]
  const faults = [...deposit.faults, ...time.faults, ...files.flatMap((file) => file.faults)]
  const lines = [
    ...provenance(deposit),
    ...time.lines,
    ...files.map(({ state, name }) => `${state.padEnd(10)} ${plain(name)}`),
    ...unlisted.map((name) => `not in the deposit: ${plain(name)}`),
    ...faultLines([...new Map(faults.map((fault) => [fault.message, fault])).values()]),
    ...(time.limits.length > 0 ? ['not shown by the time stamp:', ...time.limits.map((line) => `  ${line}`)] : []),
    verdict(faults, unjudged),
  ]
  const document = files.map(({ name, state, faults: found }) => ({ name, state, faults: found }))
  output.result(
    { path: folder, ok: faults.length === 0, files: document, unlisted, faults, unjudged, ...time.document },
    lines,
  )
  return exitCodeOf(faults, unjudged)
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

/** Who signed what, when, where. */
function provenance({ checked }: CheckResult): string[] {
  if (checked?.statement === undefined) return []
  const { receipt, statement, disclosures, withheld, witnesses } = checked
  const { origin, size } = receipt.proof.checkpoint
  const lines = [
    `entry ${receipt.entry.index} of ${origin}, at ${receipt.entry.time} by the ledger’s clock`,
    `signed by key ${statement.header.kid}, which calls itself ${statement.common.iss}`,
  ]
  for (const { claim, value } of disclosures) {
    lines.push(`sealed claim ${claim}: ${typeof value === 'string' ? plain(value) : JSON.stringify(value)}`)
  }
  if (withheld > 0) lines.push(`${withheld} sealed claim${withheld === 1 ? '' : 's'} withheld from this receipt`)
  for (const { name, timestamp } of witnesses)
    lines.push(`cosigned by witness ${name} at ${new Date((timestamp ?? 0) * 1000).toISOString()}`)
  lines.push(`as of size ${size}; later events not checked`)
  return lines
}

function reported({ checked, item }: CheckResult): string[] {
  const { body } = checked ?? {}
  const acquired =
    item !== undefined && body?.kind === 'evidence.deposit' ? body.members.items[item]?.acquired : undefined
  if (acquired === undefined) return []
  const digests = Object.entries(acquired.digest).map(([name, hex]) => `${name} ${hex}`)
  return [`reported by ${acquired.source}, not checked: ${acquired.size} bytes inside, ${digests.join(', ')}`]
}

function faultLines(faults: readonly Finding[]): string[] {
  return faults.map(({ code, message, where, expected, found }) => {
    const detail =
      expected === undefined
        ? ''
        : `\n       ${where ?? ''} expected ${expected}\n       ${' '.repeat((where ?? '').length)} found    ${found ?? '-'}`
    return `FAULT ${code}: ${message}${detail}`
  })
}

function verdict(faults: readonly Finding[], unjudged: readonly Finding[]): string {
  if (faults.length > 0) return faults.length === 1 ? '1 fault found' : `${faults.length} faults found`
  return unjudged.length > 0 ? 'no fault found, but part needs a newer verifier' : 'no fault found'
}

function textOf(path: string, result: CheckResult, time: TimeResult): string[] {
  const { faults, unjudged } = result
  const clean = faults.length === 0 && unjudged.length === 0
  return [
    path,
    ...(result.line === undefined
      ? []
      : [`  listed in the deposit as ${plain(Buffer.from(result.line.path).toString())}`]),
    ...(clean ? ['unchanged since deposit, signed by this key, at this time by this ledger’s clock:'] : []),
    ...provenance(result).map((line) => `  ${line}`),
    ...time.lines.map((line) => `  ${line}`),
    ...reported(result).map((line) => `  ${line}`),
    ...faultLines(faults),
    ...unjudged.map(({ message }) => `not judged: ${message}`),
    ...(clean ? ['not shown by a receipt:', ...receiptLimits.map((line) => `  ${line}`)] : []),
    ...(time.limits.length > 0 ? ['not shown by the time stamp:', ...time.limits.map((line) => `  ${line}`)] : []),
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
