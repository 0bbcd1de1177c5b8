import { channel } from 'node:diagnostics_channel'
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { settled, valueOr } from '../../src/core/attempt.ts'
import { parseSignedCheckpoint, type SignedCheckpoint } from '../../src/core/checkpoint.ts'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import { defined } from '../../src/core/objects.ts'
import type { Policy } from '../../src/core/policy.ts'
import { UrlSource } from '../../src/client/url-source.ts'
import { dataFolder, readPolicyFile } from '../../src/ledger/data-folder.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { LookupAudit, type ScanLookups } from '../../src/ledger/lookup-audit.ts'
import type { LookupCodec } from '../../src/ledger/lookup-codec.ts'
import { readLookupCodec } from '../../src/ledger/lookup-secret.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { type Finding, findingOf } from '../../src/verify/report.ts'
import { walk, type WalkReport } from '../../src/verify/walk.ts'
import { clientFlags, clientOf, outputOf, withIdentityIfAny } from '../options/client.ts'
import { declare, type OptionsOf, repeated } from '../options/declare.ts'
import { dataDir, policyDocument, type PolicyFile, policyLine, requirePolicy } from '../options/policy.ts'
import { exitOfVerdict, isSound, verdictLine } from '../render/verdict.ts'
import type { LogSource } from '../../src/log/log.ts'
import { when } from '../render/when.ts'
import { outputKinds, requireOutput, writeOutput } from '../files/outputs.ts'
import { keptCheckpoint } from '../files/known-checkpoint.ts'
import { endLines } from '../render/ledger-end.ts'
import type { Line, Output } from '../render/output.ts'
import { count } from '../../src/core/text.ts'
import { AppraisalPool } from '../../src/check/node/appraisal-pool.ts'
import { type SignatureMeans, signatureMeans } from '../../src/node/signature-means.ts'
import { progressBar } from '../render/progress.ts'
import { StaticSource } from '../sources/static-source.ts'
import { environmentValue, profileOf } from '../options/profile.ts'
import { toned } from '../render/tone.ts'

const help = `
Re-walks everything: checkpoint, tree, every entry's index, link, time and signature, and the whole rulebook at each
index. It does not stop at a fault. Without --url or --dir it asks the server of the profile; where there is no profile it reads
the data folder, or, where there is none, asks the server that $EVIDENCE_URL names. Where a server has the data folder open, the server is asked instead; with --data the command refuses then, for
it cannot know which server that is: name it by --url.

Example:
  evidence verify --data ./data
  evidence verify --url https://ledger.court.example --policy court.policy
  evidence verify --dir ./export --policy court.policy --json
  evidence verify --url https://ledger.court.example --policy court.policy --checkpoint photo.jpg.tlog-proof
  evidence verify --data ./data --save-checkpoint verified.checkpoint
  evidence verify --data ./data --trusted-checkpoint verified.checkpoint --save-checkpoint verified.checkpoint`

const flags = [
  ...clientFlags({ url: 'the profile’s, or none where there is a data folder, else $EVIDENCE_URL; more below' }),
  ['--dir <export>', 'folder of static tiles, as "evidence export" or "evidence backup" writes it'],
  ['--checkpoint <file>', 'checkpoint or receipt kept from before: the ledger must go on from it', repeated],
  [
    '--trusted-checkpoint <file>',
    'a checkpoint up to which this ledger was verified before: older entries are only hashed again',
  ],
  ['--save-checkpoint <file>', 'where no fault is found, keep the checkpoint here, for the next time'],
  [
    '--signatures <means>',
    `${signatureMeans.join(' or ')}: by tables of keys that sign often, which is faster in a large ledger, or by libsodium alone`,
    'tables',
  ],
] as const
type VerifyOptions = OptionsOf<typeof flags>

/** `evidence verify` */
export function verifyCommand(program: Command): void {
  declare(program.command('verify'), 're-walk a whole ledger and report every fault', flags, help).action(
    async (options: VerifyOptions) => {
      installNativePrimitives()
      process.exitCode = await verify(options)
    },
  )
}

/** What the walk is compared with besides the log: the policy's file, checkpoints that were kept from before; and where to keep this one. */
interface Kept {
  readonly policyFile: PolicyFile
  readonly earlier: readonly SignedCheckpoint[]
  readonly trusted?: SignedCheckpoint
  readonly save?: string
  readonly signatures: SignatureMeans
}

function signaturesBy({ signatures }: VerifyOptions): SignatureMeans {
  const means = signatureMeans.find((one) => one === signatures)
  if (means !== undefined) return means
  throw new EvidenceError(
    'usage',
    `--signatures is one of ${signatureMeans.join(', ')}, not ${JSON.stringify(signatures)}`,
  )
}

function keptAt(path: string | undefined): string[] {
  return path !== undefined && existsSync(path) ? [path] : []
}

async function verify(options: VerifyOptions): Promise<number> {
  if (options.dir !== undefined && options.url !== undefined)
    throw new EvidenceError('usage', 'give one of --dir and --url')
  const signatures = signaturesBy(options)
  const output = outputOf(options)
  const policyFile = requirePolicy(options)
  const policy = readPolicyFile(policyFile.path)
  if (options.saveCheckpoint !== undefined) requireOutput(outputKinds.checkpoint, options.saveCheckpoint)
  const kept: Kept = {
    policyFile,
    // What is kept where the new one will go is compared with the walk too: it may be the only proof of another history.
    earlier: [...(options.checkpoint ?? []), ...keptAt(options.saveCheckpoint)].map(keptCheckpoint),
    ...(options.trustedCheckpoint === undefined ? {} : { trusted: keptCheckpoint(options.trustedCheckpoint) }),
    ...defined({ save: options.saveCheckpoint }),
    signatures,
  }
  if (options.dir !== undefined) return verifySource(new StaticSource(options.dir), policy, output, kept)
  if (asksServer(options)) return verifySource(await urlSource(options, output), policy, output, kept)
  try {
    return await verifyFolder(dataDir(options), policy, output, kept)
  } catch (error) {
    const isServed = isEvidenceError(error, 'ledger-in-use') && options.data === undefined
    if (!isServed) return unreadable(error, dataDir(options), policyFile, output)
    output.note(`${error.message}; asking the server instead`)
    return verifySource(await urlSource(options, output), policy, output, kept)
  }
}

/** The server is asked where it is named: by --url, by a profile, or by $EVIDENCE_URL where no data folder is named and none is here. */
function asksServer(options: VerifyOptions): boolean {
  if (options.url !== undefined) return true
  if (options.data === undefined && profileOf(options) !== undefined) return true
  const isFolderNamed = options.data !== undefined || environmentValue('EVIDENCE_DATA') !== undefined
  return environmentValue('EVIDENCE_URL') !== undefined && !isFolderNamed && !existsSync(dataDir(options))
}

/** Bundles need a right where reading is for participants: then the key speaks for itself. */
async function urlSource(options: VerifyOptions, output: Output): Promise<UrlSource> {
  return new UrlSource(await withIdentityIfAny(options, clientOf(options, output)))
}

/** Data so damaged that nothing can be walked is a fault found; what only keeps us from looking is a failure to run. */
function unreadable(error: unknown, source: string, policyFile: PolicyFile, output: Output): number {
  if (!isEvidenceError(error) || error.kind.exit !== 1) throw error
  const faults = [findingOf(error)]
  output.result({ source, ok: false, policy: policyDocument(policyFile), faults, faultCount: 1 }, [
    source,
    ...faults.flatMap(faultLine),
    'nothing else could be read',
    policyLine(policyFile),
    '1 fault found',
  ])
  return 1
}

async function verifyFolder(root: string, policy: Policy, output: Output, kept: Kept): Promise<number> {
  const [log] = policy.logs
  if (log === undefined) throw new EvidenceError('policy-malformed', 'the policy names no log')
  const codec = lookupCodec(root)
  const audit = codec === undefined ? undefined : new LookupAudit(codec, kept.trusted?.checkpoint.size)
  const pool = new AppraisalPool(audit, kept.signatures)
  try {
    const source = await FolderSource.open(root, log.key, (tables) => pool.checkTables(tables), true)
    try {
      const size = await sizeOf(source)
      const { snapshot } = source
      const isWorth = size !== undefined && snapshot !== undefined && pool.isWorth(size)
      const scan: ScanLookups | undefined = isWorth ? (...of) => pool.scanLookups(snapshot, ...of) : undefined
      if (size !== undefined) audit?.begin(source.storage, size, scan)
      const report = await run(source, policy, output, kept, pool, audit)
      const outside = report.root === undefined ? [] : await source.outsideFaults(report.size)
      const lookups = await lookupFaults(source, report, audit)
      const extra = [...source.faults, ...outside, ...lookups].map((error) => findingOf(error, error.facts.index))
      const whole = { ...report, faults: [...extra, ...report.faults], faultCount: report.faultCount + extra.length }
      return conclude(whole, output, kept)
    } finally {
      await source.close()
    }
  } finally {
    await pool.close()
  }
}

/** Undefined where the folder has no secret: the source says so as a fault. Throws `ledger-missing` and what else keeps it from being read. */
function lookupCodec(root: string): LookupCodec | undefined {
  return valueOr(() => readLookupCodec(dataFolder(root)), undefined, 'lookups-damaged')
}

async function lookupFaults(
  source: FolderSource,
  report: WalkReport,
  audit: LookupAudit | undefined,
): Promise<readonly EvidenceError[]> {
  if (source.lookupFault !== undefined) return [source.lookupFault]
  return report.root === undefined || audit === undefined ? [] : audit.finish(source.storage, report.size)
}

/** Size of the checkpoint that the walk will read; undefined where it will find that it cannot. */
async function sizeOf(source: FolderSource): Promise<number | undefined> {
  const bytes = await settled(source.checkpoint())
  return bytes instanceof EvidenceError
    ? undefined
    : valueOr(() => parseSignedCheckpoint(bytes).checkpoint.size, undefined)
}

async function verifySource(source: LogSource, policy: Policy, output: Output, kept: Kept): Promise<number> {
  const pool = new AppraisalPool(undefined, kept.signatures)
  try {
    return conclude(await run(source, policy, output, kept, pool), output, kept)
  } finally {
    await pool.close()
  }
}

/** Prints the report; a ledger without fault leaves its checkpoint for the next time, one with a fault leaves the old. */
function conclude(report: WalkReport, output: Output, { save, policyFile }: Kept): number {
  const code = print(report, policyFile, output)
  if (save !== undefined && code === 0 && report.checkpoint !== undefined)
    writeOutput(outputKinds.checkpoint, save, report.checkpoint)
  return code
}

/** Entries that are done, for who measures the process from within (bench/watch-process.mjs): nothing where nobody listens. */
const progress = channel('evidence.progress')

async function run(
  source: LogSource,
  policy: Policy,
  output: Output,
  kept: Kept,
  pool: AppraisalPool,
  audit?: LookupAudit,
): Promise<WalkReport> {
  let bar: ReturnType<typeof progressBar> | undefined
  try {
    return await walk({
      source,
      policy,
      earlier: kept.earlier,
      ...defined({ trusted: kept.trusted }),
      appraiser: pool,
      ...defined({ observer: audit }),
      onProgress: (done, total) => {
        progress.publish({ done, total })
        bar ??= progressBar(output, 'verifying', total, 'entries')
        bar.update(done)
      },
    })
  } finally {
    bar?.stop()
  }
}

/** Faults printed one by one; the rest are counted. */
const printedFaults = 50

function faultLine({ code, index, message, expected, found }: Finding): Line[] {
  const at = index === undefined || message.includes(`ntry ${index}`) ? '' : ` entry ${index}:`
  const detail = expected === undefined ? [] : [`       expected ${expected}`, `       found    ${found ?? '-'}`]
  return [toned('fault', `FAULT ${code}:${at} ${message}`), ...detail]
}

/** As many of some lines as are printed, and how many more there are. */
function firstOf(what: string, lines: readonly string[]): string[] {
  const more = lines.length - printedFaults
  return more > 0
    ? [...lines.slice(0, printedFaults), `… and ${count(more)} more ${what} (--json lists them)`]
    : [...lines]
}

function print(report: WalkReport, policyFile: PolicyFile, output: Output): number {
  const { faults, faultCount, unjudged, disclosures, flagged, ordered } = report
  const lines = [
    `${report.origin ?? 'unknown ledger'}${report.environment === undefined ? '' : ` (${report.environment})`}, read from ${report.source}`,
    `size ${count(report.size)}`,
    `root ${report.root ?? 'unknown'}`,
    `checkpoint ${report.checkpointTrusted ? 'signed as the policy asks' : 'NOT signed as the policy asks'}`,
    ...(report.firstTime === undefined
      ? []
      : [
          `from ${when(report.firstTime)} to ${when(report.lastTime ?? report.firstTime)}, ${report.participants} participants`,
        ]),
    ...endLines(report),
    ...(disclosures === undefined
      ? []
      : [
          `sealed claims: ${count(disclosures.present)} present, ${count(disclosures.withheld)} withheld, ${count(disclosures.foreign)} foreign`,
        ]),
    ...faults.slice(0, printedFaults).flatMap(faultLine),
    ...(faultCount > printedFaults
      ? [
          `… and ${count(faultCount - Math.min(printedFaults, faults.length))} more faults (--json lists up to 1,000 of each kind)`,
        ]
      : []),
    ...firstOf(
      'not judged',
      unjudged.map(({ index, message }) => `NOT JUDGED${index === undefined ? '' : ` entry ${index}`}: ${message}`),
    ),
    ...firstOf(
      'withheld by an order',
      ordered.map(({ message }) => `WITHHELD ${message}`),
    ),
    ...firstOf(
      'flagged',
      flagged.map(({ message }) => `FLAGGED ${message}`),
    ),
    'not checked:',
    ...report.notChecked.map((line) => `  ${line}`),
    policyLine(policyFile),
    verdictLine(report, { faults: faultCount, unjudged: unjudged.length }),
  ]
  output.result({ ...report, ok: isSound(report), policy: policyDocument(policyFile) }, lines)
  return exitOfVerdict(report)
}
